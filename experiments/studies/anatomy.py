"""What exactly does one batch normalization compute, forwards and backwards?

Everything here is arithmetic: small batches go through `Standardize` and `Affine` in float64, and what comes out is held
against the formulas. A worked example that is often copied; the standard deviation of the output against that of the input, with ε in
the way; the output and its gradients as γ sweeps; analytic gradients against central differences; the gradient of a bias
in front of the normalization; and what is lost when the batch mean and variance are taken for constants.

What came out: the formulas hold to round-off. The copied example is not normalized. γ is the standard deviation of the
output only while the input's is well above √ε. A bias in front does nothing, and gets no gradient. A unit with γ = 0 passes
no gradient down and still learns. The part of the gradient that goes through the batch statistics is not negligible in
batches of up to a few hundred values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.measures.statistics import exact, mean, spread
from experiments.theory import transform as theory

ROUND_OFF = 1e-12  # sums of at most 1,024 float64 terms of order one: 1,024 * 2**-53 is 1.1e-13
EXAMPLE = (-1.5, -0.5, 0.5, 1.5)
PARAMETERS = ("input", "weight", "bias", "gamma", "beta")


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    runs: int = 16  # random instances of every identity
    batch: int = 32  # samples in a batch
    features: int = 8  # units; each is normalized on its own
    line: int = 20  # samples of the batch that the animation follows
    epsilons: tuple[float, ...] = (1e-5, 1e-3)  # ε under the root: PyTorch's and Keras's default
    sigmas_per_decade: int = 20  # input standard deviations, from 1e-4 to 10
    gammas: int = 25  # values of γ from -3 to 3
    difference_steps: int = 19  # steps of the central differences, from 1e-10 to 1e-1
    batches: tuple[int, ...] = (
        2,
        4,
        8,
        16,
        32,
        64,
        128,
        256,
    )  # batch sizes for the shortcut gradient
    directions: int = 1024  # random gradients of each run and batch size
    seed: int = 1  # every random stream is spawned from it


QUICK = Setup(
    batches=(2, 8, 32, 256), directions=64, sigmas_per_decade=5, gammas=13, difference_steps=10
)
FULL = Setup()
PAPER = Setup(runs=64, directions=4096, sigmas_per_decade=40)


@dataclass(frozen=True)
class Point:
    """One part of the study."""

    part: str  # "example", "epsilon", "sweep", "differences" or "statistics"
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """The five parts; each takes well under a second."""
    return {
        part: Point(part, setup)
        for part in ("example", "epsilon", "sweep", "differences", "statistics")
    }


def run(point: Point) -> xr.Dataset:
    """Compute one part."""
    parts = {"example": _example, "epsilon": _epsilon, "sweep": _sweep, "differences": _differences,
             "statistics": _statistics}  # fmt: skip
    return parts[point.part](point.setup)


def _rngs(setup: Setup, part: int) -> list[np.random.Generator]:
    """One generator a run, independent of the other parts'."""
    return [
        np.random.default_rng(s)
        for s in np.random.SeedSequence((setup.seed, part)).spawn(setup.runs)
    ]


def _normal(rngs: list[np.random.Generator], *shape: int) -> np.ndarray:
    return np.stack([rng.standard_normal(shape) for rng in rngs])


def _example(setup: Setup) -> xr.Dataset:
    """The four numbers of a copied example through every step of the transform, as they are and normalized."""
    x = np.array(EXAMPLE)[None, :, None]
    _, saved, _ = _standardize(x, eps=0.0)
    xhat = saved["xhat"]
    stages = {
        "input": x,
        "minus the mean": x - x.mean(axis=1, keepdims=True),
        "over the standard deviation": xhat,
        "times two plus three": _affine(xhat, 2.0, 3.0),
        "times two plus three, without normalizing": _affine(x, 2.0, 3.0),
        "times a half, without normalizing": _affine(x, 0.5, 0.0),
    }
    values = np.stack([stage[0, :, 0] for stage in stages.values()])
    batch = np.sort(4.0 + 1.6 * _normal(_rngs(setup, 3)[:1], setup.line, 1), axis=1)
    _, line, _ = _standardize(batch, eps=PYTORCH.eps)
    return xr.Dataset(
        {
            "example": (("stage", "sample"), values, {"long_name": "value of the sample", "units": "1"}),
            "example_std": ("stage", values.std(axis=1), {"long_name": "population standard deviation", "units": "1"}),
            "example_sample_std": ("stage", values.std(axis=1, ddof=1),
                                   {"long_name": "sample standard deviation", "units": "1"}),
            "line_input": ("line_sample", batch[0, :, 0], {"long_name": "a batch to follow through the transform", "units": "1"}),
            "line_normalized": ("line_sample", line["xhat"][0, :, 0], {"long_name": "the same, normalized", "units": "1"}),
        },
        coords={"stage": list(stages), "sample": np.arange(4, dtype=np.int32),
                "line_sample": np.arange(setup.line, dtype=np.int32)},
    )  # fmt: skip


