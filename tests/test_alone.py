"""Every module can be imported first, and no two modules need each other."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from site_gen.paths import ROOT
from tests import alone

OURS = alone.modules(ROOT, "experiments", "site_gen")


def order(modules: dict[str, Path]) -> list[str]:
    """The modules in an order in which each comes after what it imports.

    Raises
    ------
    graphlib.CycleError
        If there is a circle; it names its modules.
    """
    graph = {
        name: [
            other
            for other in alone.imports(name, path, later=True)
            if other in modules and other != name
        ]
        for name, path in modules.items()
    }
    return [*TopologicalSorter(graph).static_order()]


def test_every_module_can_be_imported_alone() -> None:
    assert {"site_gen.cli", "site_gen.theme", "experiments.studies.anatomy"} <= OURS.keys()
    found = alone.failures(ROOT, OURS)
    assert not found, "\n\n".join(f"{name}\n{fault}" for name, fault in found.items())


def test_no_circle_of_imports() -> None:
    assert len(order(OURS)) == len(OURS)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A package in which `first` works alone, `second` only after it, the rest in any order."""
    files = {
        "__init__": "",
        "first": "ONE = 1\nfrom small.second import TWO\n",
        "second": "from small.first import ONE\nTWO = ONE + 1\n",
        "late": "def run():\n    from small import early\n",
        "early": "from . import late\n",
        "typed": (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from small import user\n"
        ),
        "user": "import small.typed\n",
        "ends": "raise SystemExit(0)\n",
        ".#early": "not Python",
        "early.py~": "not Python",
    }
    (tmp_path / "small").mkdir()
    for name, text in files.items():
        (tmp_path / "small" / f"{name}.py").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("forks", sorted({False, alone.FORKS}))
def test_a_module_that_needs_another_first_is_seen(small: Path, forks: bool) -> None:
    modules = alone.modules(small, "small")
    found = alone.failures(small, modules, forks)
    assert found.keys() == {"small.second", "small.ends"}
    assert "ImportError" in found["small.second"] and "SystemExit" in found["small.ends"]


def test_a_circle_is_seen_and_only_a_true_one(small: Path) -> None:
    modules = alone.modules(small, "small")
    with pytest.raises(CycleError) as caught:
        order(modules)
    at_import, when_run = {"small.first", "small.second"}, {"small.late", "small.early"}
    assert set(caught.value.args[1]) in (at_import, when_run)
    del modules["small.first"]
    with pytest.raises(CycleError):
        order(modules)
    del modules["small.late"]
    assert len(order(modules)) == len(modules)
