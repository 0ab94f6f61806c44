"""The simulator of two networks: what its situations promise, how it runs, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from experiments.data.spirals import spirals
from experiments.engine.noise import Noise
from site_gen.paths import ROOT
from site_gen.simulators import declarations
from tests.browser.conftest import DESKTOP, PHONE, SITE
from tests.browser.test_engine import AGREEMENT, distance
from tests.browser.test_pages import OVERFLOWING

PAGE = "train.html"
DECLARED = declarations.declaration("bn-train")
SIMULATORS = ROOT / "site_gen" / "simulators"
SEEDS = (1, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in (2, 3)))


@pytest.fixture
def open_train(visit: Any) -> Iterator[Callable[..., tuple[Any, Any]]]:
    """`open_train(query, scheme)` gives the page and the simulator.

    At the end nothing runs, and nothing stands in the console.
    """
    seen = []

    def go(query: str = "", scheme: str = "light") -> tuple[Any, Any]:
        found = visit(PAGE, scheme)
        if query:
            found.page.goto((SITE / PAGE).as_uri() + "?" + query)
        seen.append(found)
        element = found.page.locator("bn-train").first
        element.locator(".bn-sim").wait_for()
        return found.page, element

    yield go
    for found in seen:
        found.page.evaluate("document.querySelectorAll('bn-train').forEach(one => one.pause())")
        assert found.errors == []


def readings(element: Any) -> dict[str, Any]:
    return element.evaluate("one => one.readings")


def advance(element: Any, steps: int) -> dict[str, Any]:
    """So many steps, whatever the clock says."""
    element.evaluate("(one, steps) => one.advance(steps)", steps)
    return readings(element)


def steps(element: Any) -> int:
    return element.evaluate("one => one.pair.steps")


def after(preset: str) -> int:
    return DECLARED["presets"][preset]["set"].get("until", 500)


def run_preset(element: Any, preset: str, seed: int = 1) -> dict[str, Any]:
    """A situation from its button to its pause."""
    element.locator(f"[data-preset={preset}]").click()
    if seed != 1:
        element.evaluate("(one, seed) => one.set('seed', seed)", seed)
    assert readings(element)["steps"] == 0
    return advance(element, after(preset))


# ------------------------------------------------------------------------- What situations promise


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rate_breaks_one(open_train: Any, seed: int) -> None:
    found = run_preset(open_train()[1], "rate", seed)["networks"]
    assert found["none"]["accuracy"] == 0.5 and found["none"]["loss"] > 0.95 * math.log(2)
    assert found["none"]["gradients"][:3] == [0, 0, 0], "dead"
    assert found["batch norm"]["accuracy"] > 0.95 and found["batch norm"]["loss"] < 0.4


@pytest.mark.parametrize("seed", SEEDS)
def test_weights_stop_one(open_train: Any, seed: int) -> None:
    found = run_preset(open_train()[1], "weights", seed)["networks"]
    assert found["none"]["accuracy"] < 0.6 and found["none"]["loss"] == pytest.approx(
        math.log(2), abs=0.02
    )
    assert found["batch norm"]["accuracy"] > 0.95 and found["batch norm"]["loss"] < 0.3


@pytest.mark.parametrize("seed", SEEDS)
def test_shift_without_harm(open_train: Any, seed: int) -> None:
    found = run_preset(open_train()[1], "noise", seed)["networks"]
    for unit in ("spreads", "travelled"):
        assert found["batch norm"][unit] > 1.5 * found["none"][unit], unit
    assert found["batch norm"]["loss"] < found["none"]["loss"]


@pytest.mark.parametrize("seed", SEEDS)
def test_gamma_settles_sooner_at_a_larger_rate(open_train: Any, seed: int) -> None:
    _, element = open_train()
    assert run_preset(element, "slow", seed)["settled"]["gamma"] < 0.5
    assert run_preset(element, "fast", seed)["settled"]["gamma"] > 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_gamma_sets_the_gradient(open_train: Any, seed: int) -> None:
    """A tenth of γ gives about a tenth of every layer's gradient, before the first step."""
    _, element = open_train()
    element.locator("[data-preset=gamma]").click()
    element.evaluate("(one, seed) => one.set('seed', seed)", seed)
    found = readings(element)
    shares = np.divide(found["networks"]["batch norm"]["gradients"], found["usual"])
    assert np.all((shares > 0.05) & (shares < 0.2))
    assert (
        "times what they would be from γ = 1" in element.locator(".bn-sim__sentence").inner_text()
    )


