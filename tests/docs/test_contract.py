"""What every page promises before it is rendered; rendering itself is strict."""

from __future__ import annotations

import re

import pytest
from mkdocs.utils.yaml import yaml_load

from site_gen.paths import DOCS, ROOT

PAGES = {
    path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))
}


def in_navigation(node) -> set[str]:
    """All pages that mkdocs.yml's nav names."""
    if isinstance(node, str):
        return {node}
    return {
        page for child in (node.values() if isinstance(node, dict) else node) for page in in_navigation(child)
    }


def test_the_navigation_holds_every_page_and_no_other() -> None:
    with (ROOT / "mkdocs.yml").open("rb") as config:
        assert in_navigation(yaml_load(config)["nav"]) == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_front_matter(page: str) -> None:
    match = re.match(r"---\ntitle: (.+)\ndescription: (.+)\n(?:\w+: .+\n)*---\n", PAGES[page])
    assert match, "begin with title and description"
    read = yaml_load(
        match[0].strip("-\n")
    )  # a colon in a title would end it: MkDocs then shows all of this as text
    assert (read["title"], read["description"]) == (match[1], match[2])
    assert match[2].endswith("."), "the description is a sentence"


CHAPTERS = ("transform", "inference", "shift", "optimization", "depth")


@pytest.mark.parametrize("page", [page for page in PAGES if page.split("/")[0] in CHAPTERS])
def test_a_chapter_asks_answers_shows_limits_and_cites(page: str) -> None:
    text = PAGES[page]
    assert re.search(r"^title: .*\?", text, re.M), "the title is a question"
    opening = text.split("---\n", 2)[2][:1500]
    assert "[[= value(" in opening or "[[= interval(" in opening, "the answer holds a measured number"
    assert "[[= figure(" in opening or "[[= figure(" in opening, "a figure stands in the first screen"
    for tag in ("settings(", "claim(", "cite("):
        assert f"[[= {tag}" in text, tag
    assert re.search(r"^## .*\bnot\b", text, re.M | re.I), "a section says what it does not show"


def test_nobody_is_promised_anything() -> None:
    for page, text in PAGES.items():
        assert not re.search(r"\b(TODO|FIXME|coming soon|placeholder|lorem)\b", text, re.I), page