def _epsilon(setup: Setup) -> xr.Dataset:
    """Standard deviation of the normalized batch for inputs of every size."""
    z = _normal(_rngs(setup, 0), setup.batch, 1)
    z = (z - z.mean(axis=1, keepdims=True)) / z.std(axis=1, keepdims=True)
    sigmas = np.logspace(-4, 1, 5 * setup.sigmas_per_decade + 1)
    epsilons = np.array(setup.epsilons)
    std = [
        [_standardize(sigma * z, eps)[0].std(axis=(1, 2)) for sigma in sigmas] for eps in epsilons
    ]
    return xr.Dataset(
        {
            "normalized_std": (("eps", "sigma", "run"), np.array(std),
                               {"long_name": "population standard deviation of the normalized batch", "units": "1"}),
            "normalized_std_theory": (("eps", "sigma"), theory.output_std(1.0, sigmas[None, :], epsilons[:, None]),
                                      {"long_name": "σ/√(σ²+ε)", "units": "1"}),
        },
        coords={"eps": epsilons, "sigma": sigmas, "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


def _sweep(setup: Setup) -> xr.Dataset:
    """Output, gradient to the input and gradient of γ as γ sweeps, for a fixed gradient from above."""
    rngs = _rngs(setup, 1)
    x, g = _normal(rngs, setup.batch, setup.features), _normal(rngs, setup.batch, setup.features)
    layer, affine = Standardize(convention=PYTORCH), Affine()
    sparams, sstate, _ = layer.init(rngs, setup.features, np.float64)
    aparams, astate, _ = affine.init(rngs, setup.features, np.float64)
    xhat, ssaved, _ = layer.forward(sparams, sstate, x, training=True)
    neutral, _, _ = affine.forward(aparams, astate, xhat, training=True)

    gammas, beta = np.linspace(-3, 3, setup.gammas), 0.5
    out = {name: [] for name in ("std", "mean", "off", "dx", "dgamma")}
    for gamma in gammas:
        moved = {
            **aparams,
            "gamma": np.full_like(aparams["gamma"], gamma),
            "beta": np.full_like(aparams["beta"], beta),
        }
        y, asaved, _ = affine.forward(moved, astate, xhat, training=True)
        dxhat, grads = affine.backward(moved, asaved, g)
        dx, _ = layer.backward(sparams, ssaved, dxhat)
        out["std"].append(y.std(axis=1).mean(axis=1))
        out["mean"].append(y.mean(axis=1).mean(axis=1))
        out["off"].append(np.abs(y.mean(axis=1) - beta).max(axis=1))
        out["dx"].append(np.linalg.norm(dx, axis=(1, 2)))
        out["dgamma"].append(np.linalg.norm(grads["gamma"], axis=1))
    dims = ("gamma", "run")
    return xr.Dataset(
        {
            "output_std": (dims, np.array(out["std"]), {"long_name": "standard deviation of the output", "units": "1"}),
            "output_mean": (dims, np.array(out["mean"]), {"long_name": "mean of the output at β = 0.5", "units": "1"}),
            "mean_off": (dims, np.array(out["off"]), {"long_name": "largest distance of a unit's mean from β", "units": "1"}),
            "input_gradient": (dims, np.array(out["dx"]), {"long_name": "length of ∂L/∂x", "units": "1"}),
            "gamma_gradient": (dims, np.array(out["dgamma"]), {"long_name": "length of ∂L/∂γ", "units": "1"}),
            "neutral_change": ("run", np.abs(neutral - xhat).max(axis=(1, 2)),
                               {"long_name": "largest change of x̂ at γ = 1, β = 0", "units": "1"}),
        },
        coords={"gamma": gammas, "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


def _differences(setup: Setup) -> xr.Dataset:
    """Analytic derivatives along a random direction against central differences; the gradient of a bias in front."""
    rngs = _rngs(setup, 2)
    net = Network((Dense(setup.features), Standardize(convention=PYTORCH), Affine()))
    params, state = net.init(rngs, features=setup.features, dtype=np.float64)
    params = [
        {k: v + 0.3 * _normal(rngs, *v.shape[1:]) for k, v in layer.items()} for layer in params
    ]
    x = _normal(rngs, setup.batch, setup.features)
    w = _normal(
        rngs, setup.batch, setup.features
    )  # L = Σ w tanh(y): curved, and its derivative is known

    def loss(params, x):
        y, _, _ = net.forward(params, state, x, training=True)
        return (w * np.tanh(y)).sum(axis=(1, 2))

    y, saved, _ = net.forward(params, state, x, training=True)
    dx, grads = net.backward(params, saved, w * (1 - np.tanh(y) ** 2))
    places = {
        "input": None,
        "weight": (0, "weight"),
        "bias": (0, "bias"),
        "gamma": (2, "gamma"),
        "beta": (2, "beta"),
    }

    steps = np.logspace(-10, -1, setup.difference_steps)
    analytic, numeric, length = [], [], []
    for place in places.values():
        gradient = dx if place is None else grads[place[0]][place[1]]
        direction = _normal(rngs, *gradient.shape[1:])
        axes = tuple(range(1, gradient.ndim))
        direction /= np.sqrt(np.square(direction).sum(axis=axes, keepdims=True))
        analytic.append((gradient * direction).sum(axis=axes))
        length.append(np.sqrt(np.square(gradient).sum(axis=axes)))
        numeric.append([])
        for step in steps:
            ends = []
            for sign in (1, -1):
                moved, at = [dict(layer) for layer in params], x
                if place is None:
                    at = x + sign * step * direction
                else:
                    moved[place[0]][place[1]] = params[place[0]][place[1]] + sign * step * direction
                ends.append(loss(moved, at))
            numeric[-1].append((ends[0] - ends[1]) / (2 * step))
    analytic, numeric, length = np.array(analytic), np.array(numeric), np.array(length)
    # The gradient of the bias is zero, so its error is measured against the length of the gradient that arrives at it.
    arriving = np.linalg.norm(w * (1 - np.tanh(y) ** 2), axis=(1, 2))
    scale = np.where(np.array(list(places))[:, None] == "bias", arriving, length)
    error = np.abs(numeric - analytic[:, None]) / scale[:, None]

    shifted = [dict(layer) for layer in params]
    shifted[0]["bias"] = params[0]["bias"] + 1.0
    change = np.abs(net.forward(shifted, state, x, training=True)[0] - y).max(axis=(1, 2))
    return xr.Dataset(
        {
            "difference_error": (("parameter", "difference_step", "run"), error,
                                 {"long_name": "|numerical - analytic| / length of the gradient", "units": "1"}),
            "bias_gradient": ("run", np.abs(grads[0]["bias"]).max(axis=1) / arriving,
                              {"long_name": "largest |∂L/∂b| / length of the gradient above", "units": "1"}),
            "bias_effect": ("run", change, {"long_name": "largest change of an output when every bias grows by 1",
                                            "units": "1"}),
        },
        coords={"parameter": list(PARAMETERS), "difference_step": steps, "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


def _statistics(setup: Setup) -> xr.Dataset:
    """How much of a random gradient passes through the batch mean and variance, at each batch size."""
    share = []
    for part, m in enumerate(setup.batches):
        rngs = _rngs(setup, 10 + part)
        x, g = _normal(rngs, m, setup.directions), _normal(rngs, m, setup.directions)
        layer = Standardize(convention=replace(PYTORCH, eps=0.0))
        params, state, _ = layer.init(rngs, setup.directions, np.float64)
        _, saved, _ = layer.forward(params, state, x, training=True)
        full, _ = layer.backward(params, saved, g)
        short = g / x.std(axis=1, keepdims=True)  # the batch mean and variance taken for constants
        lengths = np.square(short).sum(axis=1)
        share.append((np.square(short - full).sum(axis=1) / lengths).mean(axis=1))
    batches = np.array(setup.batches, dtype=np.int32)
    return xr.Dataset(
        {
            "statistics_share": (("batch", "run"), np.array(share),
                                 {"long_name": "share of the squared gradient through the batch statistics", "units": "1"}),
            "statistics_share_theory": ("batch", theory.removed_share(batches), {"long_name": "2/m", "units": "1"}),
        },
        coords={"batch": batches, "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


def _standardize(x: np.ndarray, eps: float) -> tuple[np.ndarray, dict, dict]:
    layer = Standardize(convention=replace(PYTORCH, eps=eps))
    rngs = [np.random.default_rng(0)] * x.shape[0]  # a normalization draws no random numbers
    params, state, _ = layer.init(rngs, x.shape[2], x.dtype)
    return layer.forward(params, state, x, training=True)


def _affine(x: np.ndarray, gamma: float, beta: float) -> np.ndarray:
    shape = (x.shape[0], x.shape[2])
    return Affine().forward(
        {"gamma": np.full(shape, gamma), "beta": np.full(shape, beta)}, {}, x, training=True
    )[0]


# ------------------------------------------------------------------------------------------------------------ what is claimed


def _example_std(stage: str, variable: str = "example_std"):
    return lambda results: exact(results[variable].sel(stage=stage).item())


def _std_at(sigma: float, eps: float):
    return lambda results: spread(
        results["normalized_std"]
        .sel(eps=eps, method="nearest")
        .sel(sigma=sigma, method="nearest")
        .values
    )


def _epsilon_error(sigma: float, eps: float):
    """How far the standard deviation is from σ/√(σ²+ε), relative to it."""

    def measure(results):
        at = results.sel(eps=eps, method="nearest").sel(sigma=sigma, method="nearest")
        return spread(np.abs(at["normalized_std"] / at["normalized_std_theory"] - 1).values)

    return measure


def _difference(parameter: str):
    """The worst instance at the best step: the round-off that no choice of step avoids."""
    return lambda results: spread(
        results["difference_error"].sel(parameter=parameter).min("difference_step").values
    )


def _at_gamma(variable: str, gamma: float):
    """A quantity at one γ as a share of its value at γ = 1."""

    def measure(results):
        at = results[variable].sel(gamma=gamma, method="nearest").values
        return spread(at / results[variable].sel(gamma=1.0, method="nearest").values)

    return measure


def _through_statistics(m: int):
    return lambda results: mean(np.sqrt(results["statistics_share"].sel(batch=m).values))


CLAIMS = (
    Claim(
        id="copied-example",
        says="The batch (−1.5, −0.5, 0.5, 1.5) is normalized, so γ = 2 and β = 3 give it a standard deviation of 2.",
        source="post",
        cases=(
            Case("the standard deviation after γ = 2", _example_std("times two plus three, without normalizing"),
                 lambda m: m.within(2, relative=0.01), "within 1 % of 2"),
            Case("the standard deviation of the four numbers", _example_std("input"),
                 lambda m: m.within(1, relative=0.01), "within 1 % of 1"),
            Case("the same with the divisor m − 1", _example_std("input", "example_sample_std"),
                 lambda m: m.within(1, relative=0.01), "within 1 % of 1"),
        ),
        verdict="refuted",
        figure="anatomy-example",
        because="The four numbers have a mean of zero, but not a standard deviation of one.",
    ),
    Claim(
        id="gamma-sets-the-std",
        says="γ is the standard deviation of the output.",
        source="post",
        cases=(
            Case("input σ = 1, ε = 1e-5", _std_at(1.0, 1e-5), lambda m: m.within(1, relative=0.01), "within 1 % of |γ|"),
            Case("input σ = 0.01, ε = 1e-5", _std_at(0.01, 1e-5), lambda m: m.within(1, relative=0.01),
                 "within 1 % of |γ|"),
            Case("input σ = 0.01, ε = 1e-3", _std_at(0.01, 1e-3), lambda m: m.within(1, relative=0.01),
                 "within 1 % of |γ|"),
        ),
        verdict="depends",
        figure="anatomy-epsilon",
        because="It depends on σ of the input against √ε: the output has |γ|σ/√(σ²+ε), as good as |γ| well above √ε, and less below.",
    ),
    Claim(
        id="what-epsilon-costs-is-known",
        says="At γ = 1 the standard deviation of the output is σ/√(σ²+ε).",
        source="reader",
        cases=tuple(
            Case(f"σ = {sigma:g}, ε = {eps:g}", _epsilon_error(sigma, eps), lambda m: m.below(ROUND_OFF),
                 "within 1e-12 of the closed form, in every instance")
            for eps in (1e-5, 1e-3)
            for sigma in (10.0, 1.0, 0.1, 0.01, 0.001)
        ),
        verdict="supported",
        figure="anatomy-epsilon",
        because="Dividing by √(σ²+ε) is all that happens to the deviations from the mean.",
    ),
    Claim(
        id="beta-sets-the-mean",
        says="β is the mean of the output.",
        source="post",
        cases=(
            Case("distance of the mean from β, every γ from −3 to 3", lambda results: spread(results["mean_off"].values),
                 lambda m: m.below(ROUND_OFF), "zero to 1e-12, in every instance and unit"),
        ),
        verdict="supported",
        figure="anatomy-gamma",
        because="The normalized batch has mean zero exactly, whatever ε is, so only β is left.",
    ),
    Claim(
        id="bias-is-redundant",
        says="A bias right before batch norm does nothing.",
        source="overview",
        cases=(
            Case("its gradient, against the gradient above", lambda results: spread(results["bias_gradient"].values),
                 lambda m: m.below(ROUND_OFF), "zero to 1e-12, in every instance"),
            Case("change of the output when it grows by 1", lambda results: spread(results["bias_effect"].values),
                 lambda m: m.below(ROUND_OFF), "zero to 1e-12, in every instance"),
        ),
        verdict="supported",
        figure="anatomy-differences",
        because="The batch mean takes every constant away again, and with it the constant's gradient.",
    ),
    Claim(
        id="neutral-start",
        says="γ = 1 and β = 0 leave the normalized batch alone, and their gradients Σ g·x̂ and Σ g say where to go.",
        source="demo",
        cases=(
            Case("change of x̂ at (1, 0)", lambda results: spread(results["neutral_change"].values),
                 lambda m: m.within(0), "none at all"),
            Case("gradient of γ against central differences", _difference("gamma"), lambda m: m.below(1e-8),
                 "relative error below 1e-8 at the best step"),
            Case("gradient of β against central differences", _difference("beta"), lambda m: m.below(1e-8),
                 "relative error below 1e-8 at the best step"),
        ),
        verdict="supported",
        figure="anatomy-differences",
        because="γ·x̂ + β is a straight line in γ and β, so its gradients are two sums.",
    ),
    Claim(
        id="statistics-are-constants",
        says="In the backward pass the batch mean and variance may be treated as constants: the error is negligible.",
        source="reader",
        cases=tuple(
            Case(f"batch of {m}", _through_statistics(m), lambda m: m.below(0.01),
                 "what should be taken away is below 1 % of the shortcut gradient's length")
            for m in (8, 32, 256)
        ),
        verdict="refuted",
        figure="anatomy-statistics",
        because="Two of the m directions of a gradient cancel through the statistics, so the shortcut is wrong by √(2/m) of its "
        "length: too much at every batch size tried. Where statistics are taken over tens of thousands of values, as in a large "
        "convolution, it is less than that.",
    ),
    Claim(
        id="zero-gamma-is-dead",
        says="A unit whose γ has reached zero is dead: it passes no gradient on and cannot recover.",
        source="reader",
        cases=(
            Case("gradient to the input, against γ = 1", _at_gamma("input_gradient", 0.0),
                 lambda m: m.below(ROUND_OFF), "zero to 1e-12"),
            Case("gradient of γ itself, against γ = 1", _at_gamma("gamma_gradient", 0.0),
                 lambda m: m.below(ROUND_OFF), "zero to 1e-12"),
        ),
        verdict="depends",
        figure="anatomy-gamma",
        because="Right about the layers below, to which nothing gets through; wrong about γ, whose own gradient does not contain γ and "
        "can move it away again.",
    ),
)  # fmt: skip

VALUES = {
    "example_std": _example_std("input"),
    "example_sample_std": _example_std("input", "example_sample_std"),
    "example_scaled_std": _example_std("times two plus three, without normalizing"),
    "example_halved_std": _example_std("times a half, without normalizing"),
    "example_outer": lambda results: exact(
        results["example"].sel(stage="over the standard deviation").max().item()
    ),
    "example_inner": lambda results: exact(
        results["example"].sel(stage="over the standard deviation").isel(sample=2).item()
    ),
    "std_pytorch_small": _std_at(0.01, 1e-5),
    "std_keras_small": _std_at(0.01, 1e-3),
    "std_unit": _std_at(1.0, 1e-5),
    "epsilon_error": lambda results: spread(
        np.abs(results["normalized_std"] - results["normalized_std_theory"]).values
    ),
    "input_error": _difference("input"),
    "weight_error": _difference("weight"),
    "bias_error": _difference("bias"),
    "bias_gradient": lambda results: spread(results["bias_gradient"].values),
    "bias_effect": lambda results: spread(results["bias_effect"].values),
    "statistics_small_batch": _through_statistics(8),
    "statistics_batch": _through_statistics(32),
    "statistics_large_batch": _through_statistics(256),
    "statistics_worst_ratio": lambda results: spread(
        (results["statistics_share"].mean("run") / results["statistics_share_theory"]).values
    ),
}