def test_every_situation_is_asked_for_and_tested() -> None:
    assert set(DECLARED["presets"]) == {"rate", "weights", "noise", "slow", "fast", "gamma"}
    pages = {path: path.read_text(encoding="utf-8") for path in (ROOT / "docs").rglob("*.md")}
    for preset in DECLARED["presets"]:
        asked = [
            path for path, text in pages.items() if f'try_it("bn-train", preset="{preset}")' in text
        ]
        assert len(asked) >= 2, f"{preset} is linked from the chapter that explains it"


def test_links_of_chapters_open_the_situation(open_train: Any, visit: Any) -> None:
    found = visit("shift/noise.html")
    found.page.locator("a[href*='train.html?']").click()
    element = found.page.locator("bn-train").first
    element.locator(".bn-sim").wait_for()
    assert element.locator("[data-preset=noise]").get_attribute("aria-pressed") == "true"
    assert element.locator(".bn-sim__watch").inner_text() == DECLARED["presets"]["noise"]["watch"]
    assert element.evaluate("one => one.getBoundingClientRect().top < innerHeight")
    assert found.errors == []


# ------------------------------------------------------------------------------------- How it runs


def test_runs_pauses_steps_and_resets(open_train: Any) -> None:
    """Nothing runs before Run; Pause stops; Reset is step 0 with the same settings.

    It pauses by itself after as many steps as the setting says.
    """
    page, element = open_train("train.until=100&train.speed=10&train.width=4")
    page.wait_for_timeout(300)
    assert steps(element) == 0
    assert element.get_by_role("button", name="Run").is_visible()
    element.get_by_role("button", name="Run").press("Enter")
    page.wait_for_function("document.querySelector('bn-train').pair.steps > 5")
    element.get_by_role("button", name="Pause").press("Space")
    paused = steps(element)
    page.wait_for_timeout(300)
    assert steps(element) == paused
    element.get_by_role("button", name="One step").click()
    assert steps(element) == paused + 1
    element.get_by_role("button", name="Run").click()
    element.get_by_role("button", name="Run").wait_for()
    assert steps(element) == 100
    assert element.locator(".bn-sim__sentence").inner_text().startswith("After 100 steps, ")
    element.get_by_role("button", name="Reset").click()
    assert steps(element) == 0 and element.evaluate("one => one.settings.until") == 100
    assert element.locator(".bn-sim__sentence").inner_text().startswith("Nothing is trained yet")


def test_the_same_whether_it_runs_or_steps(open_train: Any) -> None:
    """Frames cut training into slices; what comes out is the same."""
    _, element = open_train("train.until=100&train.speed=20")
    element.get_by_role("button", name="Run").click()
    element.get_by_role("button", name="Run").wait_for()
    run = readings(element)
    element.get_by_role("button", name="Reset").click()
    assert advance(element, 100) == run


def test_same_weights_and_same_batches(open_train: Any) -> None:
    _, element = open_train()
    found = element.evaluate(
        """one => Object.values(one.pair.learners)
          .map(learner => learner.dense.map(i => [...learner.params[i].weight]))"""
    )
    assert found[0] == found[1]
    advance(element, 20)
    element.evaluate("one => one.set('rate', 0.3)")
    assert steps(element) == 0, "other settings are another training"
    element.evaluate("one => { one.advance(5); one.set('speed', 5); }")
    assert steps(element) == 5, "another speed is not"


def test_waits_while_nobody_sees_it(open_train: Any) -> None:
    page, element = open_train("train.until=1000000&train.width=4")
    element.get_by_role("button", name="Run").click()
    page.wait_for_function("document.querySelector('bn-train').pair.steps > 5")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function("!document.querySelector('bn-train').seen")
    page.wait_for_timeout(100)
    before = steps(element)
    page.wait_for_timeout(400)
    assert steps(element) == before
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_function(
        "before => document.querySelector('bn-train').pair.steps > before", arg=before
    )
    page.evaluate("""() => {
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }""")
    page.wait_for_timeout(100)
    before = steps(element)
    page.wait_for_timeout(400)
    assert steps(element) == before
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert element.get_by_role("button", name="Run").is_visible(), (
        "a reader who comes back finds it paused"
    )


