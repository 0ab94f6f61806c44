"""What does the backward pass of batch norm remove from a gradient?

The backward pass is linear in the gradient, so sending the unit vectors through it gives its whole matrix, the transposed Jacobian ∂y/∂x.
Its singular values and singular vectors are computed for random batches of many sizes, with and without ε, for random γ and β,
and held against the closed form. Random gradients go through it, and their squared length behind it is held against two forms of a
theorem. Then two batches that differ in position and scale only go through the forward pass.

What came out: all but two directions of a batch are multiplied by γ/σ and by nothing else. The constant direction is removed exactly. The
direction of x̂, a stretching of the batch, is removed exactly at ε = 0, and lets ε/(σ²+ε) through otherwise, which is most of it for inputs
that hardly vary. γ and β change the factor and bring back neither direction. What the squared length of a gradient loses is its squared
products with the two directions, each over m; with √m for the second, the statement is no bound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.engine.affine import Affine
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.measures.statistics import exact, spread
from experiments.theory import transform as theory

ROUND_OFF = 1e-12  # products of at most 256 float64 terms of order one, and their singular values: 256 * 2**-53 is 3e-14
LOST = 1e-9  # a singular value below this share of the largest is lost: far above round-off, far below what ε leaves here


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    runs: int = 16  # random batches of every size
    batches: tuple[int, ...] = (2, 3, 4, 8, 16, 32, 64, 128, 256)  # batch sizes m
    epsilons: tuple[float, ...] = (1e-5, 1e-3)  # ε under the root: PyTorch's and Keras's default
    sigmas_per_decade: int = 12  # standard deviations of the input, from 1e-4 to 10
    batch: int = 16  # batch size for the sweep over standard deviations
    shown: int = 16  # samples of the gradient that is taken apart in a figure
    seed: int = 5  # every random stream is spawned from it


QUICK = Setup(batches=(2, 3, 4, 8, 32), sigmas_per_decade=4)
FULL = Setup()
PAPER = Setup(runs=64)


@dataclass(frozen=True)
class Point:
    """One part of the study."""

    part: str  # "spectrum", "epsilon" or "parts"
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """The three parts; each takes at most a second or two."""
    return {part: Point(part, setup) for part in ("spectrum", "epsilon", "parts")}


def run(point: Point) -> xr.Dataset:
    """Compute one part."""
    return {"spectrum": _spectrum, "epsilon": _epsilon, "parts": _parts}[point.part](point.setup)


def _rngs(setup: Setup, part: int) -> list[np.random.Generator]:
    """One generator a run, independent of the other parts'."""
    return [
        np.random.default_rng(s)
        for s in np.random.SeedSequence((setup.seed, part)).spawn(setup.runs)
    ]


