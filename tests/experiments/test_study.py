"""Verdicts are computed from cases, and studies are found by name."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from experiments import study
from experiments.data import mnist
from experiments.measures.statistics import exact
from experiments.profile import Profile, setup


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([True], "supported"), ([True, True], "supported"), ([False], "refuted"), ([False, False], "refuted"),
        ([True, False], "depends"), ([True, None], "undecided"), ([None], "undecided"), ([False, None], "undecided"), ([], "untested"),
    ],
)  # fmt: skip
def test_the_verdict_follows_from_the_cases(outcomes: list[bool | None], verdict: str) -> None:
    assert study.measured_verdict(outcomes) == verdict


def test_a_claim_without_cases_is_untested_and_only_that() -> None:
    case = study.Case("", lambda results: exact(1), lambda m: True, "always")
    rest = {"says": "…", "source": "reader", "figure": "f", "because": "…"}
    study.Claim("a", cases=(case,), verdict="depends", **rest)
    study.Claim("a", cases=(), verdict="untested", **rest)
    for cases, verdict in (((), "supported"), ((case,), "untested"), ((case,), "true")):
        with pytest.raises(ValueError, match="claim a"):
            study.Claim("a", cases=cases, verdict=verdict, **rest)


def test_a_misspelt_verdict_is_told_what_was_meant() -> None:
    with pytest.raises(
        ValueError, match="claim a: there is no verdict 'suported'; did you mean supported"
    ):
        study.Claim("a", "…", "reader", (), "suported", "f", "…")


def test_hyphens_and_underscores_in_a_study_are_the_same() -> None:
    assert study.load("tiny-batch") is study.load("tiny_batch") is study.load("Tiny_Batch")
    assert study.canonical("tiny-batch") == "tiny_batch"


def test_an_unknown_study_is_told_which_was_meant() -> None:
    with pytest.raises(
        ValueError, match=r"^there is no study 'tiny-bach'; did you mean tiny_batch\?$"
    ):
        study.load("tiny-bach")
    with pytest.raises(ValueError, match=r"no study 'x; cmd'"):
        study.load("x; cmd")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which studies are looked for."""
    import experiments.studies

    monkeypatch.setattr(study, "STUDIES", tmp_path)
    monkeypatch.setattr(experiments.studies, "__path__", [str(tmp_path)])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("experiments.studies."):
            del sys.modules[name]


def test_leftovers_of_editors_and_systems_are_no_studies(folder: Path) -> None:
    (folder / "real.py").write_text("")
    for name in (".#real.py", "gone.py"):
        (folder / name).symlink_to(folder / "nowhere")
    for name in (
        "real.py~",
        "#real.py#",
        "#real.py",
        ".real.py",
        "._real.py",
        "~real.py",
        "__init__.py",
        "real.txt",
    ):
        (folder / name).write_text("")
    assert study.names() == ["real"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ndef f(:\n", r"broken_one\.py:2: .+\. Mend the syntax\."),
        ("x = 1\n\ny = 1 / 0\n", r"broken_one\.py:3: ZeroDivisionError: division by zero"),
        ("x = 1\nraise SystemExit('bye')\n", r"broken_one\.py:2: SystemExit: bye"),
        ("import nothing_of_this_name\n", r"broken_one\.py:1: ModuleNotFoundError"),
        (
            "from experiments.measures.statistics import meen\n",
            r"broken_one\.py:1: ImportError: .*meen",
        ),
        (
            "from experiments.study import Claim\n\nCLAIMS = (\n"
            "    Claim('a-b', '…', 'reader', (), 'untestet', 'f', '…'),\n)\n",
            r"broken_one\.py:4: claim a-b: there is no verdict 'untestet'; did you mean untested\?",
        ),
    ],
)
def test_a_study_that_cannot_be_imported_is_told_with_its_line_and_stops_no_other(
    folder: Path, text: str, said: str
) -> None:
    (folder / "broken_one.py").write_text(text)
    (folder / "whole.py").write_text("x = 1\n")
    with pytest.raises(ValueError, match=said) as caught:
        study.load("broken_one")
    assert "\n" not in str(caught.value)
    assert study.names() == ["broken_one", "whole"] and study.load("whole").x == 1


def test_a_file_that_python_cannot_import_by_name_is_told(folder: Path) -> None:
    (folder / "tiny batch (copy).py").write_text("")
    with pytest.raises(
        ValueError, match=r"tiny batch \(copy\)\.py: .*letters, digits and underscores"
    ):
        study.load("tiny batch (copy)")


def test_a_study_without_a_profile_is_told_how_to_declare_it(folder: Path) -> None:
    (folder / "whole.py").write_text("FULL = 1\n")
    with pytest.raises(ValueError, match=r"whole\.py:1: QUICK is missing: declare `QUICK = Setup"):
        setup(study.load("whole"), Profile("quick"))


def test_what_a_study_needs_is_asked_for_before_it_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trained = study.load("ics_distribution")
    study.check_requirements(trained, trained.FULL)
    study.check_requirements(study.load("anatomy"), study.load("anatomy").PAPER)
    monkeypatch.delenv("MNIST_DIRECTORY", raising=False)
    with pytest.raises(ValueError, match=r"not bundled.*train-images.*MNIST_DIRECTORY=.*README"):
        study.check_requirements(trained, trained.PAPER)
    monkeypatch.setenv("MNIST_DIRECTORY", str(tmp_path))
    names = list(mnist.FULL_MD5)
    (tmp_path / names[0]).touch()
    (tmp_path / f"{names[1]}.gz").touch()
    with pytest.raises(ValueError, match=f"has no {names[2]}, {names[3]}: put"):
        study.check_requirements(trained, trained.PAPER)
    for name in names[2:]:
        (tmp_path / name).touch()
    study.check_requirements(trained, trained.PAPER)


def test_results_are_merged_along_their_coordinates() -> None:
    parts = {
        f"b-{b}": xr.Dataset(
            {"x": (("b", "run"), np.full((1, 3), float(b)))}, {"b": [b], "run": range(3)}
        )
        for b in (8, 2)
    }
    merged = study.combine(parts)
    assert merged.x.sel(b=8).values.tolist() == [8.0, 8.0, 8.0]
    assert merged.sizes == {"b": 2, "run": 3}
