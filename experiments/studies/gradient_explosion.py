"""Does batch norm keep gradients from exploding or vanishing in deep networks?

Deep random networks that have not been trained: a dense layer, `Standardize` with ε = 0, an activation, and again. A random gradient
arrives at the top and is carried down. Measured is how much the squared length of ∂L/∂z, the gradient at what the dense
layer says, grows from each layer to the one below, for several batch sizes, with ReLU and without any activation, against the exact
rate for wide layers. Beside it, at one batch size, the same weights without batch norm, and weights that are too small or too large.

What came out: with batch norm gradients grow geometrically towards the input, as fast as theory says, and a larger batch slows this
down to a floor, which with ReLU lies well above one. The scale of the weights makes no difference at all. Without batch norm
the scale decides: gradients vanish or explode with a wrong one and hold their size with the right one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.engine.activations import ReLU
from experiments.engine.dense import Dense
from experiments.engine.initialization import he_normal
from experiments.engine.standardize import Convention, Standardize
from experiments.measures.statistics import Measurement, exact, mean, paired_ratio
from experiments.theory import depth as theory

LEAST = 6  # in smaller batches the squared rate of a single unit has no expectation, and averages over units do not settle
LINE = 73  # batch sizes at which the closed form is drawn
TOLERANCE = 0.03  # a layer of 600 units knows an average to 600**-½ = 4 %; over some 40 layers this leaves less than 1 %, and
# 3 % leaves room for the systematic part, which is of second order in the same 4 %
STEADY = 10.0  # gradients that change less than this many times in squared length, over all layers, neither vanish nor explode
ACTIVATIONS = {"relu": ReLU(), "linear": None}


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    batches: tuple[int, ...] = (4, 6, 8, 16, 32, 64, 128)  # batch sizes B
    width: int = 600  # units in a layer, and features of the input
    layers: int = 40  # dense layers, each with its batch norm
    skipped: int = 1  # layers at the bottom that the growth rate leaves out
    scales: tuple[float, ...] = (0.5, 1.0, 2.0)  # weights, in multiples of He's initialization
    scales_batch: int = 32  # batch size at which these are compared
    runs: int = 16  # random networks, each with every batch size, activation and scale
    seed: int = 9  # every random stream is spawned from it


QUICK = Setup(batches=(4, 6, 16), width=40, layers=10, scales_batch=16, runs=4)
FULL = Setup()
PAPER = Setup(width=1200, runs=64)


@dataclass(frozen=True)
class Point:
    """One random network."""

    run: int
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """One point a network: a few seconds each."""
    return {f"run-{r:02d}": Point(r, setup) for r in range(setup.runs)}


def run(point: Point) -> xr.Dataset:
    """Draw the weights of one network, and carry a gradient down for every batch size, activation and scale."""
    setup = point.setup
    weight_rng, *rngs = [
        np.random.default_rng(s)
        for s in np.random.SeedSequence((setup.seed, point.run)).spawn(2 + len(setup.batches))
    ]
    dense = Dense(setup.width, bias=False, weights=he_normal)
    params = [dense.init([weight_rng], setup.width, np.float32)[0] for _ in range(setup.layers)]

    growth = np.empty((len(ACTIVATIONS), len(setup.batches), setup.layers))
    for b, (batch, rng) in enumerate(zip(setup.batches, rngs, strict=False)):
        ends = _ends(rng, batch, setup.width)
        for a, activation in enumerate(ACTIVATIONS):
            growth[a, b] = _log_squares(dense, params, activation, True, ends)
    scaled = np.empty((2, len(setup.scales), setup.layers))
    ends = _ends(rngs[-1], setup.scales_batch, setup.width)
    for s, scale in enumerate(setup.scales):
        rescaled = [{"weight": np.float32(scale) * layer["weight"]} for layer in params]
        for n, normalized in enumerate((True, False)):
            scaled[n, s] = _log_squares(dense, rescaled, "relu", normalized, ends)
    line = np.geomspace(min(setup.batches), max(setup.batches), LINE)
    return xr.Dataset(
        {
            "predicted": (("activation", "batch"), [[predicted(a, b) for b in setup.batches] for a in ACTIVATIONS],
                          {"long_name": "growth of ‖∂L/∂z‖² a layer, closed form", "units": "1"}),
            "predicted_line": (("activation", "line_batch"), [[predicted(a, b) for b in line] for a in ACTIVATIONS],
                               {"long_name": "the same between the batch sizes", "units": "1"}),
            "predicted_limit": (("activation",), [predicted(a, 1e9) for a in ACTIVATIONS],
                                {"long_name": "the same for a batch without end", "units": "1"}),
            "log_square": (("run", "activation", "batch", "layer"), growth[None],
                           {"long_name": "ln ‖∂L/∂z‖² against the last layer, with batch norm", "units": "1"}),
            "scaled_log_square": (("run", "norm", "scale", "layer"), scaled[None],
                                  {"long_name": "ln ‖∂L/∂z‖² against the last layer, ReLU", "units": "1"}),
        },
        coords={"run": np.array([point.run], np.int32), "activation": list(ACTIVATIONS), "batch": np.array(setup.batches, np.int32),
                "layer": np.arange(1, setup.layers + 1, dtype=np.int32), "norm": ["batch norm", "none"],
                "line_batch": line, "scale": np.array(setup.scales)},
        attrs={"skipped": setup.skipped, "least": LEAST},
    )  # fmt: skip


def _ends(rng: np.random.Generator, batch: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """An input for the bottom of the network and a gradient for its top."""
    shape = (1, batch, width)
    return rng.standard_normal(shape, dtype=np.float32), rng.standard_normal(
        shape, dtype=np.float32
    )


def _log_squares(
    dense: Dense,
    params: list,
    activation: str,
    normalized: bool,
    ends: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """ln ‖∂L/∂z_l‖² of every layer, minus that of the last."""
    standardize, act = (
        Standardize(convention=Convention(eps=0.0, rate=0.0, unbiased=False)),
        ACTIVATIONS[activation],
    )
    x, gradient = ends
    state = standardize.init([None], dense.features, x.dtype)[1]
    saved = []
    for layer in params:
        x, _, _ = dense.forward(layer, {}, x, training=True)
        of_norm = of_act = None
        if normalized:
            x, of_norm, _ = standardize.forward({}, state, x, training=True)
        if act:
            x, of_act, _ = act.forward({}, {}, x, training=True)
        saved.append((of_norm, of_act))
    squares = []
    for layer, (of_norm, of_act) in zip(reversed(params), reversed(saved), strict=True):
        if act:
            gradient, _ = act.backward({}, of_act, gradient)
        if normalized:
            gradient, _ = standardize.backward({}, of_norm, gradient)
        squares.append(np.sum(np.square(gradient, dtype=np.float64)))
        # Dense.backward without the gradient of the weights, which nobody reads here and which costs as much again.
        gradient = np.matmul(gradient, layer["weight"].swapaxes(1, 2))
    logs = np.log(squares[::-1])
    return logs - logs[-1]


def rates(results: xr.Dataset) -> xr.DataArray:
    """How many times ‖∂L/∂z‖² grows from a layer to the one below: exp of minus the least-squares slope of its logarithm.

    Figures fit the same slope. The first `skipped` layers are left out: the input has not yet the covariance that activations have.
    """
    log = results["log_square"].isel(layer=slice(int(results.attrs["skipped"]), None))
    layer = log["layer"] - log["layer"].mean()
    return np.exp(-(log * layer).sum("layer") / (layer**2).sum())


def predicted(activation: str, batch: int) -> float:
    """The growth rate for wide layers."""
    return float(
        {"relu": theory.relu_gradient_growth, "linear": theory.linear_gradient_growth}[activation](
            batch
        )
    )


def _at(activation: str, batch: Callable[[np.ndarray], int]) -> Callable[[xr.Dataset], Measurement]:
    def measure(results: xr.Dataset) -> Measurement:
        found = rates(results).sel(activation=activation, batch=batch(_asserted(results)))
        return mean(found.values)

    return measure


def _asserted(results: xr.Dataset) -> np.ndarray:
    return results["batch"].values[results["batch"].values >= LEAST]


def _furthest(activation: str) -> Callable[[xr.Dataset], Measurement]:
    """Measured over predicted rate at the batch size whose interval reaches furthest from one."""

    def measure(results: xr.Dataset) -> Measurement:
        found = [
            mean(
                rates(results).sel(activation=activation, batch=batch).values
                / predicted(activation, batch)
            )
            for batch in _asserted(results)
        ]
        return max(found, key=lambda m: max(m.high - 1, 1 - m.low))

    return measure


def _bottom(norm: str, scale: float) -> Callable[[xr.Dataset], Measurement]:
    """‖∂L/∂z‖² of the lowest layer that counts, in multiples of the last layer's: geometric mean over runs."""

    def measure(results: xr.Dataset) -> Measurement:
        squares = _squares(results, norm, scale)
        return paired_ratio(squares, np.ones(squares.size))

    return measure


