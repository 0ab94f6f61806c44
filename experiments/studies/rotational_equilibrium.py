"""What does weight decay do to weights whose size does not matter?

One layer of several units, batch norm at ε = 0 and softmax cross-entropy learns a noisy task from fresh random batches, in float64.
Every unit's weights are scale-invariant, and their fixed γ differ, so that their gradients differ in size. First
without weight decay: the squared length after each step against Pythagoras. Then with it, for several products of rate η and decay λ:
how far a step turns the weights, and how long they are, once this has settled. Last, starts from weights of very different lengths.

What came out: without decay every step lengthens the weights, exactly by Pythagoras. With decay the length settles where growth and
decay balance, and there a step turns the weights by √(2ηλ), for every unit, whatever its gradient. Only the product of the two
counts. How long the weights were at the start is forgotten, after a time of order 1/(ηλ). So weight decay does not keep such
weights simple: it sets how fast they turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.measures.statistics import mean, paired_ratio, spread
from experiments.theory import optimization as theory

ROUND_OFF = 1e-12  # sums of at most 1,024 float64 terms of order one: 1,024 * 2**-53 is 1.1e-13


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    runs: int = 16  # random layers, each with batches of its own
    inputs: int = 16  # features of the data
    units: int = 8  # scale-invariant weight vectors of a layer, and classes
    samples: int = 16  # in a batch; every batch is new
    smallest_gamma: float = (
        0.5  # of the first unit; the units' fixed γ rise evenly, by ratio, to the largest
    )
    largest_gamma: float = 2.0  # of the last unit
    noise: float = 0.5  # share of the labels that are random; the others are a teacher's
    settings: tuple[tuple[float, float], ...] = (
        (0.1, 0.01), (0.3, 0.01), (0.03, 0.1), (1.0, 0.003), (1.0, 0.01), (0.3, 0.1), (1.0, 0.1),
    )  # pairs of rate η and weight decay λ  # fmt: skip
    steps: int = 6000  # of training with weight decay; the second half is measured
    starts: tuple[float, ...] = (0.1, 10.0)  # lengths of every unit's weights at the start
    start_rate: float = 0.3  # rate η of the runs from these starts
    start_decay: float = 0.01  # weight decay λ of the runs from these starts
    start_steps: int = 1800  # of training from these starts
    growth_rates: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0)  # rates η without weight decay
    growth_steps: int = 1000  # of training without weight decay
    seed: int = 11  # every random stream is spawned from it


QUICK = Setup(steps=300,
              start_steps=900, growth_steps=100)  # fmt: skip
FULL = Setup()
PAPER = Setup(runs=64, steps=40_000)


@dataclass(frozen=True)
class Point:
    """One rate and decay from one start, measured in one way."""

    part: str  # "growth", "equilibrium" or "start"
    rate: float
    decay: float
    start: float  # length of every unit's weights; 0 leaves them as they were drawn
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """A second or two each."""
    growth = {
        f"growth-{rate:g}": Point("growth", rate, 0.0, 0.0, setup) for rate in setup.growth_rates
    }
    settled = {
        f"equilibrium-{rate:g}-{decay:g}": Point("equilibrium", rate, decay, 0.0, setup)
        for rate, decay in setup.settings
    }
    starts = {
        f"start-{start:g}": Point("start", setup.start_rate, setup.start_decay, start, setup)
        for start in setup.starts
    }
    return growth | settled | starts


def run(point: Point) -> xr.Dataset:
    """Train as the point says."""
    return {"growth": _growth, "equilibrium": _equilibrium, "start": _start}[point.part](point)


def setting_name(rate: float, decay: float) -> str:
    """The coordinate of a pair of rate and weight decay."""
    return f"η = {rate:g}, λ = {decay:g}"


def _steps(point: Point, steps: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Train, and give at every step the weights (run, input, unit), the loss's gradient at them, and the next weights."""
    setup = point.setup
    weights, data = np.random.SeedSequence(setup.seed).spawn(2)
    rngs = [np.random.default_rng(s) for s in weights.spawn(setup.runs)]
    draws = [np.random.default_rng(s) for s in data.spawn(setup.runs)]
    net = Network(
        (
            Dense(setup.units, bias=False),
            Standardize(convention=replace(PYTORCH, eps=0.0)),
            Affine(),
        )
    )
    params, state = net.init(rngs, features=setup.inputs, dtype=np.float64)
    params[2]["gamma"] = np.tile(
        np.geomspace(setup.smallest_gamma, setup.largest_gamma, setup.units), (setup.runs, 1)
    )
    if point.start:
        params[0]["weight"] *= point.start / _length(params[0]["weight"])
    teachers = np.stack([rng.standard_normal((setup.inputs, setup.units)) for rng in draws])
    block = 50  # batches drawn at once, so that drawing costs little
    for step in range(steps):
        if step % block == 0:
            xs = np.stack(
                [rng.standard_normal((block, setup.samples, setup.inputs)) for rng in draws], axis=1
            )
            taught = np.argmax(np.matmul(xs, teachers), axis=3)
            shape = (block, setup.samples)
            random = np.stack([rng.integers(setup.units, size=shape) for rng in draws], axis=1)
            noisy = np.stack([rng.random(shape) < setup.noise for rng in draws], axis=1)
            labels = np.where(noisy, random, taught)
        logits, saved, _ = net.forward(params, state, xs[step % block], training=True)
        _, dlogits = softmax_cross_entropy(logits, labels[step % block])
        gradient = net.backward(params, saved, dlogits, input_gradient=False)[1][0]["weight"]
        before = params[0]["weight"]
        params[0]["weight"] = before - point.rate * (gradient + point.decay * before)
        yield before, gradient, params[0]["weight"]


