"""What every study promises, whatever it is about; and that a broken one is told its fault, its line and the remedy."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import xarray as xr

from experiments import contract
from experiments.judge import judge
from experiments.profile import Profile
from experiments.results import combine
from experiments.study import Case
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
    assert {claim["id"] for claim in measured["claims"]} == {claim.id for claim in study.CLAIMS}
    for claim in measured["claims"]:
        assert all(case["holds"] in (True, False, None) for case in claim["cases"])


# --------------------------------------------------------------------------------------------------- studies that are broken


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
    parts = {key: study.run(point) for key, point in study.points(study.QUICK).items()}
    for key, part in parts.items():
        contract.check_result(study, key, part)
    contract.check_together(study, parts)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("QUICK, FULL, PAPER = Setup(coins=(1, 2), runs=4), Setup(),", "FULL, PAPER = Setup(),", "QUICK is missing"),
        ("VALUES =", "OTHER =", "VALUES is missing"),
        ("CLAIMS =", "OTHER =", "CLAIMS is missing"),
        ("def run(", "def other(", "run is missing"),
        ("class Point:", "class Other:", "Point is missing"),
        ("heads?\n", "heads.\n", "no question"),
        ("  # of the tosses", "", "setting 'seed' has no comment"),
        ("QUICK, FULL, PAPER = Setup(coins=(1, 2), runs=4)", "QUICK, FULL, PAPER = 3", "QUICK is a int"),
        ("runs: int = 16", "runs: int = 5", "FULL has 5 runs; take at least 16"),
        ("@dataclass(frozen=True)\nclass Setup", "@dataclass\nclass Setup", "Setup can be changed"),
        ("@dataclass(frozen=True)\nclass Point", "@dataclass\nclass Point", "Point can be changed"),
        ("    return {\n        f\"coin-{coin}\": Point", "    return {\n        f\"Coin {coin}\": Point", "no name for a file"),
        ("    return {\n", "    return {} and {\n", "`points` gives an empty dict"),
        ("    return {\n", "    return [] or None and {\n", "`points` gives a NoneType"),
        ("Point(coin, ", "Point(coin / 0, ", "ZeroDivisionError"),
        ("Point(coin, ", "Point([coin], ", "cannot be sent to a worker"),
        ("Point(coin, ", "Point(lambda: coin, ", "prints an address"),
        ("Point(coin, setup.tosses, setup.runs, setup.pause, setup.seed)", "coin", "make it a Point"),
        ('"coin-is-fair"', '"fair"', "no fitting id"),
        ("half of the time.", "half of the time", "says no sentence"),
        ("Counted.", "Counted", "gives no reason"),
        ('"within 0.05 of one half"', '""', "without a rule"),
        ('"heads": lambda results: mean(results.heads.values)}', '"low": lambda results: 1}', "part of every value"),
        ('"heads": lambda results: mean(results.heads.values)}', '"heads": 3}', "value 'heads' is a int"),
        ('"heads": lambda results: mean(results.heads.values)}', '"Two heads": abs}', "cannot be quoted"),
        ("VALUES = {", "VALUES = [1] or {", "VALUES is a list"),
        ("CLAIMS = (\n    Claim(", "CLAIMS = (3,\n    Claim(", "CLAIMS is no tuple of claims"),
        ("def points(setup: Setup)", "points = {}\ndef other(setup: Setup)", "points is a dict; write `def points(setup)`"),
        ("def run(", "run = None\ndef other(", "run is a NoneType; write `def run(point)`"),
        ("    return {\n", "    raise SystemExit\n    return {\n", "`points` fails: SystemExit"),
        ('f"coin-{coin}"', 'f"coin-{coin}-{id(object())}-{np.random.default_rng().integers(2**60)}"', "`points` gives others each time"),
        ("  # of the tosses", "  # of the tosses\n    kinds: frozenset = frozenset()  # kinds", "has kinds = frozenset(); write settings as numbers"),
        ("  # of the tosses", "  # of the tosses\n    rate: float = float('nan')  # rate", "has rate = nan; write"),
        ('says="A coin shows heads half of the time."', "says=None", "has None as says; write words"),
        ('source="reader"', "source=2015", "has 2015 as source; write words"),
        ('"within 0.05 of one half"', "0.05", "has 0.05 as rule of a case; write words"),
        ('Case("",', 'Case(["at 2"],', "has ['at 2'] as when of a case; write words"),
        ("VALUES =", 'RECORDED = ("coin-1",)\nVALUES =', "RECORDED is no dict of tuples"),
        ("VALUES =", 'RECORDED = {"full": "coin-1"}\nVALUES =', "RECORDED is no dict of tuples"),
        ("VALUES =", 'RECORDED = {"ful": ("coin-1",)}\nVALUES =', "there is no profile 'ful'; did you mean full?"),
        ("VALUES =", 'RECORDED = {"full": ("large-*",)}\nVALUES =', "there is no point of full 'large-*'; there are: coin-1"),
        ("VALUES =", 'TOLERANCE = "1e-6"\nVALUES =', "TOLERANCE is '1e-6'; write a share"),
    ],
)  # fmt: skip
def test_a_broken_declaration_is_told(broken, old: str, new: str, said: str) -> None:
    assert said in fault(lambda: contract.check_declared(broken((old, new))))


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (("  # of the tosses", "  # of the tosses\n    x: complex = 1j  # x"), "x = 1j"),
        (('f"coin-{coin}"', 'f"coin/{coin}"'), "no name for a file"),
    ],
)
def test_what_is_wrong_in_every_profile_or_point_is_told_once(
    broken, edit: tuple[str, str], said: str
) -> None:
    assert fault(lambda: contract.check_declared(broken(edit))).count(said) == 1


def test_all_faults_of_a_file_are_told_at_once(broken) -> None:
    study = broken(("VALUES =", "OTHER ="), ("heads?\n", "heads.\n"), ("  # runs", ""))
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
        ({"heads": 1}, "gave a dict for the point 'coin-1'; return an xarray.Dataset"),
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
        (dataset(run=[0, 1]), dataset(run=[0, 1]) * 2, "'a' and 'b' give different 'heads' at the same coordinates (run 0, 1)"),
        (dataset(coin=[1], run=[0]), dataset(coin=[1], run=[0]) * 3, "(coin 1, run 0)"),
        (dataset(run=[0]), dataset(run=[0]) * np.nan, "run 0"),
        (dataset(), dataset() * 2, "no coordinate"),
        (dataset(run=[0, 1]).drop_vars("run"), dataset(run=[0, 1, 2]).drop_vars("run"), "2 and 3 entries along 'run'"),
        (dataset(coin=[1]), dataset(coin=[1], run=[0]), "over coin and over coin × run"),
    ],
)  # fmt: skip
def test_points_that_share_coordinates_are_told(broken, first, second, said: str) -> None:
    whole = {"c": dataset(coin=[9], run=[9]), "b": second, "a": first}
    if said.startswith("'a'"):
        whole.pop("c")
    assert said in fault(lambda: contract.check_together(broken(), whole))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("m.within(0.5, absolute=0.05)", "True", "is kept by every measurement"),
        ("m.within(0.5, absolute=0.05)", "m.estimate > 1e300", "is broken by every measurement"),
        ("m.within(0.5, absolute=0.05)", "'yes'", "`holds` gave 'yes'"),
        ("m.within(0.5, absolute=0.05)", "m.witin(0.5)", "claim 'coin-is-fair': `holds` fails: AttributeError"),
        ("VALUES = {\"heads\": lambda results: mean(results.heads.values)", "VALUES = {\"heads\": lambda results: exit(1)", "value 'heads': it cannot be measured: SystemExit"),
        ("Case(\"\", lambda results: mean(results.heads.values)", "Case(\"\", lambda results: 0.5", "no Measurement"),
        ("VALUES = {\"heads\": lambda results: mean(results.heads.values)", "VALUES = {\"heads\": lambda results: results.tails", "value 'heads': it cannot be measured: AttributeError"),
    ],
)  # fmt: skip
def test_a_case_that_tests_nothing_is_told(broken, old: str, new: str, said: str) -> None:
    study = broken((old, new))
    points = study.points(study.QUICK)
    results = combine({key: study.run(point) for key, point in points.items()})
    assert said in fault(lambda: contract.check_measured(study, results))


def test_a_measurement_that_lost_its_unit_is_told(broken) -> None:
    value = '"heads": lambda results: mean(results.heads.values'
    in_steps = ('{"units": "1"', '{"units": "steps"')
    # counts are whole numbers, and remain so if there is one point
    whole = ((".mean(axis=2)", ".sum(axis=2)"), ("coins=(1, 2), runs", "coins=(1,), runs"))
    for edits, said in (
        ([in_steps, *whole], "value 'heads': it is measured in steps and has no unit"),
        ([in_steps], "value 'heads': it is measured in steps and has no unit"),
        ([in_steps, (value, value + ', "steps"')], ""),
        ([in_steps, (value, value + " / results.heads.values.max()")], ""),
        ([], ""),
    ):
        study = broken(
            *edits,
            ("mean(results.heads.values), lambda m", "mean(results.heads.values, 'x'), lambda m"),
        )
        points = study.points(study.QUICK)
        results = combine({key: study.run(point) for key, point in points.items()})
        if said:
            assert said in fault(lambda: contract.check_measured(study, results))  # noqa: B023
        else:
            contract.check_measured(study, results)


def test_a_case_that_can_come_out_both_ways_is_fine() -> None:
    from experiments.measures.statistics import exact

    assert (
        contract.never_differs(Case("", lambda _: None, lambda m: m.above(3), "above 3"), exact(5))
        == ""
    )
