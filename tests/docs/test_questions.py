"""The page of questions: each has a short answer, a figure, and a link to its chapter."""

from __future__ import annotations

import re

import pytest

from site_gen.pages.calls import Part, calls, calls_in, parts
from site_gen.paths import DOCS

SECTIONS = re.split(r"^## ", (DOCS / "questions.md").read_text(encoding="utf-8"), flags=re.M)[1:]
MOST_WORDS = 120


def shown(part: Part) -> str:
    """A part of a page as its words are counted: a figure has none, any other tag one."""
    if any(call.name == "figure" for call in calls_in(part)):
        return ""
    return "number" if part.kind == "print" else part.source


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_an_answer_is_short_and_has_a_figure(section: str) -> None:
    question, answer = section.split("\n", 1)
    assert question.rstrip("”`").endswith("?")
    assert [call.name for call in calls(answer)].count("figure") == 1
    assert re.search(r"\]\([a-z/-]+\.md(#[a-z-]+)?\)", answer), "no way to a chapter"
    words = re.sub(r"\]\([^)]*\)", "]", "".join(map(shown, parts(answer))))
    assert len(words.split()) <= MOST_WORDS


def test_there_are_twelve() -> None:
    assert len(SECTIONS) == 12