def _length(a: np.ndarray) -> np.ndarray:
    """Length of every unit's weights, (run, 1, unit)."""
    return np.sqrt(np.square(a).sum(axis=1, keepdims=True))


def _turn(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Angle between every unit's weights before and after, (run, unit), from the chord: accurate for small angles too."""
    chord = _length(after / _length(after) - before / _length(before))[:, 0]
    return 2 * np.arcsin(np.minimum(chord / 2, 1))


def _growth(point: Point) -> xr.Dataset:
    """Squared lengths without weight decay, and how far each is from Pythagoras."""
    setup = point.setup
    squared, predicted = np.empty((2, setup.growth_steps + 1, setup.runs, setup.units))
    error = np.zeros((setup.runs, setup.units))
    for step, (before, gradient, after) in enumerate(_steps(point, setup.growth_steps)):
        old, new, push = (np.square(a).sum(axis=1) for a in (before, after, gradient))
        if step == 0:
            squared[0] = predicted[0] = old
        squared[step + 1] = new
        predicted[step + 1] = predicted[step] + point.rate**2 * push
        error = np.maximum(error, np.abs(new - old - point.rate**2 * push) / new)
    dims = ("growth_rate", "growth_step", "run")
    return xr.Dataset(
        {
            "growth": (dims, np.sqrt(squared).mean(axis=2)[None], {"long_name": "length of a unit's weights, mean over units",
                                                                   "units": "1"}),
            "growth_theory": (dims, np.sqrt(predicted).mean(axis=2)[None],
                              {"long_name": "the same by adding up the squared steps", "units": "1"}),
            "step_error": (("growth_rate", "run"), error.max(axis=1)[None],
                           {"long_name": "largest error of Pythagoras in one step, relative", "units": "1"}),
        },
        coords={"growth_rate": [point.rate], "growth_step": np.arange(setup.growth_steps + 1, dtype=np.int32),
                "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


def _equilibrium(point: Point) -> xr.Dataset:
    """Averages over the second half of training: the squared angle of a step, ‖w‖⁴, and ‖g̃‖² = ‖w‖²‖g‖²."""
    setup = point.setup
    sums = np.zeros((4, setup.runs, setup.units))
    half = setup.steps // 2
    for step, (before, gradient, after) in enumerate(_steps(point, setup.steps)):
        if step < half:
            continue
        size, push = np.square(before).sum(axis=1), np.square(gradient).sum(axis=1)
        sums += np.stack(
            [np.square(_turn(before, after)), np.square(size), size * push, np.square(size * push)]
        )
    square, fourth, unit_gradient, gradient_square = sums / (setup.steps - half)
    scatter = gradient_square / np.square(unit_gradient) - 1
    dims = ("setting", "run", "unit")
    return xr.Dataset(
        {
            "turn": (dims, np.sqrt(square)[None], {"long_name": "root mean square angle of a step", "units": "rad"}),
            "fourth_power": (dims, fourth[None], {"long_name": "mean of ‖w‖⁴", "units": "1"}),
            "unit_gradient": (dims, unit_gradient[None], {"long_name": "mean squared gradient at weights of length 1", "units": "1"}),
            "unit_gradient_scatter": (dims, scatter[None], {"long_name": "relative variance of that squared gradient", "units": "1"}),
            "fourth_power_next": (dims, theory.equilibrium_fourth_power(point.rate, point.decay, unit_gradient, scatter)[None],
                                  {"long_name": "closed form of the mean of ‖w‖⁴ with its next order", "units": "1"}),
            "rate": ("setting", [point.rate], {"long_name": "learning rate η", "units": "1"}),
            "decay": ("setting", [point.decay], {"long_name": "weight decay λ", "units": "1"}),
            "turn_theory": ("setting", [theory.equilibrium_angle(point.rate, point.decay)],
                            {"long_name": "√(2ηλ)", "units": "rad"}),
            "fourth_power_theory": (dims, theory.equilibrium_fourth_power(point.rate, point.decay, unit_gradient)[None],
                                    {"long_name": "η/(2λ) times the mean squared gradient at length 1", "units": "1"}),
        },
        coords={"setting": [setting_name(point.rate, point.decay)], "run": np.arange(setup.runs, dtype=np.int32),
                "unit": np.arange(setup.units, dtype=np.int32)},
    )  # fmt: skip


def _start(point: Point) -> xr.Dataset:
    """Length and angle at every step, from one start; and the recurrence with the mean gradient of the second half."""
    setup = point.setup
    length, turn, push = np.empty((3, setup.start_steps, setup.runs, setup.units))
    for step, (before, gradient, after) in enumerate(_steps(point, setup.start_steps)):
        length[step], turn[step] = _length(before)[:, 0], _turn(before, after)
        push[step] = np.square(before).sum(axis=1) * np.square(gradient).sum(axis=1)
    settled = push[setup.start_steps // 2 :].mean(axis=(0, 1))
    lengths = [
        np.sqrt(
            theory.squared_lengths(point.start, setup.start_steps - 1, point.rate, point.decay, g)
        )
        for g in settled
    ]
    dims = ("start", "start_step", "run")
    return xr.Dataset(
        {
            "start_length": (dims, length.mean(axis=2)[None], {"long_name": "length of a unit's weights, mean over units",
                                                               "units": "1"}),
            "start_turn": (dims, np.sqrt(np.square(turn).mean(axis=2))[None],
                           {"long_name": "angle of a step, root mean square over units", "units": "rad"}),
            "start_length_theory": (dims[:2], np.mean(lengths, axis=0)[None],
                                    {"long_name": "length by the recurrence with a constant gradient, mean over units", "units": "1"}),
            "start_turn_theory": ("start", [theory.equilibrium_angle(point.rate, point.decay)],
                                  {"long_name": "√(2ηλ)", "units": "rad"}),
            "start_rate": ("start", [point.rate], {"long_name": "learning rate η from this start", "units": "1"}),
            "start_decay": ("start", [point.decay], {"long_name": "weight decay λ from this start", "units": "1"}),
        },
        coords={"start": [point.start], "start_step": np.arange(setup.start_steps, dtype=np.int32),
                "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ what is claimed


def _pythagoras(rate: float):
    return lambda results: spread(results["step_error"].sel(growth_rate=rate).values)


def _turn_ratio(rate: float, decay: float):
    """Root mean square angle of a step over √(2ηλ): over units, then the mean over runs."""

    def measure(results):
        at = results.sel(setting=setting_name(rate, decay))
        return mean((np.sqrt(np.square(at["turn"]).mean("unit")) / at["turn_theory"]).values)

    return measure


def _unit_ratio(rate: float, decay: float):
    """The angle of the unit with the largest γ over that of the unit with the smallest."""

    def measure(results):
        turn = results["turn"].sel(setting=setting_name(rate, decay))
        return paired_ratio(turn.isel(unit=-1).values, turn.isel(unit=0).values)

    return measure


def _length_ratio(rate: float, decay: float):
    """Mean of ‖w‖⁴ over the closed form: the mean over units, then over runs."""

    def measure(results):
        at = results.sel(setting=setting_name(rate, decay))
        return mean((at["fourth_power"] / at["fourth_power_theory"]).mean("unit").values)

    return measure


def _same_product(first: tuple[float, float], second: tuple[float, float]):
    """The angle under one pair of rate and decay over that under another with the same product."""

    def measure(results):
        one, two = (
            np.sqrt(np.square(results["turn"].sel(setting=setting_name(*pair))).mean("unit"))
            for pair in (first, second)
        )
        return paired_ratio(one.values, two.values)

    return measure


def _starts_apart(times: float):
    """Length from the longest start over that from the shortest, after `times` / (ηλ) steps (the last tenth of them)."""

    def measure(results):
        product = float(results["start_rate"][0] * results["start_decay"][0])
        last = min(round(times / product), results.sizes["start_step"] - 1)
        length = (
            results["start_length"]
            .isel(start_step=slice(last - last // 10, last + 1))
            .mean("start_step")
        )
        return paired_ratio(
            length.sel(start=length["start"].max()).values,
            length.sel(start=length["start"].min()).values,
        )

    return measure


# Five products ηλ, each once.
PRODUCTS = ((0.1, 0.01), (0.3, 0.01), (1.0, 0.01), (0.3, 0.1), (1.0, 0.1))


CLAIMS = (
    Claim(
        id="sgd-lengthens-weights",
        says="Without weight decay, each step of SGD makes weights in front of a batch norm longer: |w′|² = |w|² + η²|∇L|².",
        source="arora2018",
        cases=tuple(
            Case(f"η = {rate:g}, every step", _pythagoras(rate), lambda m: m.below(ROUND_OFF), "relative error below 1e-12")
            for rate in (0.01, 0.1, 1.0, 10.0)
        ),
        verdict="supported",
        figure="rotational-equilibrium-growth",
        because="The gradient is orthogonal to the weights, so old weights, step and new weights are the sides of a right triangle.",
    ),
    Claim(
        id="a-step-turns-by-rate-times-decay",
        says="With weight decay, scale-invariant weights settle to turning by √(2ηλ) in each step.",
        source="wan2021",
        cases=tuple(
            Case(setting_name(rate, decay), _turn_ratio(rate, decay), lambda m: m.within(1, relative=0.05),
                 "root mean square angle within 5 % of √(2ηλ)")
            for rate, decay in PRODUCTS
        ),
        verdict="supported",
        figure="rotational-equilibrium-angle",
        because="Where the growth by turning and the shrinking by decay balance, nothing but the product of rate and decay is left.",
    ),
    Claim(
        id="length-settles",
        says="The length settles where |w|⁴ is η/(2λ) times the mean squared gradient at weights of length 1.",
        source="vanlaarhoven2017",
        cases=tuple(
            Case(setting_name(rate, decay), _length_ratio(rate, decay), lambda m: m.within(1, relative=0.05),
                 "within 5 %")
            for rate, decay in PRODUCTS
        ),
        verdict="depends",
        figure="rotational-equilibrium-length",
        because="It is the leading order in ηλ: good for usual rates and decays, and too low where their product is no longer small.",
    ),
    Claim(
        id="larger-gradients-learn-faster",
        says="Units with larger gradients turn faster.",
        source="reader",
        cases=tuple(
            Case(f"{setting_name(rate, decay)}, γ four times as large", _unit_ratio(rate, decay), lambda m: m.above(1.1),
                 "more than 1.1 times the angle a step")
            for rate, decay in ((0.3, 0.01), (1.0, 0.01))
        ),
        verdict="refuted",
        figure="rotational-equilibrium-length",
        because="In equilibrium their weights are longer by just what makes up for it.",
    ),
    Claim(
        id="only-the-product-counts",
        says="For how fast such weights turn in the end, only the product of learning rate and weight decay counts.",
        source="vanlaarhoven2017",
        cases=(
            Case("η = 0.3, λ = 0.01 against η = 0.03, λ = 0.1", _same_product((0.3, 0.01), (0.03, 0.1)),
                 lambda m: m.within(1, relative=0.01), "the same angle a step, within 1 %"),
            Case("η = 0.3, λ = 0.01 against η = 1, λ = 0.003", _same_product((0.3, 0.01), (1.0, 0.003)),
                 lambda m: m.within(1, relative=0.01), "the same angle a step, within 1 %"),
        ),
        verdict="supported",
        figure="rotational-equilibrium-angle",
        because="More decay makes the weights shorter, and a smaller rate turns short weights as far as a larger one turns long ones.",
    ),
    Claim(
        id="start-is-forgotten",
        says="With weight decay it soon makes no difference how long the weights were at the start.",
        source="reader",
        cases=(
            Case("after 0.25/(ηλ) steps", _starts_apart(0.25), lambda m: m.within(1, relative=0.05),
                 "lengths from 10 and from 0.1 agree within 5 %"),
            Case("after 5/(ηλ) steps", _starts_apart(5), lambda m: m.within(1, relative=0.05),
                 "lengths from 10 and from 0.1 agree within 5 %"),
        ),
        verdict="depends",
        figure="rotational-equilibrium-merge",
        because="A difference of |w|⁴ fades as exp(−4ηλt), so it takes some multiples of 1/(ηλ) steps.",
    ),
)  # fmt: skip

VALUES = {
    "step_error": lambda results: spread(results["step_error"].max("growth_rate").values),
    "turn_ratio": _turn_ratio(0.3, 0.01),
    "turn": lambda results: mean(np.sqrt(np.square(results["turn"].sel(setting=setting_name(0.3, 0.01))).mean("unit")).values, "rad"),
    "length_ratio": _length_ratio(0.3, 0.01),
    "length_ratio_large": _length_ratio(1.0, 0.1),
    "length_next_large": lambda results: mean(
        (results["fourth_power"] / results["fourth_power_next"]).sel(setting=setting_name(1.0, 0.1)).mean("unit").values),
    "turn_ratio_large": _turn_ratio(1.0, 0.1),
    "unit_ratio": _unit_ratio(0.3, 0.01),
    "apart_early": _starts_apart(0.25),
    "apart_late": _starts_apart(5),
    "gradients_apart": lambda results: paired_ratio(
        results["unit_gradient"].sel(setting=setting_name(0.3, 0.01)).isel(unit=-1).values,
        results["unit_gradient"].sel(setting=setting_name(0.3, 0.01)).isel(unit=0).values),
}  # fmt: skip