def test_screen_readers_are_not_flooded(open_train: Any) -> None:
    """While it runs, at most one announcement in ten seconds; when it pauses, one."""
    page, element = open_train("train.until=1000000&train.width=4")
    page.evaluate("""() => {
      window.told = [];
      const place = document.querySelector("bn-train .bn-sim__hidden");
      const note = () => window.told.push(place.textContent);
      new MutationObserver(note).observe(place, { childList: true });
    }""")
    element.get_by_role("button", name="Run").click()
    page.wait_for_timeout(2500)
    assert page.evaluate("window.told.length") <= 1
    element.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(900)
    told = page.evaluate("window.told")
    assert len(told) <= 2 and told[-1] == element.locator(".bn-sim__sentence").inner_text()
    assert element.locator(".bn-sim__stage [aria-live], .bn-sim__stage [role=status]").count() == 0


@pytest.mark.parametrize("which", ["none", "batch norm", "both"])
def test_a_network_that_diverges_says_so(open_train: Any, which: str) -> None:
    """It says at which step, in the sentence and beside the picture, and shows no NaN.

    The other network trains on.
    """
    _, element = open_train(
        "train.activation=relu&train.depth=5&train.scale=100&train.rate=30&train.data=moons"
    )
    if which != "none":
        element.evaluate("one => { one.pair.learners['batch norm'].params[0].weight[3] = 1e308; }")
    if which == "batch norm":
        element.evaluate("one => { one.pair.learners.none.rate = 0; }")
    found = advance(element, 100)["networks"]
    assert {key for key, one in found.items() if one["diverged"]} == (
        {which} if which in found else {*found}
    )
    text = element.inner_text()
    assert "NaN" not in text and "Infinity" not in text and "not a number" not in text
    for one in found.values():
        said = f"diverged at step {one['diverged']}"
        assert (said in element.locator(".bn-sim__sentence").inner_text()) == bool(one["diverged"])
        assert (said in element.locator(".bn-train__pair").inner_text()) == bool(one["diverged"])


def test_every_extreme_gives_a_sentence(open_train: Any) -> None:
    """Each setting at either end of what it allows: a step, a sentence, no NaN."""
    _, element = open_train()
    for declared in DECLARED["settings"]:
        ends = (
            list(declared.get("choices", {})) or [declared["values"][0], declared["values"][-1]]
            if declared["kind"] != "number"
            else [declared["least"], declared["most"]]
        )
        for end in ends:
            element.evaluate(
                """(one, [name, value]) => {
                  one.choose({ ...one.begun(), [name]: value });
                  one.advance(3);
                }""",
                [declared["name"], end],
            )
            text = element.inner_text()
            assert "NaN" not in text and "Infinity" not in text, (declared["name"], end)
            assert element.locator(".bn-sim__sentence").inner_text().startswith("After 3 steps, ")


def test_accessible_while_it_runs(open_train: Any, violations: Any, scheme: str) -> None:
    page, element = open_train("train.until=1000000", scheme)
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        if not element.evaluate("one => one.running"):
            element.get_by_role("button", name="Run").click()
        page.wait_for_timeout(200)
        assert violations(page, "bn-train") == []
        assert page.evaluate(OVERFLOWING) == []
        assert element.evaluate("one => one.running && one.pair.steps > 0")


# ----------------------------------------------------------------------------------- What it costs


def heap(page: Any) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used


def test_memory_stays_bounded(open_train: Any) -> None:
    """Twenty thousand steps keep no more than two thousand do."""
    page, element = open_train("train.width=4&train.depth=1&train.batch=8&train.data=moons")
    first = advance(element, 2000)
    before = heap(page)
    for _ in range(9):
        last = advance(element, 2000)
    assert last["steps"] == 20_000
    assert heap(page) < 1.2 * before
    for one in (*first["networks"].values(), *last["networks"].values()):
        assert one["kept"] <= page.evaluate("BatchNormTraining.KEPT")


