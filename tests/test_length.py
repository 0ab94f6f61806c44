"""A study or a figure that grows too long is two, or lacks a word."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from site_gen.paths import ROOT, relative

FOLDERS = ("experiments/studies", "site_gen/figures", "site_gen/animations")
FILES = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.py"))]
MOST_LINES, MOST_OF_A_FUNCTION = 250, 50


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function of a file, and its number of lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield node.name, node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_it_is_read_at_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    assert not [name for name, lines in functions(path) if lines > MOST_OF_A_FUNCTION]
