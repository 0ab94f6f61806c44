"""What every page promises before it is rendered; rendering itself is strict."""

from __future__ import annotations

import pytest

from site_gen.pages import contract, front
from site_gen.pages.configuration import configured
from site_gen.paths import DOCS, ROOT, sources

PAGES = {
    path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8")
    for path in sources(DOCS)
    if path.suffix == ".md"
}


def test_the_navigation_holds_every_page_and_no_other() -> None:
    _, chapters = configured((ROOT / "mkdocs.yml").read_bytes(), {})
    assert set(chapters) == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_keeps_the_rules(page: str) -> None:
    assert list(front.faults(PAGES[page])) == []
    assert list(contract.faults(page, PAGES[page])) == []
    assert list(front.read(PAGES[page]))[:2] == ["title", "description"], (
        "begin with title and description"
    )


CHAPTER = """---
title: Is it so?
description: It is.
---
It is, by [[= value("a.b") ]]. [[= figure("a-b") ]]

## What this does not show

[[= claim("a-b") ]] [[= settings("a") ]] [[= cite("c") ]]
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("so?", "so.", 2, "is a question"),
        ("It is.\n", "It is\n", 3, "full stop"),
        ("It is, by", "TODO, by", 5, "'TODO' promises"),
        ("value(", "setting(", 5, "measured number"),
        ("figure(", "source(", 5, "stands a figure"),
        ("does not show", "shows", 5, "does not show"),
        ("claim(", "verdict(", 5, "show the claims"),
        ("settings(", "setting(", 5, "what was run"),
        ("cite(", "source(", 5, "name the sources"),
    ],
)
def test_a_chapter_that_breaks_a_rule_is_told(old: str, new: str, line: int, told: str) -> None:
    assert list(contract.faults("shift/a.md", CHAPTER)) == []
    ((where, said),) = contract.faults("shift/a.md", CHAPTER.replace(old, new, 1))
    assert where == line and told in said


def test_a_measured_number_and_a_figure_stand_in_the_first_screen() -> None:
    late = CHAPTER.replace("It is, by", "\n".join(["Long."] * 400))
    assert len(list(contract.faults("shift/a.md", late))) == 2
    assert list(contract.faults("about/a.md", late)) == []
