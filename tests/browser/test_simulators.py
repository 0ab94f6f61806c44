"""Simulators in a real browser: controls, addresses, absurd input, accessibility, no scripts."""

from __future__ import annotations

import ast
import functools
import gzip
import html
import http.server
import itertools
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import numpy as np
import pytest

from experiments.engine.standardize import Convention, Standardize
from site_gen.simulators import declarations
from tests.browser import frameworks
from tests.browser.conftest import DESKTOP, PAGES, PHONE, SITE
from tests.browser.test_pages import OVERFLOWING, TWICE

NAMES = declarations.names()
ABSURD = (
    "NaN",
    "1e308",
    "-1e400",
    "",
    "   ",
    "text",
    "<img src=x onerror=alert(1)>",
    "0x10",
    "1,2,3",
    "∞",
    "1e-400e",
)
# A simulator speaks and writes the address after 600 ms of rest. A timer of the same length that is
# set later ends after that one, on a slow machine too.
SETTLED = "() => new Promise(done => setTimeout(done, 600))"
# What is said beside a field, whether it is marked, and what is drawn, in one answer.
STATE_OF_A_FIELD = """(one, name) => {
  const control = one.querySelector(`[data-setting=${name}]`);
  return [
    control.querySelector(".bn-sim__fault").innerText,
    control.querySelector("input[type=text]").getAttribute("aria-invalid"),
    one.querySelector(".bn-sim__stage").innerHTML,
  ];
}"""


@functools.cache
def page_with(name: str) -> str:
    """The first page that has a simulator."""
    for address in PAGES:
        if f"<{name} " in (SITE / address).read_text(encoding="utf-8"):
            return address
    pytest.fail(f"no page of this site has {name}")


@pytest.fixture
def open_simulator(visit: Any) -> Iterator[Callable[..., tuple[Any, Any]]]:
    """`open_simulator(name, query)` gives the visit and the simulator.

    At the end nothing may stand in the console.
    """
    seen = []

    def go(name: str, query: str = "", scheme: str = "light") -> tuple[Any, Any]:
        found = visit(page_with(name), scheme)
        if query:
            found.page.goto((SITE / page_with(name)).as_uri() + "?" + query)
        seen.append(found)
        element = found.page.locator(name).first
        element.locator(".bn-sim").wait_for()
        return found, element

    yield go
    for found in seen:
        assert found.errors == []


def settings(element: Any) -> dict[str, Any]:
    return element.evaluate("one => ({...one.settings})")


