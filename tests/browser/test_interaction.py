"""What a reader can do: search, filter, play, switch the theme; and what works without scripts."""

from __future__ import annotations

from typing import Any

import pytest

from site_gen.theme.palette import SURFACE
from tests.browser.conftest import DESKTOP, PAGES, SITE
from tests.browser.test_pages import as_css


def a_page_with(what: str) -> str:
    """The first page whose HTML holds a string."""
    for address in PAGES:
        if what in (SITE / address).read_text(encoding="utf-8"):
            return address
    pytest.fail(f"no page of this site has {what}")


@pytest.mark.parametrize("query", ["variance", "batch", "claims"])
def test_search_works_from_disk(visit: Any, query: str) -> None:
    deepest = max(PAGES, key=lambda address: address.count("/")) if PAGES else "index.html"
    seen = visit(deepest)
    field = seen.page.locator("[data-md-component=search-query]")
    field.click()
    field.press_sequentially(query)
    result = seen.page.locator(".md-search-result__item a").first
    result.wait_for(timeout=10_000)
    target = result.get_attribute("href")
    result.click()
    seen.page.wait_for_load_state()
    assert target.partition("?")[0].partition("#")[0] in seen.page.url or seen.page.url.startswith(
        target
    )
    assert seen.errors == []


def test_the_theme_can_be_switched(visit: Any) -> None:
    """The system's theme (light here), light, dark, and back; other pages remember it."""
    page = visit("index.html", "light").page
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = (as_css(colour) for colour in SURFACE["paper"])
    seen = []
    for _ in range(4):
        seen.append(page.evaluate(background))
        page.locator("[data-md-component=palette] label:visible").click()
    assert seen == [light, light, dark, light]
    page.locator("[data-md-component=palette] label:visible").click()
    assert page.evaluate(background) == dark
    page.reload()
    assert page.evaluate(background) == dark
    page.evaluate("localStorage.clear()")


def test_claims_can_be_filtered(visit: Any) -> None:
    page = visit(a_page_with('data-bn-filter="ledger"')).page
    rows, shown = page.locator(".bn-ledger tbody tr"), page.locator(".bn-ledger tbody tr:visible")
    assert shown.count() == rows.count() > 0
    verdict = rows.last.get_attribute("data-verdict")
    page.locator(f"input[name=verdict][value={verdict}]").check()
    assert {row.get_attribute("data-verdict") for row in shown.all()} == {verdict}
    assert str(shown.count()) in page.locator(".bn-filter__count").inner_text()
    assert f"verdict={verdict}" in page.url
    page.reload()
    assert {row.get_attribute("data-verdict") for row in shown.all()} == {verdict}, (
        "the choice lives in the address"
    )


def test_without_scripts_everything_is_there(browser: Any) -> None:
    with browser.new_context(viewport=DESKTOP, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto((SITE / a_page_with('data-bn-filter="ledger"')).as_uri())
        rows = page.locator(".bn-ledger tbody tr")
        assert page.locator(".bn-ledger tbody tr:visible").count() == rows.count() > 0
        assert not page.locator(".bn-filter").first.is_visible()


def test_an_animation_plays_pauses_and_seeks(visit: Any) -> None:
    page = visit(a_page_with("<video")).page
    bar, film = page.locator(".bn-player").first, page.locator("video:visible").first
    assert film.evaluate("film => film.paused && film.readyState === 0"), (
        "nothing is loaded before Play"
    )
    button = bar.get_by_role("button")
    button.focus()
    page.keyboard.press("Enter")
    film.evaluate("""film => new Promise(done => {
      film.addEventListener("timeupdate", () => film.currentTime > 0 && done());
    })""")
    assert button.inner_text() == "Pause"
    page.keyboard.press("Enter")
    assert film.evaluate("film => film.paused")
    bar.get_by_role("slider").fill("500")
    half = film.evaluate("film => film.currentTime / film.duration")
    assert 0.4 < half < 0.6


# A browser of before 2023: an unknown selector is an error, and some interfaces do not exist.
OLD = """
for (const owner of [Document, DocumentFragment, Element]) {
  for (const name of ["querySelector", "querySelectorAll"]) {
    const real = owner.prototype[name];
    owner.prototype[name] = function (selector) {
      if (!selector.includes(":has(")) return real.call(this, selector);
      throw new DOMException(`'${selector}' is not a valid selector`, "SyntaxError");
    };
  }
}
delete window.ResizeObserver;
delete window.IntersectionObserver;
Object.defineProperty(Document.prototype, "fonts", { value: undefined });
"""


def test_the_scripts_run_where_a_browser_lacks_what_is_new(browser: Any) -> None:
    with browser.new_context(viewport=DESKTOP) as context:
        page = context.new_page()
        page.add_init_script(OLD)
        own: list[str] = []
        page.on(
            "pageerror",
            lambda error: own.append(str(error.stack)) if "house.js" in str(error.stack) else None,
        )
        page.goto((SITE / a_page_with("<video")).as_uri())
        assert page.locator(".bn-player").count() > 0
        assert page.locator(".md-search[role=dialog]").get_attribute("aria-label") == "Search"
        page.goto((SITE / a_page_with('data-bn-filter="ledger"')).as_uri())
        assert page.locator(".bn-filter").first.is_visible()
        assert own == []


def test_one_convenience_that_fails_takes_no_other_with_it(browser: Any) -> None:
    with browser.new_context(viewport=DESKTOP) as context:
        page = context.new_page()
        page.add_init_script("delete window.URLSearchParams")
        page.goto((SITE / a_page_with('data-bn-filter="ledger"')).as_uri())
        assert page.locator(".md-search[role=dialog]").get_attribute("aria-label") == "Search"
        assert page.locator(".bn-ledger tbody tr:visible").count() > 0
