"""Can γ and β undo the normalization?

Numbers of three distributions go through `Standardize` and then through `Affine` with γ = σ and β = μ, the standard deviation and the
mean of the population, and what comes out is compared with what went in. Once with fixed statistics, as in evaluation mode, with
and without ε in γ; once with the statistics of each batch, as in training, for many batch sizes; and with the best γ and β of all.

What came out: with fixed statistics the undoing is exact, if γ contains ε. With batch statistics it is not, and no
γ and β make it so: each batch's own mean and standard deviation are lost. The error follows its closed form, falls
only as one over the batch size, and is larger for inputs with heavy tails.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.engine.affine import Affine
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.measures.statistics import mean, paired_ratio, spread
from experiments.theory import transform as theory

ROUND_OFF = (
    1e-24  # of squares: the error is 1e-12 standard deviations, a few float64 operations make 1e-15
)
MEAN, STD = 3.0, 2.0  # of the population where batch statistics are used; no result depends on them
LARGE = 2.0  # a value is large if it lies this many standard deviations above the mean
DRAW = {
    "uniform": lambda rng, shape: rng.uniform(-np.sqrt(3), np.sqrt(3), shape),
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "exponential": lambda rng, shape: rng.exponential(size=shape) - 1,
}  # each with mean 0 and variance 1
KURTOSIS = {"uniform": 1.8, "gaussian": 3.0, "exponential": 9.0}


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    runs: int = 16  # independent repetitions, each with a random stream of its own
    batches: tuple[int, ...] = (2, 4, 8, 16, 32, 64, 128, 256)  # batch sizes m
    draws: int = 4096  # random batches of each run, size and distribution
    distributions: tuple[str, ...] = ("uniform", "gaussian", "exponential")  # of the inputs
    epsilons: tuple[float, ...] = (1e-5, 1e-3)  # ε under the root: PyTorch's and Keras's default
    sigmas_per_decade: int = (
        12  # standard deviations of the input, from 1e-3 to 10, for fixed statistics
    )
    samples: int = 256  # samples of each run with fixed statistics
    shown: int = 320  # points of each panel that shows inputs against outputs
    seed: int = 4  # every random stream is spawned from it


QUICK = Setup(batches=(2, 8, 64, 256), draws=128, sigmas_per_decade=4)
FULL = Setup()
PAPER = Setup(runs=64, draws=16_384)


@dataclass(frozen=True)
class Point:
    """One batch size, or the part with fixed statistics, or the points that are drawn."""

    part: str  # "batch", "fixed" or "pairs"
    batch: int  # batch size of the part "batch", else 0
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """One point a batch size and two others; each takes at most a second or two."""
    return {f"batch-{m:03d}": Point("batch", m, setup) for m in setup.batches} | {
        part: Point(part, 0, setup) for part in ("fixed", "pairs")
    }


def run(point: Point) -> xr.Dataset:
    """Compute one part."""
    if point.part == "batch":
        return _batch(point.setup, point.batch)
    return {"fixed": _fixed, "pairs": _pairs}[point.part](point.setup)


def _rngs(setup: Setup, *part: int) -> list[np.random.Generator]:
    """One generator a run, independent of the other parts'."""
    return [
        np.random.default_rng(s)
        for s in np.random.SeedSequence((setup.seed, *part)).spawn(setup.runs)
    ]


