"""What every page promises before it is rendered; rendering itself is strict."""

from __future__ import annotations

import re

import pytest

from site_gen.pages import front
from site_gen.pages.calls import calls
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
def test_front_matter(page: str) -> None:
    assert list(front.faults(PAGES[page])) == []
    read = front.read(PAGES[page])
    assert list(read)[:2] == ["title", "description"], "begin with title and description"
    assert read["description"].endswith("."), "the description is a sentence"


CHAPTERS = ("transform", "inference", "shift", "optimization", "depth")


@pytest.mark.parametrize("page", [page for page in PAGES if page.split("/")[0] in CHAPTERS])
def test_a_chapter_asks_answers_shows_limits_and_cites(page: str) -> None:
    text = PAGES[page]
    assert re.search(r"^title: .*\?", text, re.M), "the title is a question"
    last = text[: front.end(text) + 1500].count("\n") + 1
    opening = {call.name for call in calls(text) if call.line <= last}
    assert opening & {"value", "interval"}, "the answer holds a measured number"
    assert "figure" in opening, "a figure stands in the first screen"
    assert {"settings", "claim", "cite"} <= {call.name for call in calls(text)}
    assert re.search(r"^## .*\bnot\b", text, re.M | re.I), "a section says what it does not show"


def test_nobody_is_promised_anything() -> None:
    for page, text in PAGES.items():
        assert not re.search(r"\b(TODO|FIXME|coming soon|placeholder|lorem)\b", text, re.I), page
