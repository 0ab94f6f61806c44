"""What every study promises; and that a broken one gives its fault, its line and the remedy."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import xarray as xr

from experiments import contract
from experiments.claims import Case, above
from experiments.judge import judge
from experiments.measures.statistics import exact
from experiments.profile import Profile
from experiments.results import combine
from experiments.runs import Runs
from experiments.study import work
from site_gen.storage import dataset_to_bytes
from tests import quick

studies = pytest.mark.parametrize("name", quick.NAMES)
COIN = Path(__file__).parents[2] / "small" / "experiments" / "studies" / "coin.py"


@studies
def test_it_declares_what_a_study_declares(name: str) -> None:
    contract.check_declared(quick.module(name))


@studies
def test_the_same_point_gives_the_same_bytes(name: str) -> None:
    """Run once more, in this process; the stored result may come from another."""
    key = min(quick.points(name))
    again = quick.points(name)[key]()
    assert dataset_to_bytes(again) == quick.stored(name)[key]


@studies
def test_a_run_is_the_same_whichever_runs_are_computed_beside_it(name: str) -> None:
    """So the pipeline may split them, and conditions that are given the same runs are paired."""
    for point in one_of_each(name):
        for parameter, runs in point.keywords.items():
            if isinstance(runs, Runs):
                together = point()
                alone = [partial(point, **{parameter: one})() for one in runs.groups(1)]
                xr.testing.assert_identical(combine(dict(enumerate(alone))), together)


@studies
def test_conditions_are_given_the_same_runs(name: str) -> None:
    points = quick.module(name).points(quick.module(name).QUICK).values()
    given = {
        (point.func.__name__, parameter): set() for point in points for parameter in point.keywords
    }
    for point in points:
        for parameter, value in point.keywords.items():
            if isinstance(value, Runs):
                given[point.func.__name__, parameter].add(value)
    assert all(len(runs) <= 1 for runs in given.values()), given


def one_of_each(name: str) -> list[partial]:
    """One point of the quick profile for each function that a study calls."""
    points = quick.module(name).points(quick.module(name).QUICK).values()
    return list({point.func: point for point in points}.values())


@studies
def test_its_results_say_what_they_are_and_go_together(name: str) -> None:
    study = quick.module(name)
    for key, part in quick.parts(name).items():
        contract.check_result(study, key, part)
    contract.check_together(study, quick.parts(name))


@studies
def test_its_claims_and_values_can_be_measured_and_can_fail(name: str) -> None:
    study = quick.module(name)
    contract.check_measured(study, quick.results(name))
    measured = judge(study, quick.results(name), Profile("quick"))
    assert {claim["id"] for claim in measured["claims"]} == set(study.CLAIMS)
    for claim in measured["claims"]:
        assert all(case["holds"] in (True, False, None) for case in claim["cases"])


# -------------------------------------------------------------------------- studies that are broken


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """A study like the one of the small repository, in which some text is replaced."""

    def make(*edits: tuple[str, str]) -> ModuleType:
        text = COIN.read_text(encoding="utf-8")
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new)
        path = tmp_path / "coin.py"
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("coin_of_a_test", path)
        module = importlib.util.module_from_spec(spec)
        # dataclasses look their module up, and pickle its classes
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    return make


def fault(check: Callable[[], None]) -> str:
    with pytest.raises(ValueError, match=r"coin\.py:\d+: .+; ") as caught:
        check()
    return str(caught.value)


def test_a_study_that_is_whole_passes(broken) -> None:
    study = broken()
    contract.check_declared(study)
    parts = {key: point() for key, point in work(study, study.QUICK).items()}
    for key, part in parts.items():
        contract.check_result(study, key, part)
    contract.check_together(study, parts)


VALUE = '"heads": value("heads").mean()'
PROFILES = "QUICK, FULL, PAPER = Setup(coins=(1, 2), runs=4)"
SEED = 'seed: int = setting(1, "of the tosses")'
POINT = 'f"coin-{coin}": call(toss, s, coin=coin)'
RULE = "within(0.5, absolute=0.05)"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (f"{PROFILES}, Setup(),", "FULL, PAPER = Setup(),", "QUICK is missing"),
        ("VALUES =", "OTHER =", "VALUES is missing"),
        ("CLAIMS =", "OTHER =", "CLAIMS is missing"),
        ("def points(", "def other(", "points is missing"),
        ("heads?\n", "heads.\n", "no question"),
        (SEED, "seed: int = 1", "setting 'seed' has no words"),
        (SEED, 'seed: int = setting(1, "")', "setting 'seed' has no words"),
        (PROFILES, "QUICK, FULL, PAPER = 3", "QUICK is a int"),
        ("setting(16,", "setting(5,", "FULL has 5 runs; take at least 16"),
        ("runs=4", "runs=0", "QUICK has 0 runs; take at least 1"),
        (SEED, "seed: int = setting(1, 5)", "setting 'seed' has no words"),
        (
            "class Setup(Settings)",
            "import dataclasses\n\n\n@dataclasses.dataclass\nclass Setup",
            "Setup declares no settings; write `class Setup(Settings):`",
        ),
        ('f"coin-{coin}"', 'f"Coin {coin}"', "no name for a file"),
        ("    return {", "    return {} and {", "`points` gives an empty dict"),
        ("    return {", "    return [] or None and {", "`points` gives a NoneType"),
        ("coin=coin)", "coin=coin / 0)", "ZeroDivisionError"),
        ("coin=coin)", "coin=[coin])", "has coin = [1]; give points plain values only"),
        ("coin=coin)", "coin=s)", "give points plain values only"),
        ("coin=coin)", "coin=lambda: coin)", "give points plain values only"),
        ("coin=coin)", ")", "toss: there is no setting 'coin'; did you mean coins"),
        (POINT, 'f"coin-{coin}": coin', "is a int; write `call(function, setup, …)`"),
        (
            POINT,
            'f"coin-{coin}": call(value, s, of=str(coin))',
            "call a function that the study defines",
        ),
        ('"coin-is-fair"', '"fair"', "no fitting id"),
        ("half of the time.", "half of the time", "says no sentence"),
        ("Counted.", "Counted", "gives no reason"),
        (RULE, '"within 0.05"', "has a case with 'within 0.05' as rule; write `above(…)`"),
        (VALUE, '"low": value("heads").mean()', "part of every value"),
        (VALUE, '"heads": 3', "value 'heads' is a int"),
        (VALUE, '"Two heads": abs', "cannot be quoted"),
        ("VALUES = {", "VALUES = [1] or {", "VALUES is a list"),
        ("CLAIMS = {", 'CLAIMS = {"a-b": 3,', "the claim 'a-b' is a int; write `supported("),
        ("CLAIMS = {", "CLAIMS = [1] or {", "CLAIMS is a list; write `CLAIMS = {"),
        ('"coin-is-fair": supp', "3: supp", "the claim 3 has no fitting id"),
        (
            "CLAIMS = {",
            'CLAIMS = {"coin-is-fair": supported("…", source="reader", because="…", cases=(3,)),',
            "'coin-is-fair' stands here twice",
        ),
        (
            'value("heads").mean(), within',
            'value("heads").map(object()).mean(), within',
            "a rule holds a object; write it with words and numbers",
        ),
        ("VALUES = {", 'VALUES = {"heads": 3, ', "value 'heads' stands here twice"),
        ("def points(s: Setup)", "points = {}\ndef other(s: Setup)", "points is a dict; write"),
        ("    return {", "    raise SystemExit\n    return {", "`points` fails: SystemExit"),
        ('f"coin-{coin}"', 'f"coin-{coin}-{time.time_ns()}"', "`points` gives others each time"),
        (
            SEED,
            f'{SEED}\n    kinds: frozenset = setting(frozenset(), "kinds")',
            "has kinds = frozenset(); write",
        ),
        (SEED, f'{SEED}\n    rate: float = setting(float("nan"), "rate")', "has rate = nan; write"),
        (
            '"A coin shows heads half of the time."',
            "None",
            "has None as says; write words",
        ),
        ('source="reader"', "source=2015", "has 2015 as source; write words"),
        ('Case("share of heads",', 'Case(["at 2"],', "has ['at 2'] as when of case 1; write words"),
        ("VALUES =", 'RECORDED = ("coin-1",)\nVALUES =', "RECORDED is no dict of tuples"),
        ("VALUES =", 'RECORDED = {"full": "coin-1"}\nVALUES =', "RECORDED is no dict of tuples"),
        (
            "VALUES =",
            'RECORDED = {"ful": ("coin-1",)}\nVALUES =',
            "no profile 'ful'; did you mean full?",
        ),
        ("VALUES =", 'RECORDED = {"full": ("large-*",)}\nVALUES =', "no point of full 'large-*'"),
        ("VALUES =", 'TOLERANCE = "1e-6"\nVALUES =', "TOLERANCE is '1e-6'; write a share"),
    ],
)
def test_a_broken_declaration_is_told(broken, old: str, new: str, said: str) -> None:
    assert said in fault(lambda: contract.check_declared(broken((old, new))))


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ((SEED, f'{SEED}\n    x: complex = setting(1j, "x")'), "x = 1j"),
        (('f"coin-{coin}"', 'f"coin/{coin}"'), "no name for a file"),
    ],
)
def test_what_is_wrong_in_every_profile_or_point_is_told_once(
    broken, edit: tuple[str, str], said: str
) -> None:
    assert fault(lambda: contract.check_declared(broken(edit))).count(said) == 1


def test_all_faults_of_a_file_are_told_at_once(broken) -> None:
    study = broken(("VALUES =", "OTHER ="), ("heads?\n", "heads.\n"), (SEED, "seed: int = 1"))
    lines = fault(lambda: contract.check_declared(study)).splitlines()
    assert len(lines) == 3 and [int(line.split(":")[1]) for line in lines] == sorted(
        int(line.split(":")[1]) for line in lines
    )


def dataset(**coords: object) -> xr.Dataset:
    """One variable, `heads`, along the coordinates."""
    sizes = [len(values) for values in coords.values()]
    heads = np.arange(1.0, 1 + np.prod(sizes, dtype=int)).reshape(sizes)
    return xr.Dataset(
        {"heads": (tuple(coords), heads, {"units": "1", "long_name": "heads"})}, coords
    )


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"heads": 1}, "the point 'coin-1' gave a dict; end its function with `return table(…)`"),
        (None, "gave a NoneType"),
        (dataset(run=[0]).heads, "gave a DataArray"),
        (xr.Dataset(), "has no variable"),
        (xr.Dataset({"heads": ("run", [1.0], {"long_name": "heads"})}), "'heads' without `units`"),
        (xr.Dataset({"heads": ("run", [1.0], {"units": "1"})}), "'heads' without `long_name`"),
        (dataset(run=[0]).astype(np.float16, keep_attrs=True), "of float16"),
        (dataset(run=[0]).astype(complex, keep_attrs=True), "of complex128"),
        (dataset(run=[0]).astype(object, keep_attrs=True), "of object"),
        (dataset(run=[2**40]), "beyond 32 bits"),
        (dataset(run=[0, 0]), "coordinate 'run' in which a value stands twice"),
    ],
)
def test_a_broken_result_is_told(broken, result: object, said: str) -> None:
    assert said in fault(lambda: contract.check_result(broken(), "coin-1", result))


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (
            dataset(run=[0, 1]),
            dataset(run=[0, 1]) * 2,
            "'a' and 'b' give different 'heads' at the same coordinates (run 0, 1)",
        ),
        (dataset(coin=[1], run=[0]), dataset(coin=[1], run=[0]) * 3, "(coin 1, run 0)"),
        (dataset(run=[0]), dataset(run=[0]) * np.nan, "run 0"),
        (dataset(), dataset() * 2, "no coordinate"),
        (
            dataset(run=[0, 1]).drop_vars("run"),
            dataset(run=[0, 1, 2]).drop_vars("run"),
            "2 and 3 entries along 'run'",
        ),
        (dataset(coin=[1]), dataset(coin=[1], run=[0]), "over coin and over coin × run"),
    ],
)
def test_points_that_share_coordinates_are_told(broken, first, second, said: str) -> None:
    whole = {"c": dataset(coin=[9], run=[9]), "b": second, "a": first}
    if said.startswith("'a'"):
        whole.pop("c")
    assert said in fault(lambda: contract.check_together(broken(), whole))


def measured(study: ModuleType) -> None:
    """Run the quick profile of a study and check what is measured of it."""
    results = combine({key: point() for key, point in work(study, study.QUICK).items()})
    contract.check_measured(study, results)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (RULE, "within(0.5, absolute=1e300)", "is kept by every measurement"),
        (RULE, "above(1e300)", "is broken by every measurement"),
        (VALUE, '"heads": lambda results: exit(1)', "'heads': it cannot be measured: SystemExit"),
        (VALUE, '"heads": value("tails").mean()', "'heads': it cannot be measured: KeyError"),
        ('value("heads").mean(), within', "lambda results: 0.5, within", "no Measurement"),
    ],
)
def test_a_case_that_tests_nothing_is_told(broken, old: str, new: str, said: str) -> None:
    study = broken((old, new), ("import Case", "import above, Case"))
    assert said in fault(lambda: measured(study))


def test_a_measurement_that_lost_its_unit_is_told(broken) -> None:
    in_steps = ('"share of heads")', '"share of heads", "steps")')
    without = (VALUE, '"heads": value("heads").mean("")')
    # counts are whole numbers, and remain so if there is one point
    whole = ((".mean() for", ".sum() for"), ("coins=(1, 2), runs", "coins=(1,), runs"))
    lost = "value 'heads': it is measured in steps and has no unit"
    assert lost in fault(lambda: measured(broken(in_steps, without, *whole)))
    assert lost in fault(lambda: measured(broken(in_steps, without)))
    measured(broken(in_steps))
    measured(broken(in_steps, (VALUE, '"heads": (value("heads") / 2).mean()')))
    measured(broken(without))


def test_a_case_that_can_come_out_both_ways_is_fine() -> None:
    assert contract.never_differs(Case("", lambda _: None, above(3)), exact(5)) == ""
