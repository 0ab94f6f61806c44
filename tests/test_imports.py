"""Imports point one way: the contracts of pyproject.toml, and what packages may import."""

from __future__ import annotations

import sys

import grimp
import pytest
from importlinter.cli import lint_imports

from site_gen.media.contract import MAY_IMPORT
from site_gen.paths import ROOT


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        "experiments", "site_gen", include_external_packages=True, cache_dir=None
    )


def test_the_contracts_hold(capsys: pytest.CaptureFixture) -> None:
    broken = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert not broken, capsys.readouterr().out


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("experiments.engine", {"numpy"}),
        ("experiments.theory", {"numpy", "scipy", "experiments.engine"}),
    ],
)
def test_a_package_imports_only_what_it_may(
    graph: grimp.ImportGraph, package: str, allowed: set[str]
) -> None:
    modules = {package} | graph.find_descendants(package)
    imported = (
        set().union(*(graph.find_modules_directly_imported_by(module) for module in modules))
        - modules
    )
    free = allowed | sys.stdlib_module_names
    strangers = {
        name for name in imported if not any(f"{name}.".startswith(f"{known}.") for known in free)
    }
    assert not strangers


@pytest.mark.parametrize("folder", ["figures", "animations"])
def test_a_figure_imports_what_its_contract_allows_and_no_study_but_its_own(
    graph: grimp.ImportGraph, folder: str
) -> None:
    for module in graph.find_descendants(f"site_gen.{folder}"):
        own = f"experiments.studies.{module.rpartition('.')[2].partition('__')[0]}"
        free = {*MAY_IMPORT, own} | sys.stdlib_module_names
        imported = graph.find_modules_directly_imported_by(module)
        assert not [
            name for name in imported if not any(f"{name}.".startswith(f"{one}.") for one in free)
        ], module


def test_no_figure_draws_with_another_figures_code(graph: grimp.ImportGraph) -> None:
    modules = graph.find_descendants("site_gen.figures") | graph.find_descendants(
        "site_gen.animations"
    )
    for module in modules:
        assert not graph.find_modules_directly_imported_by(module) & modules, module
