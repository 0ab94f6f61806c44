"""Test one study with its figures and its pages, in seconds."""

from __future__ import annotations

import os
import re
from typing import Any

from experiments import catalogue as studies
from site_gen.errors import BuildError
from site_gen.media import catalogue
from site_gen.paths import DOCS, ROOT, sources

CONTRACTS = (
    "tests/experiments/studies/test_contract.py",
    "tests/site_gen/media/test_contract.py",
    "tests/docs/test_contract.py",
)


def run(study: str) -> int:
    """Test one study: the rules for all studies, its own tests, its figures and its pages.

    Parameters
    ----------
    study : str
        Its name; hyphens and underscores are the same.

    Returns
    -------
    int
        pytest's exit code: 0 if every test passed.

    Raises
    ------
    BuildError
        If there is no such study, its file cannot be imported, or pytest is not installed.
    """
    try:
        study = studies.canonical(study)
        studies.load(study)
    except ValueError as error:
        raise BuildError(str(error)) from None
    try:
        import pytest
    except ImportError:
        raise BuildError("pytest is not installed: run `make test` once, which adds it") from None
    own = f"tests/experiments/studies/test_{study}.py"
    files = [name for name in (*CONTRACTS, own) if (ROOT / name).is_file()]
    os.chdir(ROOT)
    # One process: starting others takes longer than these tests.
    options = ["-q", "-p", "no:xdist", "-p", "no:cacheprovider"]
    return int(pytest.main([*options, *files], [_Only(study)]))


def pages_of(study: str) -> set[str]:
    """The pages that show a study: a value, a setting, a claim or a figure of it."""
    drawn = [one.id for one in catalogue.drawings().values() if one.study == study]
    # A claim's id stands in the study's file as a literal, so the file need not run for this.
    code = (studies.STUDIES / f"{study}.py").read_text("utf-8")
    declared = re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+)"', code)
    names = "|".join(map(re.escape, {study, *drawn, *declared}))
    shows = re.compile(rf"\[\[=[^\]]*[\"']({names})[\"'.]")
    return {
        path.relative_to(DOCS).as_posix()
        for path in sources(DOCS)
        if path.suffix == ".md" and shows.search(path.read_text(encoding="utf-8"))
    }


class _Only:
    """A plugin of pytest that leaves out the tests of other studies, figures and pages."""

    def __init__(self, study: str) -> None:
        self.study, self.pages = study, pages_of(study)

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        kept = [item for item in items if self._concerns(item)]
        left = [item for item in items if not self._concerns(item)]
        config.hook.pytest_deselected(items=left)
        items[:] = kept

    def _concerns(self, item: Any) -> bool:
        if item.path.name == f"test_{self.study}.py" and item.path.parent.name == "studies":
            return True
        given = item.callspec.params if hasattr(item, "callspec") else {}
        if item.path.parent == DOCS.parent / "tests" / "docs":
            return given.get("page") in self.pages or not given
        if "identifier" in given:
            return catalogue.find(given["identifier"]).study == self.study
        return given.get("name") == self.study
