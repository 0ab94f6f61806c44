"""One browser for all tests of the built site, and one visit to each page in either theme."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import chromium, sample

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

SITE = Path(os.environ.get("SITE_DIR") or Path(__file__).resolve().parents[2] / "site").resolve()
SCHEMES = ("light", "dark")
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Without 404.html, whose links are absolute: only a server shows it.
PAGES = sorted(
    path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html") if path.name != "404.html"
)
# Pages of figures that are opened by the nightly run alone.
LEFT_TO_NIGHT = sample.left_out(
    {address: (SITE / address).read_text(encoding="utf-8") for address in PAGES}
)


def pytest_configure(config: pytest.Config) -> None:
    """Load the plugin, unless the whole suite has done so."""
    if not config.pluginmanager.has_plugin("tests.browser.chromium"):
        config.pluginmanager.register(chromium, "tests.browser.chromium")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with `address` on each page (some by night only), with `scheme` in both themes."""
    names = metafunc.fixturenames
    if "address" in names:
        pages = [
            pytest.param(one, marks=pytest.mark.nightly if one in LEFT_TO_NIGHT else ())
            for one in PAGES or ["index.html"]
        ]
        metafunc.parametrize("address", pages)
    if "scheme" in names:
        metafunc.parametrize("scheme", SCHEMES)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium without a network."""
    path = chromium.find()
    if path is None:
        if chromium.demanded():
            pytest.fail(f"REQUIRE_BROWSER is set, but no Chromium was found: {chromium.REMEDY}")
        pytest.skip(chromium.LEFT_OUT)
    if not PAGES:
        pytest.fail(f"there is no site in {SITE}: run `make site` first, or set SITE_DIR")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(chromium.FLAGS))
        yield opened
        opened.close()


@dataclass
class Visit:
    """What happened and what was seen when a page was opened."""

    page: Page
    address: str
    scheme: str
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def listeners(self) -> dict[str, Callable[[Any], None]]:
        """What notes errors and requests, by the page's event."""
        return {
            "request": lambda request: self.requests.append(request.url),
            "requestfailed": self.note_failure,
            "pageerror": lambda error: self.errors.append(str(error)),
            "console": self.note_message,
        }

    def note_failure(self, request: Request) -> None:
        # Leaving a page aborts what it still loads, such as its icon.
        if request.failure != "net::ERR_ABORTED":
            self.errors.append(f"not loaded: {request.url} ({request.failure})")

    def note_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)


class Tabs:
    """Tabs of one theme, used again: opening one takes as long as loading two pages."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.idle: list[Page] = []

    def take(self) -> Page:
        """An empty tab, as wide as a desktop."""
        return self.idle.pop() if self.idle else self.context.new_page()

    def give_back(self, page: Page) -> None:
        """Empty a tab for the next test, or close it if that fails."""
        from playwright.sync_api import Error

        try:
            page.evaluate("sessionStorage.clear()")
            page.goto("about:blank")
            page.set_viewport_size(DESKTOP)
        except Error:
            page.close()
        else:
            self.idle.append(page)


@pytest.fixture(scope="session")
def _tabs(browser: Browser) -> Iterator[dict[str, Tabs]]:
    opened = {
        scheme: browser.new_context(viewport=DESKTOP, color_scheme=scheme, offline=True)
        for scheme in SCHEMES
    }
    yield {scheme: Tabs(context) for scheme, context in opened.items()}
    for context in opened.values():
        context.close()


@pytest.fixture
def visit(_tabs: dict[str, Tabs]) -> Iterator[Callable[..., Visit]]:
    """`visit(address, scheme)` opens a page from disk and notes its requests and errors."""
    opened = []

    def go(address: str, scheme: str = "light") -> Visit:
        page = _tabs[scheme].take()
        seen = Visit(page, address, scheme)
        listeners = seen.listeners()
        opened.append((seen, listeners))
        for event, listener in listeners.items():
            page.on(event, listener)
        page.goto((SITE / address).as_uri())
        return seen

    yield go
    for seen, listeners in opened:
        for event, listener in listeners.items():
            seen.page.remove_listener(event, listener)
        _tabs[seen.scheme].give_back(seen.page)


# The script is as long as ten pages, so it is sent once to a document. `preload` would make axe
# read the style sheets again, which a browser refuses for files on disk; `resultTypes` leaves out
# what passes.
HAS_AXE = "typeof axe !== 'undefined'"
VIOLATIONS = """async within => {
  const options = { preload: false, resultTypes: ["violations"] };
  const { violations } = await axe.run(within ?? document, options);
  return violations.flatMap(one => one.nodes.map(({ html, failureSummary }) =>
    `${one.id}: ${one.help}: ${html.slice(0, 200)} (${failureSummary.slice(0, 200)})`));
}"""


@pytest.fixture(scope="session")
def violations() -> Callable[..., list[str]]:
    """`violations(page, within)` checks the accessibility of a page or of what a selector finds."""
    from axe_playwright_python.base import AXE_SCRIPT

    def check(page: Page, within: str | None = None) -> list[str]:
        if not page.evaluate(HAS_AXE):
            page.evaluate(AXE_SCRIPT + ";0")
        return page.evaluate(VIOLATIONS, within)

    return check