def _undone(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normalized and undone (sample, batch), every column a batch of its own; γ and β are the population's σ and μ."""
    layer = Standardize(convention=replace(PYTORCH, eps=0.0))
    params, state, _ = layer.init(
        [np.random.default_rng(0)], x.shape[1], x.dtype
    )  # which draws no numbers
    xhat, _, _ = layer.forward(params, state, x[None], training=True)
    return xhat[0], _affine(xhat, STD, MEAN)[0]


def _affine(xhat: np.ndarray, gamma: float, beta: float) -> np.ndarray:
    shape = (xhat.shape[0], xhat.shape[2])
    params = {"gamma": np.full(shape, gamma), "beta": np.full(shape, beta)}
    return Affine().forward(params, {}, xhat, training=True)[0]


def _batch(setup: Setup, m: int) -> xr.Dataset:
    """What is left of the inputs with batch statistics, by distribution."""
    names = ("error", "best_error", "best_gamma", "mean_part", "scale_part", "large_error")
    out = {name: np.empty((len(setup.distributions), setup.runs)) for name in names}
    for d, distribution in enumerate(setup.distributions):
        for i, rng in enumerate(_rngs(setup, m, d)):
            x = MEAN + STD * DRAW[distribution](rng, (m, setup.draws))
            xhat, y = _undone(x)
            square = np.square((y - x) / STD)
            gamma = (
                x * xhat
            ).mean()  # least squares: x̂ has mean 0 and mean square 1 in every batch
            out["error"][d, i] = square.mean()
            out["best_error"][d, i] = np.square((gamma * xhat + x.mean() - x) / STD).mean()
            out["best_gamma"][d, i] = gamma / STD
            out["mean_part"][d, i] = np.square((x.mean(axis=0) - MEAN) / STD).mean()
            out["scale_part"][d, i] = np.square(x.std(axis=0) / STD - 1).mean()
            large = x > MEAN + LARGE * STD
            # A uniform distribution reaches 1.7 standard deviations only: nothing of it is large.
            out["large_error"][d, i] = square[large].mean() if large.any() else 0.0
    dims = ("distribution", "batch", "run")
    notes = {
        "error": "mean squared error of γ = σ, β = μ",
        "best_error": "mean squared error of the best γ and β",
        "mean_part": "the part that is lost with the batch means",
        "scale_part": "the part that is lost with the batch standard deviations",
        "large_error": "mean squared error where the input is 2 standard deviations above the mean",
    }
    kurtosis = np.array([KURTOSIS[d] for d in setup.distributions])
    return xr.Dataset(
        {name: (dims, out[name][:, None], {"long_name": note, "units": "variance of the input"}) for name, note in notes.items()}
        | {
            "best_gamma": (dims, out["best_gamma"][:, None], {"long_name": "the best γ", "units": "standard deviation of the input"}),
            "error_theory": ("batch", [theory.undo_error(m)],
                             {"long_name": "2(1 − √(2/m) Γ(m/2)/Γ((m−1)/2))", "units": "variance of the input"}),
            "best_error_theory": ("batch", [theory.best_undo_error(m)],
                                  {"long_name": "the same for the best γ", "units": "variance of the input"}),
            "error_large_batch": (("distribution", "batch"), theory.undo_error_large_batch(m, kurtosis)[:, None],
                                  {"long_name": "(κ+3)/(4m)", "units": "variance of the input"}),
        },
        coords={"distribution": list(setup.distributions), "batch": np.array([m], dtype=np.int32),
                "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


def _fixed(setup: Setup) -> xr.Dataset:
    """Fixed statistics, that is evaluation mode, with γ = σ and with γ = √(σ²+ε)."""
    rngs = _rngs(setup, 1_000_001)
    z = np.stack([rng.standard_normal((setup.samples, 1)) for rng in rngs])
    sigmas = np.logspace(-3, 1, 4 * setup.sigmas_per_decade + 1)
    errors = np.empty((2, len(setup.epsilons), sigmas.size, setup.runs))
    for e, eps in enumerate(setup.epsilons):
        layer = Standardize(convention=replace(PYTORCH, eps=eps))
        for s, sigma in enumerate(sigmas):
            x = 1.5 * sigma + sigma * z
            shape = (setup.runs, 1)
            state = {
                "running_mean": np.full(shape, 1.5 * sigma),
                "running_var": np.full(shape, sigma**2),
            }
            xhat, _, _ = layer.forward({}, state, x, training=False)
            for g, gamma in enumerate((sigma, np.sqrt(sigma**2 + eps))):
                y = _affine(xhat, gamma, 1.5 * sigma)
                errors[g, e, s] = np.square(y - x).sum(axis=(1, 2)) / np.square(sigma * z).sum(
                    axis=(1, 2)
                )
    eps = np.array(setup.epsilons)
    return xr.Dataset(
        {
            "fixed_error": (("gamma", "eps", "sigma", "run"), errors,
                            {"long_name": "squared error over squared distance from the mean", "units": "1"}),
            "fixed_error_theory": (("eps", "sigma"), theory.undo_error_epsilon(sigmas[None], eps[:, None]),
                                   {"long_name": "(1 − σ/√(σ²+ε))²", "units": "1"}),
        },
        coords={"gamma": ["sigma", "root"], "eps": eps, "sigma": sigmas, "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


def _pairs(setup: Setup) -> xr.Dataset:
    """Some inputs and what comes back, for three batch sizes; the inputs are the same numbers, grouped anew."""
    rng = _rngs(setup, 1_000_002)[0]
    sizes = (2, 8, 64)
    x = MEAN + STD * rng.standard_normal(setup.shown)
    back = np.stack([_undone(x.reshape(-1, m).T)[1].T.ravel() for m in sizes])
    return xr.Dataset(
        {
            "pair_input": ("sample", (x - MEAN) / STD, {"long_name": "input", "units": "standard deviations from the mean"}),
            "pair_output": (("pair_batch", "sample"), (back - MEAN) / STD,
                            {"long_name": "normalized and undone", "units": "standard deviations from the mean"}),
        },
        coords={"pair_batch": np.array(sizes, dtype=np.int32), "sample": np.arange(setup.shown, dtype=np.int32)},
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ what is claimed


def _at(variable: str, m: int, distribution: str = "gaussian"):
    return lambda results: mean(results[variable].sel(distribution=distribution, batch=m).values)


def _against_theory(m: int):
    """Measured error over the closed form."""
    return lambda results: mean(
        results["error"].sel(distribution="gaussian", batch=m).values
        / results["error_theory"].sel(batch=m).item()
    )


def _best_over_plain(m: int):
    def measure(results):
        at = results.sel(distribution="gaussian", batch=m)
        return paired_ratio(at["best_error"].values, at["error"].values)

    return measure


def _fixed_exact(results):
    return spread(results["fixed_error"].sel(gamma="root").values)


def _fixed_sigma(sigma: float, eps: float):
    return lambda results: spread(
        results["fixed_error"].sel(gamma="sigma", eps=eps).sel(sigma=sigma, method="nearest").values
    )


CLAIMS = (
    Claim(
        id="gamma-beta-undo-it",
        says="With γ = σ and β = μ, batch norm gives back its input: it can represent the identity, and no capacity is lost.",
        source="ioffe2015",
        cases=(
            Case("fixed statistics, γ = √(σ²+ε)", _fixed_exact, lambda m: m.below(0.01), "squared error below 1 % of the variance"),
            Case("fixed statistics, γ = σ = 0.01, ε = 1e-3", _fixed_sigma(0.01, 1e-3), lambda m: m.below(0.01),
                 "squared error below 1 % of the variance"),
            *(
                Case(f"batch statistics, m = {m}", _at("error", m), lambda m: m.below(0.01), "squared error below 1 % of the variance")
                for m in (2, 8, 64, 256)
            ),
        ),
        verdict="depends",
        figure="undo-error",
        because="Fixed statistics can be undone; those of a batch move from batch to batch, while γ and β stay where they are.",
    ),
    Claim(
        id="undoing-is-exact-in-eval-mode",
        says="In evaluation mode γ and β undo the normalization exactly.",
        source="reader",
        cases=(
            Case("γ = √(σ²+ε), every σ and ε", _fixed_exact, lambda m: m.below(ROUND_OFF),
                 "squared error zero to 1e-24, in every instance"),
        ),
        verdict="supported",
        figure="undo-epsilon",
        because="A fixed mean and a fixed standard deviation make a straight line, and γ and β are another one.",
    ),
    Claim(
        id="undo-error-is-known",
        says="With batch statistics, undoing misses Gaussian inputs by 2(1 − E σ_B/σ) of their variance on average.",
        source="reader",
        cases=tuple(
            Case(f"batch of {m}", _against_theory(m), lambda m: m.within(1, relative=0.05),
                 "measured error within 5 % of the closed form, with its whole interval")
            for m in (2, 8, 64, 256)
        ),
        verdict="supported",
        figure="undo-error",
        because="The error of the mean and that of the standard deviation add up, and both have exact expectations.",
    ),
    Claim(
        id="training-finds-the-undo",
        says="If γ = σ and β = μ do not undo it, some other γ and β do, and training can find them.",
        source="reader",
        cases=tuple(
            Case(f"batch of {m}", _best_over_plain(m), lambda m: m.below(0.5), "the best γ and β halve the squared error")
            for m in (2, 8, 64)
        ),
        verdict="refuted",
        figure="undo-error",
        because="One pair of numbers cannot give back a mean and a standard deviation that differ from batch to batch.",
    ),
    Claim(
        id="large-values-are-destroyed",
        says="Standardizing destroys large values that matter.",
        source="post",
        cases=(
            Case("fixed statistics, undone", _fixed_exact, lambda m: m.above(0.01), "squared error above 1 % of the variance"),
            Case("batch of 8, values above 2σ, undone", _at("large_error", 8), lambda m: m.above(0.01),
                 "squared error above 1 % of the variance"),
            Case("batch of 64, values above 2σ, undone", _at("large_error", 64), lambda m: m.above(0.01),
                 "squared error above 1 % of the variance"),
        ),
        verdict="depends",
        figure="undo-pairs",
        because="A change of units destroys nothing; what is lost is how large a value was beside other batches.",
    ),
)  # fmt: skip

VALUES = {
    "error_pair": _at("error", 2),
    "error_eight": _at("error", 8),
    "error_sixty_four": _at("error", 64),
    "error_large": _at("error", 256),
    "best_pair": _at("best_error", 2),
    "best_eight": _at("best_error", 8),
    "best_gamma_pair": _at("best_gamma", 2),
    "mean_part_eight": _at("mean_part", 8),
    "scale_part_eight": _at("scale_part", 8),
    "exponential_eight": _at("error", 8, "exponential"),
    "uniform_eight": _at("error", 8, "uniform"),
    "exponential_sixty_four": _at("error", 64, "exponential"),
    "large_value_eight": _at("large_error", 8),
    "fixed": _fixed_exact,
    "fixed_sigma_keras": _fixed_sigma(0.01, 1e-3),
    "fixed_sigma_pytorch": _fixed_sigma(0.01, 1e-5),
}
