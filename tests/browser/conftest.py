"""One browser for all tests of the built site, and one visit of every page under either theme."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

SITE = Path(os.environ.get("SITE_DIR") or Path(__file__).resolve().parents[2] / "site").resolve()
SCHEMES = ("light", "dark")
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Pages under their own address; 404.html holds absolute addresses and is only served by a server.
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html") if path.name != "404.html")


def pytest_configure(config: pytest.Config) -> None:
    """Where the whole suite did not load the plugin, this folder does."""
    if not config.pluginmanager.has_plugin("tests.browser.chromium"):
        config.pluginmanager.register(chromium, "tests.browser.chromium")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with `address` on every page, one with `scheme` under both themes."""
    if "address" in metafunc.fixturenames:
        metafunc.parametrize("address", PAGES or ["index.html"])
    if "scheme" in metafunc.fixturenames:
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


@pytest.fixture(scope="session")
def _contexts(browser: Browser) -> Iterator[dict[str, BrowserContext]]:
    opened = {
        scheme: browser.new_context(viewport=DESKTOP, color_scheme=scheme, offline=True) for scheme in SCHEMES
    }
    yield opened
    for context in opened.values():
        context.close()


@pytest.fixture
def visit(_contexts: dict[str, BrowserContext]) -> Iterator[Callable[..., Visit]]:
    """`visit(address, scheme)` opens a page from disk, notes every request and error, and closes it after the test."""
    opened = []

    def go(address: str, scheme: str = "light") -> Visit:
        page = _contexts[scheme].new_page()
        opened.append(page)
        seen = Visit(page, address, scheme)
        page.on("request", lambda request: seen.requests.append(request.url))
        # whoever leaves a page breaks off what it still loads, its icon for one
        page.on("requestfailed", lambda request: request.failure != "net::ERR_ABORTED"
                and seen.errors.append(f"not loaded: {request.url} ({request.failure})"))  # fmt: skip
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.on(
            "console",
            lambda message: message.type in ("error", "warning") and seen.errors.append(message.text),
        )
        page.goto((SITE / address).as_uri())
        return seen

    yield go
    for page in opened:
        page.close()


@pytest.fixture(scope="session")
def axe() -> Any:
    """The accessibility checker."""
    from axe_playwright_python.sync_playwright import Axe

    return Axe()