def _backward(
    x: np.ndarray, g: np.ndarray, eps: float, gamma: float = 1.0, beta: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x̂, y and ∂L/∂x of one unit: x (sample,), g = ∂L/∂y (sample, gradient), as many gradients as there are columns."""
    standardize, affine = Standardize(convention=replace(PYTORCH, eps=eps)), Affine()
    shape = (1, g.shape[1])
    params = {"gamma": np.full(shape, gamma), "beta": np.full(shape, beta)}
    _, state, _ = standardize.init(
        [np.random.default_rng(0)], g.shape[1], x.dtype
    )  # which draws no numbers
    rows = np.repeat(x[:, None], g.shape[1], axis=1)[None]
    xhat, saved, _ = standardize.forward({}, state, rows, training=True)
    y, asaved, _ = affine.forward(params, {}, xhat, training=True)
    dxhat, _ = affine.backward(params, asaved, g[None])
    dx, _ = standardize.backward({}, saved, dxhat)
    return xhat[0, :, 0], y[0, :, 0], dx[0]


def _spectrum(setup: Setup) -> xr.Dataset:
    """Singular values and lost directions by batch size, at ε = 0, with γ = 1 and with random γ and β."""
    sizes, most = setup.batches, max(setup.batches)
    shape = (len(sizes), setup.runs)
    values = np.full((*shape, most), np.nan)
    names = (
        "passing_error",
        "lost",
        "lost_affine",
        "constant",
        "stretch",
        "moved",
        "norm_error",
        "root_bound",
    )
    out = {name: np.empty(shape) for name in names}
    for k, m in enumerate(sizes):
        for i, rng in enumerate(_rngs(setup, m)):
            sigma = np.exp(rng.uniform(-2, 2))
            x = rng.normal() + sigma * rng.standard_normal(m)
            gamma, beta = rng.choice([-1, 1]) * np.exp(rng.uniform(-2, 2)), rng.normal()
            xhat, y, plain = _backward(x, np.eye(m), 0.0)
            _, _, whole = _backward(x, np.eye(m), 0.0, gamma, beta)
            found = np.linalg.svd(whole, compute_uv=False) * x.std() / abs(gamma)  # in units of γ/σ
            values[k, i, :m] = found
            out["passing_error"][k, i] = np.abs(found[: m - 2] - 1).max(initial=0)
            out["lost"][k, i] = (np.linalg.svd(plain, compute_uv=False) * x.std() < LOST).sum()
            out["lost_affine"][k, i] = (found < LOST).sum()
            for name, direction in (("constant", np.ones(m)), ("stretch", xhat)):
                out[name][k, i] = (
                    np.linalg.norm(whole @ direction) / np.sqrt(m) * x.std() / abs(gamma)
                )
            out["moved"][k, i] = np.abs(_backward(3.0 * x - 7.0, np.eye(m), 0.0)[1] - y).max()
            # with something along both directions
            g = rng.normal() + rng.normal() * xhat + rng.standard_normal(m)
            arrives = np.square(gamma / x.std()) * (g @ g)
            returns = np.square(_backward(x, g[:, None], 0.0, gamma, beta)[2]).sum() / arrives
            exact_norm = theory.returning_norm_squared(g, xhat, gamma, x.std()) / arrives
            root = exact_norm - (1 / np.sqrt(m) - 1 / m) * np.square(xhat @ g) / (g @ g)
            out["norm_error"][k, i] = abs(returns - exact_norm)
            out["root_bound"][k, i] = root - returns
    dims = ("batch", "run")
    notes = {
        "passing_error": "largest deviation of the m − 2 largest singular values from γ/σ, over γ/σ",
        "lost": "singular values of the normalization that are zero",
        "lost_affine": "singular values of normalization, γ and β together that are zero",
        "constant": "what is left of the constant direction, over γ/σ",
        "stretch": "what is left of the direction x̂, over γ/σ",
        "moved": "largest change of an output when the inputs are tripled and shifted",
        "norm_error": "distance of a gradient's squared length behind the backward pass from the identity, over γ²/σ² times that before it",
        "root_bound": "the bound with 1/√m less the squared length that it bounds, over γ²/σ² times the squared length before",
    }
    return xr.Dataset(
        {name: (dims, out[name], {"long_name": note, "units": "1"}) for name, note in notes.items()}
        | {"singular_value": ((*dims, "rank"), values, {"long_name": "singular values over γ/σ", "units": "1"})},
        coords={"batch": np.array(sizes, dtype=np.int32), "run": np.arange(setup.runs, dtype=np.int32),
                "rank": np.arange(most, dtype=np.int32)},
    )  # fmt: skip


def _epsilon(setup: Setup) -> xr.Dataset:
    """All singular values against the closed form for inputs of every size, and the share of the stretch that gets back."""
    sigmas, m = np.logspace(-4, 1, 5 * setup.sigmas_per_decade + 1), setup.batch
    share = np.empty((len(setup.epsilons), sigmas.size, setup.runs))
    error = np.empty_like(share)
    for i, rng in enumerate(_rngs(setup, 1_000_001)):
        z = rng.standard_normal(m)
        z = (z - z.mean()) / z.std()
        for e, eps in enumerate(setup.epsilons):
            for s, sigma in enumerate(sigmas):
                _, _, matrix = _backward(sigma * z, np.eye(m), eps)
                found = np.linalg.svd(matrix, compute_uv=False)
                expected = theory.backward_spectrum(m, 1.0, sigma, eps)
                error[e, s, i] = np.abs(found - expected).max() / expected[0]
                share[e, s, i] = np.linalg.norm(matrix @ z) / np.sqrt(m) / found[0]
    eps = np.array(setup.epsilons)
    dims = ("eps", "sigma", "run")
    return xr.Dataset(
        {
            "stretch_share": (dims, share, {"long_name": "factor along x̂ over the factor across it", "units": "1"}),
            "stretch_share_theory": (("eps", "sigma"), theory.stretch_passed(sigmas[None], eps[:, None]),
                                     {"long_name": "ε/(σ²+ε)", "units": "1"}),
            "spectrum_error": (dims, error, {"long_name": "largest deviation of a singular value, over the largest", "units": "1"}),
        },
        coords={"eps": eps, "sigma": sigmas, "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


def _parts(setup: Setup) -> xr.Dataset:
    """One gradient taken apart into what is removed and what gets back, to look at."""
    rng = _rngs(setup, 1_000_002)[0]
    m = setup.shown
    x = np.sort(rng.standard_normal(m))
    # A gradient that asks the batch to move up and to spread, and besides each sample for something of its own.
    g = 0.6 + 0.5 * (x - x.mean()) / x.std() + 0.45 * rng.standard_normal(m)
    xhat, _, dx = _backward(x, g[:, None], 0.0)
    parts = {
        "arrives": g,
        "constant": np.full(m, g.mean()),
        "stretch": xhat * (g * xhat).mean(),
        "returns": dx[:, 0] * x.std(),
    }
    return xr.Dataset(
        {
            "part": (("kind", "sample"), np.array(list(parts.values())), {"long_name": "a gradient and its parts", "units": "1"}),
            "part_input": ("sample", xhat, {"long_name": "normalized value of the sample", "units": "1"}),
        },
        coords={"kind": list(parts), "sample": np.arange(m, dtype=np.int32)},
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ what is claimed


def _all(variable: str, m: int | None = None):
    """Every instance, of one batch size or of all."""
    return lambda results: spread(
        (results[variable] if m is None else results[variable].sel(batch=m)).values
    )


def _brought_back(m: int):
    """Directions that the normalization loses and γ and β bring back."""
    return lambda results: spread((results["lost"] - results["lost_affine"]).sel(batch=m).values)


def _stretch(sigma: float, eps: float):
    return lambda results: spread(
        results["stretch_share"].sel(eps=eps).sel(sigma=sigma, method="nearest").values
    )


CLAIMS = (
    Claim(
        id="affine-restores-information",
        says="Normalization loses information, and γ and β bring it back.",
        source="post",
        cases=(
            *(Case(f"directions lost, batch of {m}", _all("lost", m), lambda m: m.above(0), "more than none, in every instance")
              for m in (2, 8, 32)),
            *(Case(f"directions that γ and β bring back, batch of {m}", _brought_back(m), lambda m: m.above(0),
                   "more than none, in every instance") for m in (2, 8, 32)),
        ),
        verdict="depends",
        figure="jacobian-spectrum",
        because="Two directions of every batch are lost, and the same two are missing after γ and β: a factor and a constant for all "
        "samples do not know the batch.",
    ),
    Claim(
        id="backward-only-rescales",
        says="Apart from the two directions that it removes, the backward pass only multiplies a gradient by γ/σ.",
        source="reader",
        cases=tuple(
            Case(f"batch of {m}", _all("passing_error", m), lambda m: m.below(ROUND_OFF),
                 "the m − 2 largest singular values within 1e-12 of γ/σ, in every instance")
            for m in (3, 4, 8, 32)
        ),
        verdict="supported",
        figure="jacobian-spectrum",
        because="The matrix is γ/σ times a projection, and a projection either keeps a direction or removes it.",
    ),
    Claim(
        id="gradient-norm-identity",
        says="Up to the factor γ²/σ², batch norm takes from a gradient’s squared length its squared products with 1 and with x̂, each over m.",
        source="santurkar2018",
        cases=tuple(
            Case(f"batch of {m}", _all("norm_error", m), lambda m: m.below(ROUND_OFF),
                 "both sides within 1e-12 of the squared length times γ²/σ², in every instance")
            for m in (2, 3, 4, 8, 32)
        ),
        verdict="supported",
        figure="jacobian-parts",
        because="The two directions are orthogonal and have squared length m; Pythagoras does the rest.",
    ),
    Claim(
        id="gradient-norm-root",
        says="With the squared product with x̂ over √m in the place of m, it is still an upper bound.",
        source="reader",
        cases=tuple(
            Case(f"batch of {m}", _all("root_bound", m), lambda m: m.above(-ROUND_OFF),
                 "the bound is not below what it bounds, but for round-off, in every instance")
            for m in (3, 4, 8, 32)
        ),
        verdict="refuted",
        figure="jacobian-parts",
        because="It takes away more than there is; for a gradient along x̂ it would make the squared length negative.",
    ),
    Claim(
        id="position-and-scale-get-no-gradient",
        says="Position and scale of a unit’s inputs get no gradient through batch norm.",
        source="reader",
        cases=(
            Case("position, any batch size", _all("constant"), lambda m: m.below(0.01), "below 1 % of the other directions’ factor"),
            Case("scale, ε = 0, any batch size", _all("stretch"), lambda m: m.below(0.01), "below 1 % of the other directions’ factor"),
            Case("scale, σ = 1, ε = 1e-5", _stretch(1.0, 1e-5), lambda m: m.below(0.01), "below 1 % of the other directions’ factor"),
            Case("scale, σ = 0.01, ε = 1e-5", _stretch(0.01, 1e-5), lambda m: m.below(0.01), "below 1 % of the other directions’ factor"),
            Case("scale, σ = 0.01, ε = 1e-3", _stretch(0.01, 1e-3), lambda m: m.below(0.01), "below 1 % of the other directions’ factor"),
        ),
        verdict="depends",
        figure="jacobian-epsilon",
        because="Position never does. Scale gets ε/(σ²+ε) of what the other directions get, which is nearly all of it once σ is below √ε.",
    ),
)  # fmt: skip

VALUES = {
    "lost_eight": _all("lost", 8),
    "lost_affine_eight": _all("lost_affine", 8),
    "passing_error": _all("passing_error"),
    "constant": _all("constant"),
    "stretch": _all("stretch"),
    "moved": _all("moved"),
    "stretch_pytorch": _stretch(0.01, 1e-5),
    "stretch_keras": _stretch(0.01, 1e-3),
    "stretch_unit": _stretch(1.0, 1e-5),
    "spectrum_error": lambda results: spread(results["spectrum_error"].values),
    "norm_error": _all("norm_error"),
    "root_bound_thirty_two": _all("root_bound", 32),
    "removed_share": lambda results: exact(
        1
        - (
            np.square(results["part"].sel(kind="returns")).sum()
            / np.square(results["part"].sel(kind="arrives")).sum()
        ).item()
    ),
}
