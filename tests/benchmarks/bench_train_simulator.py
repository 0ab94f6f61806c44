"""How long a frame takes while two networks train on the page: `make bench`.

The default settings in the headless Chromium of the browser tests, on the site that was built last.
A round is the time between two frames, by the browser's own clock; the page asks for sixty
frames a second, so 16.7 ms is all that can be had. OPS is frames a second. On a busy machine read
`median` beside `min`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from site_gen.paths import SITE
from tests.browser import chromium

FRAMES = 240
RUN = """frames => new Promise(done => {
  const one = document.querySelector("bn-train"), times = [];
  one.run();
  const tick = now => {
    times.push(now / 1000);
    if (times.length <= frames) { requestAnimationFrame(tick); return; }
    one.pause();
    done(times);
  };
  requestAnimationFrame(tick);
})"""


@pytest.fixture
def times() -> Iterator[list[float]]:
    """When the frames of a run began, in seconds."""
    path = chromium.find()
    if path is None or not (SITE / "train.html").is_file():
        pytest.skip(f"it takes a site (make site) and a Chromium ({chromium.REMEDY})")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto((SITE / "train.html").as_uri() + "?train.until=1000000")
        page.locator("bn-train .bn-sim").wait_for()
        yield page.evaluate(RUN, FRAMES)
        browser.close()


readings: list[float] = []  # of the browser's clock, for the beginning and the end of every round


@pytest.mark.benchmark(group="frame of the simulator", timer=lambda: readings.pop(0))
def test_frame(benchmark, times):
    readings[:] = [time for pair in pairwise(times) for time in pair]
    benchmark.pedantic(lambda: None, rounds=FRAMES, iterations=1)
    benchmark.extra_info["frames_a_second"] = 1 / benchmark.stats["median"]
