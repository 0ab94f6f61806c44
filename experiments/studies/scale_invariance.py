"""Does the size of the weights in front of a batch norm matter?

A small network (dense, batch norm, tanh, dense) classifies random data in float64. Its first weights w are multiplied by numbers a
from a thousandth to a thousand, with ε at zero and at the two usual values, and the normalized values, the loss, the gradient and the
part of the gradient along w are recorded. Then it is trained from weights of several sizes: with one learning rate for all, and with
the rate of w multiplied by a².

What came out: at ε = 0 nothing that the network computes depends on the size of w, and the gradient is orthogonal to each unit's
weights and inversely proportional to their size, all to round-off. ε brings a size back: that at which a unit's standard
deviation is √ε. And size is the learning rate in disguise: what one step turns goes as the rate over the squared size, so a start from
large weights is slow, and with the rate multiplied by a² the training is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.engine.activations import Tanh
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.measures.statistics import paired_ratio, spread
from experiments.theory import optimization as theory

ROUND_OFF = 1e-12  # sums of at most 1,024 float64 terms of order one: 1,024 * 2**-53 is 1.1e-13
CONDITIONS = ("one rate for all", "the rate times a²")


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    runs: int = 16  # random networks with random data of their own
    samples: int = 64  # in the one batch
    inputs: int = 16  # features of the data
    width: int = 8  # units in front of the batch norm
    classes: int = 4  # labels, drawn at random
    epsilons: tuple[float, ...] = (
        0.0,
        1e-5,
        1e-3,
    )  # ε under the root: none, PyTorch's and Keras's default
    scales_per_decade: int = 6  # factors a on the weights, from 0.001 to 1000
    factors: tuple[float, ...] = (
        0.1,
        0.25,
        0.5,
        1.0,
        4.0,
        10.0,
        16.0,
    )  # factors a from which training starts
    rate: float = (
        0.5  # learning rate of all parameters; that of w is multiplied by a² in one condition
    )
    steps: int = 200  # of gradient descent on the one batch
    seed: int = 10  # every random stream is spawned from it


QUICK = Setup(scales_per_decade=2, steps=40)
FULL = Setup()
PAPER = Setup(runs=64, scales_per_decade=12)


@dataclass(frozen=True)
class Point:
    """One part of the study."""

    part: str  # "scales" or "training"
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """The two parts; a second or less."""
    return {part: Point(part, setup) for part in ("scales", "training")}


def run(point: Point) -> xr.Dataset:
    """Compute one part."""
    return {"scales": _scales, "training": _training}[point.part](point.setup)


class _Task:
    """The networks, their data, and the first weights with γ, β and the second layer drawn at random."""

    def __init__(self, setup: Setup) -> None:
        weights, data = np.random.SeedSequence(setup.seed).spawn(2)
        rngs = [np.random.default_rng(s) for s in weights.spawn(setup.runs)]
        draws = [np.random.default_rng(s) for s in data.spawn(setup.runs)]
        self.setup = setup
        self.params, self.state = self.network(0.0).init(
            rngs, features=setup.inputs, dtype=np.float64
        )
        for name in ("gamma", "beta"):
            noise = np.stack([0.3 * rng.standard_normal(setup.width) for rng in rngs])
            self.params[2][name] = self.params[2][name] + noise
        self.x = np.stack([rng.standard_normal((setup.samples, setup.inputs)) for rng in draws])
        self.labels = np.stack([rng.integers(setup.classes, size=setup.samples) for rng in draws])

    def network(self, eps: float) -> Network:
        setup = self.setup
        return Network((Dense(setup.width, bias=False), Standardize(convention=replace(PYTORCH, eps=eps)),
                        Affine(), Tanh(), Dense(setup.classes)))  # fmt: skip

    def scaled(self, factor: float) -> list:
        """The parameters with the first weights multiplied; the arrays are new."""
        params = [{name: p.copy() for name, p in layer.items()} for layer in self.params]
        params[0]["weight"] *= factor
        return params

    def gradient(self, params: list, eps: float) -> tuple[np.ndarray, list, list]:
        """Loss (run,), what the layers saved, and the gradients."""
        net = self.network(eps)
        logits, saved, _ = net.forward(params, self.state, self.x, training=True)
        loss, dlogits = softmax_cross_entropy(logits, self.labels)
        return loss, saved, net.backward(params, saved, dlogits, input_gradient=False)[1]


def _length(a: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    return np.sqrt(np.square(a).sum(axis=axes))


def _scales(setup: Setup) -> xr.Dataset:
    """Everything at every factor and ε, without training."""
    task, scales = _Task(setup), np.logspace(-3, 3, 6 * setup.scales_per_decade + 1)
    names = (
        "value_change",
        "loss_change",
        "gradient_length",
        "gradient_error",
        "along",
        "along_theory",
        "value_share",
    )
    out = {name: [] for name in names}
    for eps in setup.epsilons:
        loss0, saved0, grads0 = task.gradient(task.params, eps)
        xhat0, g0 = saved0[1]["xhat"], grads0[0]["weight"]
        for scale in scales:
            params = task.scaled(scale)
            loss, saved, grads = task.gradient(params, eps)
            w, g, xhat = params[0]["weight"], grads[0]["weight"], saved[1]["xhat"]
            # Along each unit's own weights: with ε, w·∇L is ε/(σ²+ε) of γ ∂L/∂γ (see the page).
            lengths = _length(w, (1,)) * _length(g, (1,))
            radial = theory.radial_gradient(
                params[2]["gamma"], grads[2]["gamma"], saved[1]["var"], eps
            )
            out["value_change"].append(_length(xhat - xhat0, (1, 2)) / _length(xhat0, (1, 2)))
            out["value_share"].append(xhat.std(axis=1).mean(axis=1))
            out["loss_change"].append(np.abs(loss - loss0) / loss0)
            out["gradient_length"].append(_length(g, (1, 2)))
            out["gradient_error"].append(_length(scale * g - g0, (1, 2)) / _length(g0, (1, 2)))
            out["along"].append((w * g).sum(axis=1) / lengths)
            out["along_theory"].append(radial / lengths)
    shape = (len(setup.epsilons), scales.size, setup.runs)
    out = {
        name: np.array(values).reshape(*shape, *np.shape(values)[2:])
        for name, values in out.items()
    }
    dims = ("eps", "scale", "run")
    return xr.Dataset(
        {
            "value_change": (dims, out["value_change"], {"long_name": "change of x̂ against a = 1, relative", "units": "1"}),
            "value_share": (dims, out["value_share"], {"long_name": "standard deviation of x̂, mean over units", "units": "1"}),
            "loss_change": (dims, out["loss_change"], {"long_name": "change of the loss against a = 1, relative", "units": "1"}),
            "gradient_length": (dims, out["gradient_length"], {"long_name": "length of ∂L/∂w", "units": "1"}),
            "gradient_error": (dims, out["gradient_error"], {"long_name": "distance of a ∇L(aw) from ∇L(w), relative", "units": "1"}),
            "along": ((*dims, "unit"), out["along"], {"long_name": "cosine between a unit's weights and their gradient",
                                                      "units": "1"}),
            "along_theory": ((*dims, "unit"), out["along_theory"], {"long_name": "the same by γ ∂L/∂γ ε/(σ²+ε)", "units": "1"}),
        },
        coords={"eps": np.array(setup.epsilons), "scale": scales, "run": np.arange(setup.runs, dtype=np.int32),
                "unit": np.arange(setup.width, dtype=np.int32)},
    )  # fmt: skip


def _training(setup: Setup) -> xr.Dataset:
    """Full-batch gradient descent at ε = 0 from every factor, with one rate for all and with that of w times a²."""
    task = _Task(setup)
    shape = (len(CONDITIONS), len(setup.factors))
    losses = np.empty((*shape, setup.steps + 1, setup.runs))
    turned = np.empty((*shape, setup.runs))
    for c, condition in enumerate(CONDITIONS):
        for k, factor in enumerate(setup.factors):
            params = task.scaled(factor)
            first = setup.rate * (1.0 if condition == CONDITIONS[0] else factor**2)
            start = params[0]["weight"].copy()
            for step in range(setup.steps + 1):
                losses[c, k, step], _, grads = task.gradient(params, 0.0)
                for i, layer in enumerate(params):
                    for name in layer:
                        layer[name] -= (first if i == 0 else setup.rate) * grads[i][name]
                if step == 0:
                    # The step is orthogonal to the start (measured in the other part), so the angle is that of a right triangle.
                    moved = _length(params[0]["weight"] - start, (1,)) / _length(start, (1,))
                    turned[c, k] = np.arctan(moved).mean(axis=1)
    dims = ("condition", "factor")
    return xr.Dataset(
        {
            "loss": ((*dims, "step", "run"), losses, {"long_name": "training loss", "units": "nat"}),
            "first_turn": ((*dims, "run"), turned, {"long_name": "angle by which the first step turns a unit's weights",
                                                    "units": "rad"}),
        },
        coords={"condition": list(CONDITIONS), "factor": np.array(setup.factors),
                "step": np.arange(setup.steps + 1, dtype=np.int32), "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ what is claimed


def _worst(values: xr.DataArray):
    """The largest magnitude within each run, whatever else was varied."""
    return spread(np.abs(values).max([dim for dim in values.dims if dim != "run"]).values)


def _at(variable: str, eps: float, scale: float | None = None):
    """The worst of each run at one ε and one factor, or at any factor."""

    def measure(results):
        at = results[variable].sel(eps=eps)
        return _worst(at if scale is None else at.sel(scale=scale, method="nearest"))

    return measure


def _along_error(eps: float):
    """How far the cosine is from its closed form, at every factor and in every unit."""
    return lambda results: _worst((results["along"] - results["along_theory"]).sel(eps=eps))


def _same_training(factor: float):
    """Largest difference of the loss on the way, against a = 1, with the rate multiplied by a²."""

    def measure(results):
        loss = results["loss"].sel(condition=CONDITIONS[1])
        off = np.abs(loss.sel(factor=factor) / loss.sel(factor=1.0) - 1)
        return spread(off.max("step").values)

    return measure


def _final_loss(factor: float):
    def measure(results):
        final = results["loss"].sel(condition=CONDITIONS[0]).isel(step=-1)
        return paired_ratio(final.sel(factor=factor).values, final.sel(factor=1.0).values)

    return measure


def _first_turn(factor: float):
    def measure(results):
        turn = np.tan(results["first_turn"].sel(condition=CONDITIONS[0]))
        return paired_ratio(turn.sel(factor=factor).values, turn.sel(factor=1.0).values)

    return measure


CLAIMS = (
    Claim(
        id="size-does-not-matter",
        says="Multiply the weights in front of a batch norm by any positive number, and the network computes the same.",
        source="ioffe2015",
        cases=(
            Case("ε = 0, factors 0.001 to 1000", _at("value_change", 0.0), lambda m: m.below(ROUND_OFF),
                 "x̂ changes by less than 1e-12"),
            Case("ε = 1e-5, factor 100", _at("value_change", 1e-5, 100), lambda m: m.below(0.01), "x̂ changes by less than 1 %"),
            Case("ε = 1e-5, factor 0.1", _at("value_change", 1e-5, 0.1), lambda m: m.below(0.01), "x̂ changes by less than 1 %"),
            Case("ε = 1e-5, factor 0.001", _at("value_change", 1e-5, 0.001), lambda m: m.below(0.01),
                 "x̂ changes by less than 1 %"),
            Case("ε = 1e-3, factor 0.1", _at("value_change", 1e-3, 0.1), lambda m: m.below(0.01), "x̂ changes by less than 1 %"),
        ),
        verdict="depends",
        figure="scale-invariance-gradient",
        because="It is exact without ε; with ε it fails as soon as the factor brings a unit's standard deviation near √ε.",
    ),
    Claim(
        id="large-weights-small-gradients",
        says="Weights a times as large get a gradient a times as small.",
        source="ioffe2015",
        cases=tuple(
            Case(f"factor {a:g}, ε = 0", _at("gradient_error", 0.0, a), lambda m: m.below(ROUND_OFF),
                 "a ∇L(aw) is ∇L(w), relative error below 1e-12")
            for a in (0.001, 0.01, 0.1, 10, 100, 1000)
        ),
        verdict="supported",
        figure="scale-invariance-gradient",
        because="The loss depends on the direction of w only, and a step of given length turns a longer arrow less.",
    ),
    Claim(
        id="gradient-is-orthogonal",
        says="The gradient of a unit's weights in front of a batch norm is orthogonal to them.",
        source="arora2018",
        cases=(
            Case("ε = 0, factors 0.001 to 1000", _at("along", 0.0), lambda m: m.below(ROUND_OFF), "|cosine| below 1e-12"),
            Case("ε = 1e-5, factor 1", _at("along", 1e-5, 1), lambda m: m.below(0.01),
                 "largest |cosine| of a network's units below 0.01"),
            Case("ε = 1e-5, factor 0.001", _at("along", 1e-5, 0.001), lambda m: m.below(0.01),
                 "largest |cosine| of a network's units below 0.01"),
        ),
        verdict="depends",
        figure="scale-invariance-orthogonal",
        because="Stretching the weights changes nothing without ε, so the loss has no slope in that direction; with ε it has a small one.",
    ),
    Claim(
        id="what-eps-leaves-along-the-weights",
        says="Along the weights, ε leaves a gradient w·∇L = γ ∂L/∂γ · ε/(σ²+ε).",
        source="reader",
        cases=tuple(
            Case(f"ε = {eps:g}, factors 0.001 to 1000", _along_error(eps), lambda m: m.below(ROUND_OFF),
                 "the cosine agrees to 1e-12 in every unit")
            for eps in (1e-5, 1e-3)
        ),
        verdict="supported",
        figure="scale-invariance-orthogonal",
        because="Stretching w stretches x̂ by what ε takes away from its standard deviation, and γ says what stretching x̂ is worth.",
    ),
    Claim(
        id="size-is-a-learning-rate",
        says="Training from weights a times as large, with their rate multiplied by a², is the same training.",
        source="vanlaarhoven2017",
        cases=tuple(
            # A power of two is multiplied without rounding, so that nothing but the identity is tested.
            Case(f"factor {a:g}", _same_training(a), lambda m: m.within(0), "no loss on the way differs in any bit")
            for a in (0.25, 0.5, 4.0, 16.0)
        ),
        verdict="supported",
        figure="scale-invariance-training",
        because="Gradient a times as small, rate a² as large: the step is a times as large, as the weights are.",
    ),
    Claim(
        id="initial-size-does-not-matter",
        says="With batch norm, training takes the same course whatever the size of the initial weights.",
        source="overview",
        cases=(
            *(Case(f"turn of the first step, factor {a:g}", _first_turn(a), lambda m: m.within(1, relative=0.1),
                   "within 10 % of that at factor 1") for a in (0.25, 4.0)),
            *(Case(f"loss after training, factor {a:g}", _final_loss(a), lambda m: m.within(1, relative=0.1),
                   "within 10 % of that at factor 1") for a in (0.25, 4.0, 16.0)),
        ),
        verdict="refuted",
        figure="scale-invariance-training",
        because="What the network computes at the start is the same, but a step turns large weights less: the rate that counts is η/|w|².",
    ),
)  # fmt: skip

VALUES = {
    "value_change": _at("value_change", 0.0),
    "loss_change": _at("loss_change", 0.0),
    "value_change_small": _at("value_change", 1e-5, 0.001),
    "gradient_error": _at("gradient_error", 0.0),
    "along": _at("along", 0.0),
    "along_pytorch": _at("along", 1e-5, 1),
    "along_small": _at("along", 1e-5, 0.001),
    "along_theory_error": lambda results: _worst(results["along"] - results["along_theory"]),
    "turn_large": _first_turn(10.0),
    "turn_small": _first_turn(0.1),
    "loss_large": _final_loss(16.0),
    "same_training_rounded": _same_training(10.0),
}