def test_a_frame_stops_training_when_its_time_is_up(open_train: Any) -> None:
    """Between the slices of a step it reads the clock: a slow machine trains less in a frame.

    `make bench` measures how long a frame takes.
    """
    _, element = open_train("train.speed=20&train.until=1000000")
    frame = """(one, tick) => {
        const now = performance.now, slices = one.pair.slices;
        let clock = 0, taken = 0;
        one.wake = () => {};  // no frame but this one
        one.pair.slices = function* () {
          for (const slice of slices.call(this)) {
            taken++;
            yield slice;
          }
        };
        performance.now = () => (clock += tick);
        const before = one.pair.steps;
        one.frame();
        performance.now = now;
        one.pair.slices = slices;
        return [one.pair.steps - before, taken];
    }"""
    assert element.evaluate(frame, 0)[0] == 20
    # a millisecond passes between any two readings of the clock
    steps, slices = element.evaluate(frame, 1)
    assert steps < 2 and 1 <= slices <= 5


# --------------------------------------------------------------------- The same as in experiments/


@pytest.fixture(scope="module")
def bare(browser: Any) -> Iterator[Any]:
    """A page that holds nothing but the engine and the training."""
    context = browser.new_context(offline=True)
    page = context.new_page()
    for script in ("engine.js", "training.js"):
        page.add_script_tag(content=(SIMULATORS / script).read_text(encoding="utf-8"))
    yield page
    context.close()


def test_spirals_are_those_of_the_experiments(bare: Any) -> None:
    x, labels = spirals(np.random.default_rng(3), 50)
    rng = np.random.default_rng(3)
    rng.permutation(50)
    t, noise = rng.random(50), rng.standard_normal((50, 2))
    found = bare.evaluate(
        """rows => rows.map(([label, t, ...normals]) =>
          BatchNormTraining.data.spirals(label, t, () => normals.shift()))""",
        [
            [int(label), *row]
            for label, row in zip(labels, np.column_stack([t, noise]).tolist(), strict=True)
        ],
    )
    np.testing.assert_allclose(found, x, atol=1e-6)


@pytest.mark.parametrize("kind", ["moons", "spirals", "clusters", "rings"])
def test_data_are_balanced_and_in_the_picture(bare: Any, kind: str) -> None:
    found = bare.evaluate(
        """kind => {
          const random = new BatchNorm.Random(9);
          const { x, labels } = BatchNormTraining.points(kind, 256, random);
          return { x: [...x.data], labels };
        }""",
        kind,
    )
    assert sum(found["labels"]) == 128
    assert np.abs(found["x"]).max() < 1.2


def test_noise_is_that_of_the_engine(bare: Any) -> None:
    """With NumPy's draws: both modes, the backward pass, and the count of passes."""
    layer, rng = Noise(1.5), np.random.default_rng(8)
    _, state, _ = layer.init([rng], 3, np.float64)
    x, dy = rng.standard_normal((1, 4, 3)), rng.standard_normal((1, 4, 3))
    draws = []
    for passes in range(2):
        philox = np.random.Philox(key=int(state["key"][0]), counter=[0, 0, passes, 0])
        draws.append(
            ((np.random.Generator(philox).uniform(-1, 1, (2, 3)) + 1) / 2).ravel().tolist()
        )
    expected = []
    for _ in range(2):
        y, saved, state = layer.forward({}, state, x, True)
        expected += [y.ravel().tolist(), layer.backward({}, saved, dy)[0].ravel().tolist()]
    expected.append(layer.forward({}, state, x, False)[0].ravel().tolist())
    script = """({ x, dy, draws }) => {
      const B = BatchNorm, input = B.matrix(4, 3, x), gradient = B.matrix(4, 3, dy), out = [];
      const layer = new B.Noise(1.5, pass => {
        const left = draws[pass].slice();
        return () => left.shift();
      });
      let state = layer.init(() => 0, 3).state;
      for (let i = 0; i < 2; i++) {
        const passed = layer.forward({}, state, input, true);
        out.push([...passed.y.data], [...layer.backward({}, passed.saved, gradient).dx.data]);
        state = passed.state;
      }
      return [...out, [...layer.forward({}, state, input, false).y.data]];
    }"""
    given = {"x": x.ravel().tolist(), "dy": dy.ravel().tolist(), "draws": draws}
    found = bare.evaluate(script, given)
    assert distance(expected, found) < AGREEMENT


def test_percentiles_are_numpys(bare: Any) -> None:
    values = np.sort(np.random.default_rng(2).standard_normal(61))
    found = bare.evaluate(
        "values => BatchNormTraining.percentiles(Float64Array.from(values))", values.tolist()
    )
    np.testing.assert_allclose(found, np.percentile(values, [15, 50, 85]), rtol=1e-12)
