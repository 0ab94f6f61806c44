"""Studies are found by name, and what is wrong with one of them is told with its line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from experiments import catalogue
from experiments.data.images import FILES
from experiments.profile import Profile, setup


def test_hyphens_and_underscores_in_a_study_are_the_same() -> None:
    assert (
        catalogue.load("tiny-batch") is catalogue.load("tiny_batch") is catalogue.load("Tiny_Batch")
    )
    assert catalogue.canonical("tiny-batch") == "tiny_batch"


def test_an_unknown_study_is_told_which_was_meant() -> None:
    with pytest.raises(
        ValueError, match=r"^there is no study 'tiny-bach'; did you mean tiny_batch\?$"
    ):
        catalogue.load("tiny-bach")
    with pytest.raises(ValueError, match=r"no study 'x; cmd'"):
        catalogue.load("x; cmd")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which studies are looked for."""
    import experiments.studies

    monkeypatch.setattr(catalogue, "STUDIES", tmp_path)
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
    assert catalogue.names() == ["real"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ndef f(:\n", r"broken_one\.py:2: .+\. Mend the syntax\."),
        ("x = 1\n\ny = 1 / 0\n", r"broken_one\.py:3: ZeroDivisionError: division by zero"),
        ("x = 1\nraise SystemExit('bye')\n", r"broken_one\.py:2: SystemExit: bye"),
        ("import nothing_of_this_name\n", r"broken_one\.py:1: ModuleNotFoundError"),
        (
            "from experiments.measures.statistics import meen\n",
            r"broken_one\.py:1: in experiments\.measures\.statistics, there is no name 'meen'; did",
        ),
        (
            "CLAIMS = {'a-b': dpends('…')}\n",
            r"broken_one\.py:1: there is no name 'dpends'; did you mean depends\?",
        ),
        (
            "x = 1\nclass Setup:\n    x: int = 1\nQUICK = Setup(x=2)\n",
            r"broken_one\.py:4: Setup declares no settings; write `class Setup\(Settings\):`",
        ),
        ("x = 1\nqqq(x)\n", r"broken_one\.py:2: NameError: name 'qqq' is not defined"),
        (
            "from experiments.claims import supported\n\nCLAIMS = {\n"
            "    'a-b': supported('…', source='reader', because='…'),\n}\n",
            r"broken_one\.py:4: a claim has cases unless it is untested, and then it has none",
        ),
    ],
)
def test_a_study_that_cannot_be_imported_is_told_with_its_line_and_stops_no_other(
    folder: Path, text: str, said: str
) -> None:
    (folder / "broken_one.py").write_text(text)
    (folder / "whole.py").write_text("x = 1\n")
    with pytest.raises(ValueError, match=said) as caught:
        catalogue.load("broken_one")
    assert "\n" not in str(caught.value)
    assert catalogue.names() == ["broken_one", "whole"] and catalogue.load("whole").x == 1


def test_a_file_that_python_cannot_import_by_name_is_told(folder: Path) -> None:
    (folder / "tiny batch (copy).py").write_text("")
    with pytest.raises(
        ValueError, match=r"tiny batch \(copy\)\.py: .*letters, digits and underscores"
    ):
        catalogue.load("tiny batch (copy)")


def test_a_study_without_a_profile_is_told_how_to_declare_it(folder: Path) -> None:
    (folder / "whole.py").write_text("FULL = 1\n")
    with pytest.raises(ValueError, match=r"whole\.py:1: QUICK is missing: declare `QUICK = Setup"):
        setup(catalogue.load("whole"), Profile("quick"))


def test_what_a_study_needs_is_asked_for_before_it_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trained = catalogue.load("ics_distribution")
    catalogue.check_requirements(trained, trained.FULL)
    catalogue.check_requirements(catalogue.load("anatomy"), catalogue.load("anatomy").PAPER)
    monkeypatch.delenv("MNIST_DIRECTORY", raising=False)
    with pytest.raises(ValueError, match=r"not bundled.*train-images.*MNIST_DIRECTORY=.*README"):
        catalogue.check_requirements(trained, trained.PAPER)
    monkeypatch.setenv("MNIST_DIRECTORY", str(tmp_path))
    names = list(FILES)
    (tmp_path / names[0]).touch()
    (tmp_path / f"{names[1]}.gz").touch()
    with pytest.raises(ValueError, match=f"has no {names[2]}, {names[3]}: put"):
        catalogue.check_requirements(trained, trained.PAPER)
    for name in names[2:]:
        (tmp_path / name).touch()
    catalogue.check_requirements(trained, trained.PAPER)
