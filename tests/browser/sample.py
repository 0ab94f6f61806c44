"""Which pages `make test` opens; `make nightly` opens all.

Pages of figures are made alike: of these it opens an eighth, and those with a kind of element that
this eighth lacks.
"""

from __future__ import annotations

import re
import zlib
from html.parser import HTMLParser

SHARE = 8
ARTICLE = re.compile(r"<article\b.*?</article>", re.DOTALL)
FIGURE = re.compile(r"figures/[^/]+/index\.html")


class Elements(HTMLParser):
    """The kinds of element of a page: tags with their classes, roles and types."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.kinds: set[tuple[str, ...]] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.kinds.add((tag, *(told.get(name) or "" for name in ("class", "role", "type"))))


def article(page: str) -> str:
    """The article of a page, without navigation, header and footer."""
    found = ARTICLE.search(page)
    return found[0] if found else page


def figures(pages: dict[str, str]) -> list[str]:
    """The figure pages to open, of all pages by address.

    They are ordered by a checksum of each article, so that a page that changes may come into the
    sample, and one that does not change keeps its place.
    """
    articles = {
        address: article(text) for address, text in pages.items() if FIGURE.fullmatch(address)
    }
    order = sorted(articles, key=lambda address: (zlib.crc32(articles[address].encode()), address))
    seen: set[tuple[str, ...]] = set()
    chosen = []
    for place, address in enumerate(order):
        kinds = Elements(articles[address]).kinds
        if place * SHARE < len(order) or not kinds <= seen:
            chosen.append(address)
            seen |= kinds
    return sorted(chosen)


def left_out(pages: dict[str, str]) -> list[str]:
    """The figure pages that `figures` does not choose."""
    return sorted(
        {address for address in pages if FIGURE.fullmatch(address)}.difference(figures(pages))
    )