def shown(element: Any) -> str:
    """Everything that the simulator shows, as text and as drawings."""
    return element.evaluate(
        """one => one.querySelector(".bn-sim__stage").innerHTML
          + one.querySelector(".bn-sim__sentence").innerText"""
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_control_by_mouse(open_simulator: Any, name: str) -> None:
    """Sliders, boxes, lists and buttons change the settings, and what is drawn with them."""
    _, element = open_simulator(name)
    for declared in declarations.declaration(name)["settings"]:
        control = element.locator(f"[data-setting={declared['name']}]")
        if declared.get("hidden") or not control.is_visible():
            continue
        before = settings(element)[declared["name"]]
        if declared["kind"] == "choice":
            other = next(key for key in declared["choices"] if key != before and key != "typed")
            control.locator("select").select_option(other)
        elif declared["kind"] == "numbers":
            control.locator("input").fill("1 2 3 10")
        elif declared["kind"] == "number" and "low" not in declared:
            control.locator("input").fill("0.25")
        else:
            slider = control.locator("input[type=range]")
            box = slider.bounding_box()
            share = (
                0.9
                if slider.evaluate("one => (one.value - one.min) / (one.max - one.min) < 0.6")
                else 0.1
            )
            slider.click(position={"x": box["width"] * share, "y": box["height"] / 2})
        assert settings(element)[declared["name"]] != before, declared["name"]
    for button in element.locator("button:visible").all():
        button.click()


@pytest.mark.parametrize("name", NAMES)
def test_every_control_by_keyboard(open_simulator: Any, name: str) -> None:
    """Tab reaches every control in the order of the page; keys change it; the focus is visible."""
    seen, element = open_simulator(name)
    page = seen.page
    reachable = element.locator(":is(button, input, select, summary):visible:not(:disabled)")
    reachable.first.focus()
    for i in range(reachable.count()):
        assert reachable.nth(i).evaluate("one => one === document.activeElement"), f"stop {i}"
        assert reachable.nth(i).get_attribute("tabindex") is None
        page.keyboard.press("Tab")
    for declared in declarations.declaration(name)["settings"]:
        control = element.locator(f"[data-setting={declared['name']}]")
        if declared.get("hidden") or not control.is_visible():
            continue
        before = settings(element)[declared["name"]]
        field = control.locator("select, input").first
        field.focus()
        if declared["kind"] == "numbers" or (
            declared["kind"] == "number" and "low" not in declared
        ):
            page.keyboard.press("Control+A")
            page.keyboard.type("1 2 3 10" if declared["kind"] == "numbers" else "0.25")
        else:
            page.keyboard.press("ArrowUp" if declared["kind"] == "choice" else "ArrowRight")
            if settings(element)[declared["name"]] == before:
                page.keyboard.press("ArrowDown" if declared["kind"] == "choice" else "ArrowLeft")
        assert settings(element)[declared["name"]] != before, declared["name"]
        if declared["kind"] == "number":
            control.locator("input[type=text]").focus()
            page.keyboard.press("Control+A")
            page.keyboard.type(str(declared["least"]))
            assert settings(element)[declared["name"]] == declared["least"]
        if declared["name"] == "data":
            element.evaluate("(one, value) => one.set('data', value)", before)
    element.locator(".bn-sim__actions button:visible").last.focus()
    page.keyboard.press("Enter")
    assert settings(element) == element.evaluate("one => ({...one.begin})"), (
        "the last button starts over"
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_address_holds_the_state(open_simulator: Any, name: str) -> None:
    """What differs from the start is in the address; opened again, it is the same picture."""
    seen, element = open_simulator(name, "other=kept")
    page = seen.page
    for preset in [*declarations.declaration(name)["presets"]]:
        element.locator(f"[data-preset={preset}]").click()
        assert (
            element.locator(".bn-sim__watch").inner_text()
            == declarations.declaration(name)["presets"][preset]["watch"]
        )
        page.evaluate(SETTLED)
        assert "other=kept" in page.url
        before = (settings(element), shown(element))
        page.goto(page.url)
        element.locator(".bn-sim").wait_for()
        assert (settings(element), shown(element)) == before, preset
    element.get_by_role("button", name="Start over").click()
    page.evaluate(SETTLED)
    assert page.url.endswith("?other=kept")


@pytest.mark.parametrize("name", NAMES)
def test_links_from_prose_open_their_situation(visit: Any, name: str) -> None:
    """Each link into this simulator opens it with the link's settings, in view, without a fault."""
    stem = name.removeprefix("bn-")
    links = {
        urljoin(address, html.unescape(target))
        for address in PAGES
        for target in re.findall(
            rf'<a href="([^"]*\?{stem}\.[^"]*#{stem})"',
            (SITE / address).read_text(encoding="utf-8"),
        )
    }
    assert links, "the pages of this site lead to each simulator"
    seen = visit(page_with(name))
    for link in sorted(links):
        page, _, rest = link.partition("?")
        seen.page.goto((SITE / page).as_uri() + "?" + rest)
        element = seen.page.locator(f"{name}#{stem}")
        element.locator(".bn-sim").wait_for()
        asked = {key.partition(".")[2]: value for key, value in parse_qsl(urlsplit(link).query)}
        held = {key: value for key, value in settings(element).items() if key in asked}
        assert {key: type(held[key])(value) for key, value in asked.items()} == held, link
        assert [text for text in element.locator(".bn-sim__fault").all_inner_texts() if text] == []
        assert element.evaluate(
            "one => Math.abs(one.getBoundingClientRect().top) < innerHeight / 2"
        ), link
        assert seen.errors == []


@pytest.mark.parametrize("name", NAMES)
def test_absurd_input_gives_a_sentence(open_simulator: Any, name: str) -> None:
    """In every box and in the address: a sentence beside the control, and the rest works on."""
    seen, element = open_simulator(name)
    for declared in declarations.declaration(name)["settings"]:
        control = element.locator(f"[data-setting={declared['name']}]")
        if (
            declared.get("hidden")
            or not control.is_visible()
            or declared["kind"] not in ("number", "numbers")
        ):
            continue
        field, said = control.locator("input[type=text]"), control.locator(".bn-sim__fault")
        for absurd in ABSURD:
            if declared["kind"] == "numbers" and absurd == "1,2,3":
                continue
            field.fill(absurd)
            fault, invalid, stage = element.evaluate(STATE_OF_A_FIELD, declared["name"])
            assert fault.endswith("."), (declared["name"], absurd)
            assert invalid == "true"
            assert "NaN" not in stage
        if declared["kind"] == "number":
            field.fill(str(declared["least"]))
        else:
            field.fill("1 2 4")
        assert said.inner_text() == "" and field.get_attribute("aria-invalid") is None
    assert element.locator("img").count() == 0
    identifier = element.get_attribute("id")
    asked = [one for one in declarations.declaration(name)["settings"] if one["kind"] != "numbers"]
    for absurd in ("NaN", "1e308", "<img src=x onerror=alert(1)>"):
        query = "&".join(f"{identifier}.{declared['name']}={absurd}" for declared in asked)
        seen.page.goto((SITE / page_with(name)).as_uri() + "?" + query)
        element.locator(".bn-sim").wait_for()
        held, begin = element.evaluate("one => [{...one.settings}, {...one.begin}]")
        assert held == begin
        for declared in asked:
            control = element.locator(f"[data-setting={declared['name']}]")
            if not declared.get("hidden") and control.is_visible():
                assert control.locator(".bn-sim__fault").inner_text().endswith("."), (
                    declared["name"],
                    absurd,
                )
    assert element.locator("img").count() == 0


@pytest.mark.parametrize("name", NAMES)
def test_accessible_in_every_situation(
    open_simulator: Any, violations: Any, name: str, scheme: str
) -> None:
    """axe finds nothing, at two widths, in every preset; nothing is wider than a phone."""
    seen, element = open_simulator(name, scheme=scheme)
    for size in (DESKTOP, PHONE):
        seen.page.set_viewport_size(size)
        for button in [None, *element.locator(".bn-sim__presets button").all()]:
            if button is not None:
                button.click()
            assert violations(seen.page, name) == []
            assert seen.page.evaluate(OVERFLOWING) == []


@pytest.mark.parametrize("name", NAMES)
def test_screen_readers_are_told_once(open_simulator: Any, name: str) -> None:
    """Many changes in a row make one announcement, after the last."""
    _, element = open_simulator(name)
    first = next(
        one for one in declarations.declaration(name)["settings"] if one["kind"] == "ladder"
    )
    script = """(one, name) => new Promise(done => {
      const told = [], place = one.querySelector(".bn-sim__hidden");
      const note = () => told.push(place.textContent);
      new MutationObserver(note).observe(place, { childList: true });
      const slider = one.querySelector(`[data-setting=${name}] input[type=range]`);
      let k = 0;
      const go = () => {
        slider.value = k % 2 ? slider.min : slider.max;
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        if (++k < 30) setTimeout(go, 20); else setTimeout(() => done(told), 1500);
      };
      go();
    })"""
    said = element.evaluate(script, first["name"])
    assert len(said) == 1 and said[0] == element.locator(".bn-sim__sentence").inner_text()


@pytest.mark.parametrize("name", NAMES)
def test_without_scripts_and_on_paper_a_figure_stands_in(browser: Any, name: str) -> None:
    with browser.new_context(viewport=DESKTOP, java_script_enabled=False, offline=True) as context:
        page = context.new_page()
        page.goto((SITE / page_with(name)).as_uri())
        box = page.locator(f".bn-simulator:has({name})").first
        assert box.locator(".bn-simulator__still img:visible").count() == 1
        assert box.locator(".bn-simulator__still figcaption").inner_text()
        assert not box.locator(".bn-simulator__live").is_visible()
    with browser.new_context(viewport=DESKTOP, offline=True) as context:
        page = context.new_page()
        page.goto((SITE / page_with(name)).as_uri())
        assert page.locator(f"{name} .bn-sim").first.is_visible()
        page.emulate_media(media="print")
        box = page.locator(f".bn-simulator:has({name})").first
        assert box.locator(".bn-simulator__still img:visible").count() == 1
        assert not box.locator(".bn-sim").is_visible()


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """The site over HTTP."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(SITE))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.mark.parametrize("name", NAMES)
def test_works_over_http(browser: Any, served: str, name: str) -> None:
    """The same without an error, and without a request that leaves the site."""
    with browser.new_context(viewport=DESKTOP) as context:
        page, errors, requests = context.new_page(), [], []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: message.type in ("error", "warning") and errors.append(message.text),
        )
        page.on("request", lambda request: requests.append(request.url))
        page.goto(served + page_with(name))
        element = page.locator(name).first
        element.locator(".bn-sim").wait_for()
        for button in element.locator("button:visible").all():
            button.click()
        page.evaluate(SETTLED)
        assert errors == []
        assert [url for url in requests if not url.startswith((served, "data:", "blob:"))] == []


def test_scripts_are_loaded_where_they_are_needed() -> None:
    """Every page with a simulator loads what it takes, once; no other page loads any of it."""
    for address in PAGES:
        text = (SITE / address).read_text(encoding="utf-8")
        here = [name for name in NAMES if f"<{name} " in text]
        wanted = {script for name in here for script in declarations.scripts(name)}
        for path in declarations.files():
            if path.suffix == ".js":
                assert text.count(f"assets/simulators/{path.name}") == (path.name in wanted), (
                    address,
                    path.name,
                )


def test_small_enough() -> None:
    """Everything that all simulators load: at most 60 KB as it is sent."""
    sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in declarations.files()}
    sizes |= {
        f"{name}.json": len(gzip.compress(json.dumps(declarations.declaration(name)).encode()))
        for name in NAMES
    }
    assert sum(sizes.values()) <= 60_000, sizes


# --------------------------------------------------------------------------------------- bn-affine


def affine(element: Any) -> dict[str, Any]:
    return element.evaluate("one => one.figures")


def test_affine_the_copied_example_is_corrected(open_simulator: Any) -> None:
    """The four numbers have the standard deviation √(5/4), and leave with |γ| all the same."""
    _, element = open_simulator("bn-affine")
    element.locator("[data-preset=copied-example]").click()
    found = affine(element)
    assert found["x"] == pytest.approx({"mean": 0, "std": 1.25**0.5})
    assert found["y"]["std"] == pytest.approx(2 * (1.25 / 1.25001) ** 0.5, rel=1e-12)


def test_affine_undo_gives_back_what_came_in(open_simulator: Any) -> None:
    _, element = open_simulator("bn-affine", "affine.epsilon=0.001&affine.data=skewed")
    element.get_by_role("button", name="Undo").click()
    found = affine(element)
    assert found["y"] == pytest.approx(found["x"], rel=1e-12)
    assert settings(element)["gamma"] == pytest.approx((found["variance"] + 1e-3) ** 0.5, rel=1e-14)
    assert settings(element)["beta"] == pytest.approx(found["mu"], rel=1e-14)
    assert "y is x again" in element.locator(".bn-sim__sentence").inner_text()


def test_affine_presets_show_what_they_say(open_simulator: Any) -> None:
    _, element = open_simulator("bn-affine")
    found = {}
    for preset in declarations.declaration("bn-affine")["presets"]:
        element.locator(f"[data-preset={preset}]").click()
        found[preset] = affine(element)
    element.get_by_role("button", name="Start over").click()
    usual = affine(element)
    assert found["outlier"]["x"]["std"] > 1.5, "the others have a standard deviation of about one"
    assert found["epsilon"]["xhat"]["std"] < 0.5
    assert found["epsilon"]["variance"] < 1e-3
    assert found["step"]["a"]["std"] > 2 * usual["a"]["std"]
    assert found["dial"]["a"]["std"] < 0.1
    assert found["flat"]["dx"]["std"] < 0.1 * usual["dx"]["std"]


def test_affine_without_spread_and_without_epsilon(open_simulator: Any) -> None:
    _, element = open_simulator("bn-affine", "affine.data=typed&affine.epsilon=0")
    element.locator("[data-setting=numbers] input").fill("3 3 3")
    assert "0/0" in element.locator(".bn-sim__sentence").inner_text()
    element.locator("[data-setting=numbers] input").fill("1e100 -1e100 0")
    assert affine(element)["xhat"]["std"] == pytest.approx(1)


def test_affine_shows_what_is_typed_as_text(open_simulator: Any) -> None:
    """From the address too: a sentence quotes it, and no element comes of it."""
    _, element = open_simulator(
        "bn-affine", "affine.data=typed&affine.numbers=1,<img src=x onerror=alert(1)>"
    )
    assert "“<img”" in element.locator("[data-setting=numbers] .bn-sim__fault").inner_text()
    assert element.locator("img").count() == 0
    assert affine(element)["x"]["std"] == pytest.approx(1.25**0.5), "the last batch that made sense"


@pytest.mark.parametrize(
    ("typed", "mean"),
    [
        ("1,5; 2,5; 3,5", 2.5),
        ("−1,5;2,5", 0.5),
        ("1.5; 2,5", 2),
        (",5; 1,5e1", 7.75),
        ("1; 2; 3", 2),
        ("1, 2, 6", 3),
        ("1,2,6", 3),
        ("1.5 2.5 , 3.5", 2.5),
    ],
)
def test_affine_a_comma_is_decimal_beside_semicolons(
    open_simulator: Any, typed: str, mean: float
) -> None:
    _, element = open_simulator("bn-affine", "affine.data=typed")
    field = element.locator("[data-setting=numbers]")
    field.locator("input").fill(typed)
    assert affine(element)["x"]["mean"] == pytest.approx(mean)
    assert field.locator(".bn-sim__fault").inner_text() == ""


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1,5 2,5 3,5", "Is “1,5” one number or two?"),
        ("1, 2,5, 3", "Is “2,5” one number or two?"),
        ("1,5,5; 2", "“1,5,5” is not a number."),
        ("1.5,2; 3", "“1.5,2” is not a number."),
    ],
)
def test_affine_asks_where_a_comma_may_be_either(
    open_simulator: Any, typed: str, said: str
) -> None:
    _, element = open_simulator("bn-affine", "affine.data=typed")
    field = element.locator("[data-setting=numbers]")
    field.locator("input").fill(typed)
    assert field.locator(".bn-sim__fault").inner_text().startswith(said)
    assert affine(element)["x"]["mean"] == 0, "the last batch that made sense"


def test_two_on_one_page_do_not_collide(open_simulator: Any) -> None:
    """A second one of the same kind has an id of its own, from its tag, and its own state."""
    seen, element = open_simulator("bn-affine")
    seen.page.evaluate("""() => {
      const first = document.querySelector("bn-affine");
      const second = document.createElement("bn-affine"), told = document.createElement("script");
      told.type = "application/json";
      told.textContent = JSON.stringify(first.told);
      second.id = "affine-2";
      second.append(told);
      first.after(second);
    }""")
    second = seen.page.locator("#affine-2")
    second.locator("[data-preset=flat]").click()
    element.locator("[data-preset=step]").click()
    seen.page.evaluate(SETTLED)
    assert settings(second)["beta"] == 5 and settings(element)["beta"] == 0
    assert "affine.gamma=10" in seen.page.url and "affine-2.beta=5" in seen.page.url
    assert seen.page.evaluate(TWICE) == []


# -------------------------------------------------------------------------------------- bn-running


def running(element: Any) -> dict[str, Any]:
    return element.evaluate("one => one.figures")


def test_running_runs_pauses_and_steps(open_simulator: Any) -> None:
    """Nothing moves before Run; Pause stops; a step is one batch; it stops at the last batch."""
    seen, element = open_simulator("bn-running")
    page, count = seen.page, lambda: settings(element)["batches"]
    start = count()
    page.wait_for_timeout(400)
    assert count() == start
    element.get_by_role("button", name="Run").press("Enter")
    page.wait_for_function(
        "start => document.querySelector('bn-running').settings.batches > start + 3", arg=start
    )
    element.get_by_role("button", name="Pause").press("Enter")
    paused = count()
    page.wait_for_timeout(400)
    assert count() == paused
    element.get_by_role("button", name="One batch more").click()
    assert count() == paused + 1
    element.locator("[data-setting=batches] input[type=text]").fill("298")
    element.get_by_role("button", name="Run").click()
    page.wait_for_function("document.querySelector('bn-running').settings.batches === 300")
    element.get_by_role("button", name="Run").wait_for()


def test_running_presets_show_what_they_say(open_simulator: Any) -> None:
    _, element = open_simulator("bn-running")
    found = {}
    for preset in declarations.declaration("bn-running")["presets"]:
        element.locator(f"[data-preset={preset}]").click()
        found[preset] = running(element)
    held = found["neighbours"]
    assert len(set(held["evaluation"][50:])) == 1 and len(set(held["training"][50:])) == 150
    assert len(set(held["evaluation"][:51])) == 51
    assert 0.99**100 > 1 / 3 and abs(found["slow"]["mean"] - 3) > 0.8
    assert abs(found["biased"]["variance"] - 2) < 0.8
    spread = {preset: max(one["training"]) - min(one["training"]) for preset, one in found.items()}
    assert spread["large"] < 0.2 * spread["slow"]
    steps = {
        preset: np.abs(np.diff(one["evaluation"][-50:])).mean() for preset, one in found.items()
    }
    assert steps["last"] > 10 * steps["slow"], "evaluation jumps with every batch"


def test_running_average_is_the_engines(open_simulator: Any) -> None:
    """The averages on the page are those that NumPy makes of the same batches."""
    _, element = open_simulator(
        "bn-running", "running.batch=4&running.rate=0.03&running.batches=57"
    )
    script = """() => Array.from({ length: 57 }, (_, t) => {
      const random = new BatchNorm.Random(7919 + 104729 * (t + 1));
      return Array.from({ length: 4 }, () => 3 + 2 * random.normal());
    })"""
    batches = element.evaluate(script)
    layer = Standardize(convention=Convention(eps=1e-5, rate=0.03, unbiased=True))
    _, state, _ = layer.init([np.random.default_rng(0)], 1, np.float64)
    for batch in batches:
        state = layer.forward({}, state, np.array(batch)[None, :, None], True)[2]
    assert running(element)["mean"] == pytest.approx(state["running_mean"][0, 0], rel=1e-12)
    assert running(element)["variance"] == pytest.approx(state["running_var"][0, 0], rel=1e-12)


# -------------------------------------------------------------------------------------- bn-convert

FRAMEWORKS = ("pytorch", "keras", "flax", "onnx")


def test_convert_keeps_the_weight_of_a_batch(open_simulator: Any) -> None:
    """Between any two frameworks: the same α and ε, and a warning where the variances differ."""
    _, element = open_simulator("bn-convert")
    for source, target, what in itertools.product(
        FRAMEWORKS, FRAMEWORKS, ("settings", "trained", "continue")
    ):
        momentum = 0.03 if source == "pytorch" else 0.97
        chosen = {
            "from": source,
            "to": target,
            "what": what,
            "momentum": momentum,
            "epsilon": 2e-4,
            "batch": 8,
            "opset": 17,
        }
        element.evaluate("(one, values) => one.choose(values)", chosen)
        code = element.locator("code").inner_text()
        ast.parse(code)
        passed = {
            name: float(value)
            for name, value in re.findall(r"\b(momentum|eps|epsilon)=([\d.e-]+)", code)
        }
        expected = 0.03 if target == "pytorch" else 0.97
        assert passed["momentum"] == pytest.approx(expected, rel=1e-12), (source, target)
        assert passed.get("eps", passed.get("epsilon")) == 2e-4
        parts = (source == "pytorch") != (target == "pytorch")
        warned = "no exact translation" in element.locator(".bn-convert__warnings").inner_text()
        assert warned == (parts and what != "trained"), (source, target, what)
        assert ("var = var *" in code) == (parts and what == "continue")
        if "var = var *" in code:
            at = {"var": 1.0, "m": 8}
            exec(re.search(r"var = var .*", code)[0], {}, at)
            assert at["var"] == pytest.approx(7 / 8 if source == "pytorch" else 8 / 7)


def converted(element: Any, **chosen: Any) -> str:
    """The code for these settings."""
    begin = {"what": "trained", "momentum": 0.1, "epsilon": 1e-3, "batch": 8, "opset": 17}
    element.evaluate("(one, values) => one.choose(values)", begin | chosen)
    return element.locator("code").inner_text()


def test_convert_code_runs_for_layers_without_gamma_or_beta(
    open_simulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """γ = 1 and β = 0 where a layer has none; tensors may lie on a GPU and need gradients."""
    _, element = open_simulator("bn-convert")
    for name, module in frameworks.modules():
        monkeypatch.setitem(sys.modules, name, module)
    x = np.random.default_rng(6).standard_normal((7, 3)).astype(np.float32)
    for source, target in itertools.product(FRAMEWORKS, FRAMEWORKS):
        code = converted(element, **{"from": source, "to": target})
        for scale, center in itertools.product((True, False), repeat=2):
            scope, (gamma, beta, mean, var) = frameworks.trained(source, scale, center)
            exec(code, scope)
            expected = gamma * (x - mean) / np.sqrt(var.astype(float) + 1e-3) + beta
            found = frameworks.evaluated(target, scope, x)
            np.testing.assert_allclose(found, expected, atol=2e-6, err_msg=code)


def test_convert_makes_a_node_of_each_operator_set(
    open_simulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`training_mode` exists since set 14; before, more than one output means training."""
    _, element = open_simulator("bn-convert")
    for name, module in frameworks.modules():
        monkeypatch.setitem(sys.modules, name, module)
    declared = declarations.declaration("bn-convert")["settings"]
    (opset,) = (one for one in declared if one["name"] == "opset")
    for version, what in itertools.product(opset["values"], ("settings", "trained")):
        code = converted(element, to="onnx", what=what, opset=version, **{"from": "onnx"})
        scope, _ = frameworks.trained("onnx", True, True)
        exec(code, scope)
        assert scope["opset"] == ("", version)
        frameworks.checked(scope["new"], version)
        outputs = {"trained": 1, "settings": 3 if version >= frameworks.TRAINING_MODE else 5}
        assert len(scope["new"].output) == outputs[what]
        assert scope["new"].attributes.get("training_mode", what == "settings") == (
            what == "settings"
        )


def test_convert_shows_the_operator_set_for_onnx_alone(open_simulator: Any) -> None:
    _, element = open_simulator("bn-convert")
    control = element.locator("[data-setting=opset]")
    assert not control.is_visible()
    element.locator("[data-preset=to-onnx]").click()
    assert control.is_visible()


@pytest.mark.parametrize(
    ("chosen", "question"),
    [
        ({"epsilon": 0.8}, "Is this a momentum? PyTorch’s second argument is ε."),
        ({"epsilon": 0.1}, "Is this a momentum? PyTorch’s second argument is ε."),
        ({"epsilon": 1e-3}, None),
        ({"from": "keras", "momentum": 0.99, "epsilon": 0.8}, "Is this a momentum? Keras takes"),
        ({"momentum": 0.99}, "Is this another framework’s momentum? In PyTorch it makes"),
        ({"from": "flax", "momentum": 0.1}, "Is this another framework’s momentum? In Flax"),
        ({"from": "flax", "momentum": 0.99}, None),
    ],
)
def test_convert_asks_about_arguments_in_the_wrong_place(
    open_simulator: Any, chosen: dict[str, Any], question: str | None
) -> None:
    _, element = open_simulator("bn-convert")
    converted(element, **{"from": "pytorch", "to": "onnx"} | chosen)
    said = element.locator(".bn-convert__warnings").inner_text()
    assert question in said if question else "Is this" not in said


def test_convert_there_and_back(open_simulator: Any) -> None:
    """Swap gives back the settings; the defaults are those of the page's table."""
    seen, element = open_simulator("bn-convert")
    before = settings(element)
    swap = element.get_by_role("button", name="Swap")
    swap.click()
    assert settings(element) == before | {"from": "keras", "to": "pytorch", "momentum": 0.9}
    element.get_by_role("button", name="Defaults of the first").click()
    table = seen.page.locator("table:has-text('default momentum')").first.inner_text()
    assert f"default momentum\t0.1\t{settings(element)['momentum']:.3g}" in table
    assert settings(element)["epsilon"] == pytest.approx(1e-3, rel=1e-3)


def test_convert_copies_its_code(open_simulator: Any) -> None:
    seen, element = open_simulator("bn-convert")
    element.get_by_role("button", name="Copy the code").click()
    element.locator(".bn-convert__copied:not(:empty)").wait_for()
    text = element.locator(".bn-convert__copied").inner_text()
    assert (
        text == "Copied."
        or seen.page.evaluate("String(getSelection())").strip()
        == element.locator("code").inner_text()
    )