def _tamed(scale: float) -> Callable[[xr.Dataset], Measurement]:
    """The same with batch norm over without."""
    return lambda results: paired_ratio(
        *(_squares(results, norm, scale) for norm in ("batch norm", "none"))
    )


def _squares(results: xr.Dataset, norm: str, scale: float) -> np.ndarray:
    log = (
        results["scaled_log_square"]
        .sel(norm=norm, scale=scale)
        .isel(layer=int(results.attrs["skipped"]))
    )
    return np.exp(log.values)


def _steady(m: Measurement) -> bool | None:
    outcomes = {m.above(1 / STEADY), m.below(STEADY)}
    return False if False in outcomes else None if None in outcomes else True


CLAIMS = (
    Claim(
        id="gradients-grow-at-a-known-rate",
        says="In a deep network with batch norm gradients grow at initialization by a factor a layer that the batch size and the "
        "activation alone decide.",
        source="yang2019",
        cases=tuple(
            Case(f"{name}: growth over prediction, the worst of all batch sizes from {LEAST}", _furthest(key),
                 lambda m: m.within(1, relative=TOLERANCE), "within 3 % of the closed form")
            for key, name in (("relu", "ReLU"), ("linear", "no activation"))
        ),
        verdict="supported",
        figure="gradient-explosion-rate",
        because="In wide layers a batch of one unit is a random direction after batch norm, so the growth is an average over directions "
        "that can be worked out.",
    ),
    Claim(
        id="cures-vanishing-and-exploding-gradients",
        says="Batch norm cures vanishing and exploding gradients.",
        source="overview",
        cases=(
            Case("vanishing: weights at half of He's scale", _bottom("batch norm", 0.5), lambda m: m.above(1 / STEADY),
                 "squared gradient of the second layer at least a tenth of the last layer's"),
            Case("exploding: weights at twice He's scale", _bottom("batch norm", 2.0), lambda m: m.below(STEADY),
                 "squared gradient of the second layer at most ten times the last layer's"),
            Case("exploding: weights at twice He's scale, over the same network without batch norm", _tamed(2.0), lambda m: m.below(1e-3),
                 "squared gradient of the second layer, over the last layer's, less than a thousandth of that without batch norm"),
            Case("exploding: weights at He's scale", _bottom("batch norm", 1.0), lambda m: m.below(STEADY),
                 "squared gradient of the second layer at most ten times the last layer's"),
        ),
        verdict="depends",
        figure="gradient-explosion-scales",
        because="Gradients do not vanish, and weights that are too large no longer make them explode. But in a deep network without "
        "shortcuts they explode all the same, more slowly, and batch norm itself is why.",
    ),
    Claim(
        id="initialization-alone-keeps-gradients",
        says="Without batch norm, weights of the right scale are enough to keep gradients from vanishing and exploding at the start.",
        source="he2015",
        cases=(
            Case("ReLU, He's initialization, no batch norm", _bottom("none", 1.0), _steady,
                 "squared gradient of the second layer between a tenth and ten times the last layer's"),
        ),
        verdict="supported",
        figure="gradient-explosion-scales",
        because="He's scale makes up for the half of the units that ReLU switches off, and nothing is left that could accumulate.",
    ),
    Claim(
        id="large-batches-stop-the-explosion",
        says="Exploding gradients are a matter of small batches: with a large one the growth goes away.",
        source="reader",
        cases=(
            Case("ReLU, the largest batch", _at("relu", max), lambda m: m.below(1.05), "less than 1.05 times a layer"),
            Case("no activation, the largest batch", _at("linear", max), lambda m: m.below(1.05), "less than 1.05 times a layer"),
        ),
        verdict="depends",
        figure="gradient-explosion-rate",
        because="Without activations the rate falls to one. With ReLU it falls to π/(π − 1) and no further.",
    ),
)  # fmt: skip

VALUES = {
    "relu_smallest": _at("relu", min),
    "relu_largest": _at("relu", max),
    "linear_smallest": _at("linear", min),
    "linear_largest": _at("linear", max),
    "relu_furthest": _furthest("relu"),
    "linear_furthest": _furthest("linear"),
    "batch_smallest": lambda results: exact(_asserted(results).min()),
    "batch_largest": lambda results: exact(_asserted(results).max()),
    "bottom": _bottom("batch norm", 1.0),
    "bottom_half": _bottom("batch norm", 0.5),
    "bottom_plain": _bottom("none", 1.0),
    "bottom_plain_half": _bottom("none", 0.5),
    "bottom_plain_twice": _bottom("none", 2.0),
    "floor": lambda results: exact(np.pi / (np.pi - 1)),
}
