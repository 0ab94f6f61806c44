"""What a unit is made of: definitions that are reached, and nothing else."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from site_gen import files, paths
from site_gen.errors import BuildError
from site_gen.pipeline import fingerprint
from site_gen.pipeline.fingerprint import Code


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that writes modules and gives what `experiments.study_a:run` is made of."""
    for module in (paths, files):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    memory: dict[str, dict] = {}

    def reach(**modules: str) -> dict[str, str]:
        (tmp_path / "experiments").mkdir(exist_ok=True)
        (tmp_path / "experiments/__init__.py").write_text('"""Package."""')
        for name, text in modules.items():
            (tmp_path / f"experiments/{name}.py").write_text(textwrap.dedent(text))
        code = Code(files.Hashes(), memory.get("modules"), memory.get("reached"))
        found = code.reach([("experiments.study_a", "run")])
        afresh = Code(files.Hashes()).reach([("experiments.study_a", "run")])
        assert found == afresh, "what is remembered differs from what is found anew"
        memory.update(modules=code.modules, reached=code.reached)
        return found

    return reach


STUDY = """
    '''Question?'''
    from __future__ import annotations
    from typing import TYPE_CHECKING
    import numpy as np
    from experiments import tools
    from experiments.layers import Layer, unused
    if TYPE_CHECKING:
        from experiments.claims import Claim
    SCALE = 2

    def helper(x):
        return SCALE * x

    def run(point):
        '''Run it.'''
        return helper(Layer().forward(tools.first(point)))

    CLAIMS = ("anything", unused)
"""
LAYERS = """
    class Layer:
        def forward(self, x):
            return x + 1

        def backward(self, dy):
            return dy

    def unused():
        return 0
"""
TOOLS = """
    def first(x):
        return x[0]

    def second(x):
        return x[1]
"""


def test_a_mark_at_the_beginning_changes_nothing(repository) -> None:
    """Some editors begin a UTF-8 file with one."""
    plain = repository(study_a=STUDY, layers=LAYERS, tools=TOOLS)
    assert (
        repository(study_a="\ufeff" + textwrap.dedent(STUDY), layers=LAYERS, tools=TOOLS) == plain
    )


def test_only_reached_definitions_count(repository) -> None:
    found = repository(study_a=STUDY, layers=LAYERS, tools=TOOLS)
    assert set(found) == {
        "experiments/study_a.py: run",
        "experiments/study_a.py: helper",
        "experiments/study_a.py: SCALE",
        "experiments/layers.py: Layer",
        "experiments/tools.py: first",
    }


@pytest.mark.parametrize(
    ("module", "old", "new", "changes"),
    [
        ("study_a", "SCALE = 2", "SCALE = 3", {"experiments/study_a.py: SCALE"}),
        ("study_a", "SCALE = 2", "SCALE = 2  # a comment", set()),
        ("study_a", "'''Run it.'''", "'''Run it well.'''", set()),
        ("study_a", "'''Run it.'''", "", set()),
        ("study_a", '"anything"', '"something"', set()),
        ("study_a", "return SCALE * x", "return (SCALE\n            * x)", set()),
        ("layers", "return dy", "return -dy", {"experiments/layers.py: Layer"}),
        ("layers", "return 0", "return 1", set()),
        ("tools", "x[1]", "x[2]", set()),
        ("tools", "x[0]", "x[-1]", {"experiments/tools.py: first"}),
    ],
)
def test_what_a_change_touches(
    repository, module: str, old: str, new: str, changes: set[str]
) -> None:
    modules = {"study_a": STUDY, "layers": LAYERS, "tools": TOOLS}
    before = repository(**modules)
    assert old in modules[module]
    after = repository(**(modules | {module: modules[module].replace(old, new)}))
    assert {
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    } == changes
    assert (fingerprint.fingerprint(before) == fingerprint.fingerprint(after)) is (not changes)


def test_a_bare_module_name_reaches_all_of_it(repository) -> None:
    found = repository(
        study_a="from experiments import tools\ndef run(point):\n    return vars(tools)",
        tools=TOOLS,
    )
    assert {"experiments/tools.py: first", "experiments/tools.py: second"} <= set(found)


def test_imports_inside_functions_and_passed_on_names_are_followed(repository) -> None:
    found = repository(
        study_a="def run(point):\n    from experiments.front import first\n    return first(point)",
        front="from experiments.tools import first",
        tools=TOOLS,
    )
    assert "experiments/tools.py: first" in found and "experiments/tools.py: second" not in found


def test_statements_without_a_name_run_on_import_and_count(repository) -> None:
    first = repository(
        study_a="from experiments.tools import first\ndef run(p):\n    return first(p)",
        tools=TOOLS + "    print(1)\n",
    )
    second = repository(tools=TOOLS + "    print(2)\n")
    assert first != second


def test_a_file_beside_the_module_counts_if_reached_code_names_it(
    repository, tmp_path: Path
) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/numbers.bin").write_bytes(b"1")
    study = 'FILE = "numbers.bin"\ndef run(point):\n    return FILE'
    before = repository(study_a=study)
    assert "experiments/numbers.bin" in before
    (tmp_path / "experiments/numbers.bin").write_bytes(b"2")
    assert repository(study_a=study) != before


def test_documents_in_a_folder_are_no_input(repository, tmp_path: Path) -> None:
    folder = tmp_path / "experiments/fonts"
    folder.mkdir(parents=True)
    (folder / "regular.ttf").write_bytes(b"1")
    study = 'FONTS = "fonts"\ndef run(point):\n    return FONTS'
    before = repository(study_a=study)
    assert "experiments/fonts/regular.ttf" in before
    for name in ("README.md", "OFL.txt", ".#regular.ttf", "regular.ttf~"):
        (folder / name).write_text("words")
    assert repository(study_a=study) == before
    (folder / "bold.ttf").write_bytes(b"2")
    assert "experiments/fonts/bold.ttf" in repository(study_a=study)


def test_a_syntax_error_names_file_line_and_remedy(repository) -> None:
    with pytest.raises(BuildError, match=r"experiments/study_a.py:2: .*Mend"):
        repository(study_a="x = 1\ndef run(:\n    pass")


def test_parts_are_delimited() -> None:
    assert fingerprint.digest("ab", "c") != fingerprint.digest("a", "bc")
