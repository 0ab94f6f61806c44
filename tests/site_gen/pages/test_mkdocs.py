"""Names of pages: as MkDocs has them, whatever signs they hold."""

from __future__ import annotations

import json

import pytest

from site_gen.pages import mkdocs


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("index.md", "index.html"),
        ("part/one.md", "part/one.html"),
        ("README.md", "index.html"),
        ("part/README.md", "part/index.html"),
        ("part/MY-README.md", "part/MY-README.html"),
        ("part/readme.md", "part/readme.html"),
    ],
)
def test_the_page_of_a_file(name: str, page: str) -> None:
    assert mkdocs.page_of(name) == page


def test_pages_may_have_any_name() -> None:
    """MkDocs writes them into its index as a part of an address, with escapes."""
    pages = ("ü.md", "50%.md", "a b.md", "part/README.md")
    locations = ("a%20b.html", "part/index.html#x", "50%25.html", "part/index.html", "%C3%BC.html")
    index = json.dumps({"config": {}, "docs": [{"location": one} for one in locations]}).encode()
    html = dict.fromkeys(map(mkdocs.page_of, pages), b"<p id=x></p>")
    made = mkdocs.assemble(pages, {**html, f"0/{mkdocs.INDEX}": index})
    found = [entry["location"] for entry in json.loads(made[mkdocs.INDEX])["docs"]]
    assert found == [
        "50%25.html",
        "a%20b.html",
        "%C3%BC.html",
        "part/index.html#x",
        "part/index.html",
    ]
