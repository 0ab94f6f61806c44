"""Every page of the built site, opened from disk in both themes."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from site_gen.theme.palette import SURFACE
from tests.browser.conftest import PHONE, SITE

# Images of the other theme are hidden and lazy: load each one, until it is decoded or has failed.
LOAD_IMAGES = """async () => {
  const images = [...document.images];
  images.forEach(image => { image.loading = "eager"; });
  await Promise.all(images.map(image => image.decode().catch(() => null)));
  return images.filter(image => !image.naturalWidth).map(image => image.src);
}"""
SHOWN = """() => ["light", "dark"].map(side => [...document.querySelectorAll(`.bn-only-${side}`)]
  .filter(one => one.getClientRects().length).length)"""
TWICE = """() => [...document.querySelectorAll("[id]")].map(one => one.id)
  .filter((id, at, all) => all.indexOf(id) !== at)"""
OVERFLOWING = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.body.querySelectorAll("*")]
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
    .slice(-5).map(one => one.outerHTML.slice(0, 120))"""
HERE = ("file:", "data:", "blob:")


def test_a_page_is_sound(visit: Any, violations: Any, address: str, scheme: str) -> None:
    """All checks in one visit; most pages of figures are opened by the nightly run alone."""
    seen = visit(address, scheme)
    page = seen.page
    faults = {
        "images that do not load": page.evaluate(LOAD_IMAGES),
        "console errors": seen.errors,
        "requests that leave the disk": [url for url in seen.requests if not url.startswith(HERE)],
        "the other theme's pictures": page.evaluate(SHOWN)[scheme == "light"] or None,
        "ids that stand twice": page.evaluate(TWICE),
        "films that start by themselves": page.locator("video[autoplay]").count() or None,
        "accessibility": violations(page),
    }
    assert {what: found for what, found in faults.items() if found} == {}
    assert page.locator("h1").count() == 1
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == as_css(SURFACE["paper"][scheme == "dark"]), (
        "the page's background is the paper of its figures"
    )
    page.set_viewport_size(PHONE)
    assert page.evaluate(OVERFLOWING) == [], "nothing is wider than a phone"


def as_css(colour: str) -> str:
    """A colour as `getComputedStyle` writes it."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"


class Links(HTMLParser):
    """The ids of a page and whatever it refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.targets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note ids and targets, but for `rel=canonical` and its like, which name no file."""
        found = dict(attrs)
        if "id" in found:
            self.ids[found["id"] or ""] += 1
        if tag == "link" and found.get("rel") in ("canonical", "prev", "next"):
            return
        self.targets += [found[name] or "" for name in ("href", "src", "poster") if name in found]


@pytest.fixture(scope="session")
def parsed() -> dict[str, Links]:
    """All pages of the site, parsed."""
    if not SITE.is_dir():
        pytest.fail(f"there is no site in {SITE}: run `make site` first, or set SITE_DIR")
    return {
        path.relative_to(SITE).as_posix(): Links(path.read_text(encoding="utf-8"))
        for path in SITE.rglob("*.html")
    }


def test_every_link_leads_somewhere(parsed: dict[str, Links]) -> None:
    """Files and anchors, written by Markdown or by hand."""
    dead = []
    for name, page in parsed.items():
        for target in page.targets if name != "404.html" else ():
            link = urlsplit(target)
            if link.scheme or link.netloc:
                continue
            path = (SITE / name).parent / unquote(link.path) if link.path else SITE / name
            relative = path.resolve().relative_to(SITE).as_posix()
            anchored = (
                link.fragment
                and relative in parsed
                and unquote(link.fragment) not in parsed[relative].ids
            )
            if not path.is_file() or anchored:
                dead.append(f"{name}: {target}")
    assert dead == []


def test_no_id_stands_twice(parsed: dict[str, Links]) -> None:
    """Before a script has run; `test_a_page_is_sound` looks afterwards."""
    twice = {
        name: [one for one, count in page.ids.items() if count > 1] for name, page in parsed.items()
    }
    assert {name: ids for name, ids in twice.items() if ids} == {}


def test_pages_load_nothing_from_elsewhere(parsed: dict[str, Links]) -> None:
    """No page loads a script, style, font or picture of another site."""
    for path in [
        *SITE.rglob("*.css"),
        *SITE.rglob("assets/house.js"),
        *SITE.rglob("assets/simulators/*.js"),
    ]:
        text = path.read_text(encoding="utf-8")
        assert "url(http" not in text.replace('"', ""), path.name
        assert "import(" not in text, path.name
    for name in parsed:
        text = (SITE / name).read_text(encoding="utf-8")
        for tag in (
            '<script src="http',
            "<script src='http",
            "<script src=//",
            '<img src="http',
            "<iframe",
        ):
            assert tag not in text, name


def test_ids_say_something(parsed: dict[str, Links]) -> None:
    """Except old ids, which remain as empty elements, aliases of a heading."""
    for name in parsed:
        text = (SITE / name).read_text(encoding="utf-8")
        text = re.sub(r'<span class="bn-alias" id="[^"]*"></span>', "", text)
        assert not re.search(r'\sid="(\d+|and|with|_\d+)"', text), name


def test_mp4_stands_before_webm(parsed: dict[str, Links]) -> None:
    """Safari is said to stop at a WebM that it cannot play."""
    films = [
        film
        for name in parsed
        for film in re.findall(
            r"<video\b.*?</video>", (SITE / name).read_text(encoding="utf-8"), re.DOTALL
        )
    ]
    assert films
    for film in films:
        assert film.index('type="video/mp4') < film.index('type="video/webm'), film
