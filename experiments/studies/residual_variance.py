"""What does batch norm do to the blocks of a residual network before any training?

Deep networks of residual blocks x + W relu(x̂) with He's weights, where x̂ is x after `Standardize` with ε = 0, or x itself. The
input is random; after every block the variance over the batch and the mean square of a unit are taken, and on the way
back the squared length of the gradient that a random one at the top has become. They are held against closed forms for wide layers.
Beside it, smaller networks that start with γ = 0, at the end of the branch or in front of its ReLU, take a few steps.

What came out: without batch norm the mean square doubles in every block, and so does the squared gradient on the way down.
With it the variance grows by a constant a block, a little less than 1 − 1/π, so that the share of the branch falls like one over the number of the block: the blocks come
closer and closer to the identity, though the network as a whole does not. The gradient grows like a power of the depth.
With γ = 0 at the end of the branch every block is the identity and leaves it with the first step; in front of the ReLU the block is dead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.engine.activations import ReLU
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.initialization import he_normal
from experiments.engine.network import Network
from experiments.engine.parameters import leaves
from experiments.engine.residual import Residual
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Convention, Standardize
from experiments.measures.statistics import Measurement, exact, mean, paired_ratio, spread
from experiments.theory import depth as theory

EXACT = Convention(eps=0.0, rate=0.0, unbiased=False)
TOLERANCE = 0.03  # an average over 400 units is known to 400**-½ = 5 % in each run and to 1 % in 24; twice that for an interval,
# and the rest for what is systematic, which is of second order in those 5 %
STEADY = 1.05  # a squared gradient that grows more than this many times a block, in the upper half of the network, explodes
CLOSE = 0.05  # a block is close to the identity if less than this share of the variance that leaves it is its branch's


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    batches: tuple[int, ...] = (16, 64)  # batch sizes m
    width: int = 400  # units in a layer, and features of the input
    blocks: int = 64  # residual blocks
    zero_width: int = 32  # units in the networks that start with γ = 0
    zero_blocks: int = 8  # their blocks
    zero_steps: int = 20  # steps that they take
    zero_rate: float = 0.1  # learning rate of these steps
    runs: int = 24  # random networks, each with every batch size, with and without batch norm
    seed: int = 14  # every random stream is spawned from it


QUICK = Setup(batches=(8,), width=32, blocks=8, zero_width=8, zero_blocks=2, zero_steps=4, runs=4)
FULL = Setup()
PAPER = Setup(batches=(8, 16, 64), width=1200, runs=32)


@dataclass(frozen=True)
class Point:
    """One random network."""

    run: int
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """One point a network: a second each."""
    return {f"run-{r:02d}": Point(r, setup) for r in range(setup.runs)}


def run(point: Point) -> xr.Dataset:
    """Draw the weights of one network, send every batch through it with and without batch norm, and a gradient back."""
    setup = point.setup
    weight_seed, zero_seed, *seeds = np.random.SeedSequence((setup.seed, point.run)).spawn(
        2 + len(setup.batches)
    )
    norms = {"batch norm": (Standardize(convention=EXACT),), "none": ()}
    shape = (len(norms), len(setup.batches), setup.blocks + 1)
    variance, square, moved, gradient, branch = (np.empty(shape) for _ in range(5))
    dense = Dense(setup.width, bias=False, weights=he_normal)
    rngs = [np.random.default_rng(weight_seed)]
    weights = [dense.init(rngs, setup.width, np.float32)[0] for _ in range(setup.blocks)]
    for n, norm in enumerate(norms.values()):
        net = Network((Residual((*norm, ReLU(), dense)),) * setup.blocks)
        params = [
            [*({} for _ in norm), {}, layer] for layer in weights
        ]  # what the norm and ReLU have; drawn once for both
        states = [
            [*(n.init(rngs, setup.width, np.float32)[1] for n in norm), {}, {}]
        ] * setup.blocks
        for b, (batch, seed) in enumerate(zip(setup.batches, seeds, strict=True)):
            x, top = np.random.default_rng(seed).standard_normal(
                (2, 1, batch, setup.width), dtype=np.float32
            )
            y, saved, _ = net.forward(params, states, x, training=True)
            values = [*(kept["x"] for kept in saved), y]
            variance[n, b] = [_variance(v) for v in values]
            square[n, b] = [np.square(v, dtype=np.float64).mean() for v in values]
            moved[n, b] = [_variance(v - x) for v in values]
            branch[n, b] = [
                np.nan,
                *(_variance(after - v) for v, after in pairwise(values)),
            ]
            gradient[n, b] = _squares(net, params, saved, top)
    last, first = (_zero(setup, zero_seed, place) for place in ("last", "first"))
    blocks = np.arange(setup.blocks + 1)
    return xr.Dataset(
        {
            "variance": (("run", "norm", "batch", "block"), variance[None],
                         {"long_name": "variance of a unit over the batch, mean over units", "units": "1"}),
            "mean_square": (("run", "norm", "batch", "block"), square[None], {"long_name": "mean square of a unit", "units": "1"}),
            "branch": (("run", "norm", "batch", "block"), branch[None],
                       {"long_name": "variance of what the branch of this block adds", "units": "1"}),
            "moved": (("run", "norm", "batch", "block"), moved[None],
                      {"long_name": "variance of the difference to the input of the network", "units": "1"}),
            "gradient": (("run", "norm", "batch", "block"), gradient[None],
                         {"long_name": "‖∂L/∂x‖² over that after the last block", "units": "1"}),
            "predicted_variance": (("norm", "batch", "block"), [[theory.residual_variance(blocks, m) for m in setup.batches],
                                                                [theory.plain_residual_variance(setup.blocks)] * len(setup.batches)],
                                   {"long_name": "variance of a unit over the batch, closed form", "units": "1"}),
            "predicted_square": (("norm", "block"), [1.0 + blocks, 2.0**blocks], {"long_name": "mean square, closed form", "units": "1"}),
            "predicted_gradient": (("norm", "batch", "block"),
                                   [[theory.residual_gradient(setup.blocks, m) for m in setup.batches],
                                    [2.0 ** (setup.blocks - blocks)] * len(setup.batches)],
                                   {"long_name": "‖∂L/∂x‖² over that after the last block, closed form", "units": "1"}),
            "zero_moved": (("run", "place", "step"), [[last[2], first[2]]],
                           {"long_name": "root mean square of output − input, by step of gradient descent", "units": "1"}),
            "zero_distance": (("run", "place"), [[last[0], first[0]]],
                              {"long_name": "largest |output − input| of a network that starts with γ = 0", "units": "1"}),
            "zero_gradient": (("run", "place"), [[last[1], first[1]]],
                              {"long_name": "largest |∂L/∂p| of all parameters of its blocks", "units": "1"}),
        },
        coords={"step": np.arange(setup.zero_steps + 1, dtype=np.int32), "run": np.array([point.run], np.int32), "norm": list(norms), "batch": np.array(setup.batches, np.int32),
                "block": blocks.astype(np.int32), "place": ["last", "first"]},
    )  # fmt: skip


def _variance(values: np.ndarray) -> float:
    """Variance over the batch with m − 1 in the divisor, mean over units."""
    return float(values.astype(np.float64).var(axis=1, ddof=1).mean())


def _squares(net: Network, params: list, saved: list, gradient: np.ndarray) -> np.ndarray:
    """‖∂L/∂x‖² before every block and after the last, over the last."""
    squares = [np.square(gradient, dtype=np.float64).sum()]
    for layer, layer_params, kept in zip(
        reversed(net.layers), reversed(params), reversed(saved), strict=True
    ):
        gradient, _ = layer.backward(layer_params, kept, gradient)
        squares.append(np.square(gradient, dtype=np.float64).sum())
    return np.array(squares[::-1]) / squares[0]


def _zero(
    setup: Setup, seed: np.random.SeedSequence, place: str
) -> tuple[float, float, np.ndarray]:
    """Blocks that start with γ = 0, last or first in the branch: largest |output − input|, largest gradient of a parameter, and the root mean
    square of output − input at the start and after each step of gradient descent towards random targets."""
    weights, data = seed.spawn(2)
    norm, dense = (Standardize(), Affine()), Dense(setup.zero_width, bias=False, weights=he_normal)
    branch = (ReLU(), dense, *norm) if place == "last" else (*norm, ReLU(), dense)
    net = Network((Residual(branch),) * setup.zero_blocks)
    params, state = net.init([np.random.default_rng(weights)], setup.zero_width, np.float64)
    for path, p in leaves(params):
        if path[-1] == "gamma":
            p[:] = 0
    samples = max(setup.batches)
    x, targets = np.random.default_rng(data).standard_normal((2, 1, samples, setup.zero_width))
    optimizer, moved, largest = SGD(setup.zero_rate), [], []
    velocity = optimizer.init(params)
    for _ in range(setup.zero_steps + 1):
        y, saved, state = net.forward(params, state, x, training=True)
        moved.append(np.sqrt(np.square(y - x).mean()))
        _, grads = net.backward(params, saved, (y - targets) / samples)
        largest.append((np.abs(y - x).max(), max(np.abs(g).max() for _, g in leaves(grads))))
        optimizer.update(params, grads, velocity)
    distance, gradient = largest[0]
    return float(distance), float(gradient), np.array(moved)


def _furthest(
    found: Callable[[xr.Dataset, int], Iterable[np.ndarray]],
) -> Callable[[xr.Dataset], Measurement]:
    """Of several ratios (each an array over runs), at every batch size, the one whose interval reaches furthest from one."""

    def measure(results: xr.Dataset) -> Measurement:
        all_of_them = [
            mean(ratio) for m in results["batch"].values for ratio in found(results, int(m))
        ]
        return max(all_of_them, key=lambda m: max(m.high - 1, 1 - m.low))

    return measure


def depths(results: xr.Dataset) -> list[int]:
    """The blocks at which closed forms are put to the test: 1, 2, 4, … and the last."""
    last = int(results["block"].max())
    return sorted({2**k for k in range(last.bit_length()) if 2**k < last} | {last})


def _ratio(
    variable: str, predicted: str, norm: str = "batch norm"
) -> Callable[[xr.Dataset, int], Iterable[np.ndarray]]:
    def ratios(results: xr.Dataset, m: int) -> Iterable[np.ndarray]:
        at = results[variable].sel(norm=norm, batch=m) / results[predicted].sel(norm=norm)
        at = at.sel(batch=m) if "batch" in at.dims else at
        return [at.sel(block=block).values for block in depths(results)]

    return ratios


def _steepness(norm: str) -> Callable[[xr.Dataset, int], Iterable[np.ndarray]]:
    """The logarithm of the squared gradient over that predicted, before the blocks 1, 2, 4, … and the last."""

    def ratios(results: xr.Dataset, m: int) -> Iterable[np.ndarray]:
        found, law = (
            results[name].sel(norm=norm, batch=m) for name in ("gradient", "predicted_gradient")
        )
        last = max(depths(results))
        return [
            np.log(found.sel(block=b).values) / float(np.log(law.sel(block=b)))
            for b in [0, *depths(results)]
            if b <= last // 2
        ]

    return ratios


def _doubling(results: xr.Dataset, m: int) -> Iterable[np.ndarray]:
    """Growth of the mean square a block without batch norm, over 2, from the input to the last block."""
    last = int(results["block"].max())
    square = results["mean_square"].sel(norm="none", batch=m)
    return [(square.sel(block=last) / square.sel(block=0)).values ** (1 / last) / 2]


def _largest(results: xr.Dataset) -> int:
    return int(results["batch"].max())


def _share(
    norm: str, blocks: Callable[[xr.Dataset], list[int]]
) -> Callable[[xr.Dataset], Measurement]:
    """Share of the branch in the variance that leaves a block, mean over blocks, at the largest batch."""

    def measure(results: xr.Dataset) -> Measurement:
        at = results.sel(norm=norm, batch=_largest(results), block=blocks(results))
        return mean((at["branch"] / at["variance"]).mean("block").values)

    return measure


def _last(results: xr.Dataset) -> list[int]:
    return [int(results["block"].max())]


def _every(results: xr.Dataset) -> list[int]:
    return [int(b) for b in results["block"].values[1:]]


def _climb(norm: str) -> Callable[[xr.Dataset], Measurement]:
    """Growth of the squared gradient a block, on the way down through the upper half of the network, at the largest batch."""

    def measure(results: xr.Dataset) -> Measurement:
        last = int(results["block"].max())
        half = results["gradient"].sel(norm=norm, batch=_largest(results), block=last // 2).values
        return paired_ratio(half ** (1 / (last - last // 2)), np.ones(half.size))

    return measure


def _at(
    variable: str, norm: str, block: Callable[[xr.Dataset], int]
) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(
        results[variable].sel(norm=norm, batch=_largest(results), block=block(results)).values
    )


def _zeroed(variable: str, place: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: spread(results[variable].sel(place=place).values)


CLAIMS = (
    Claim(
        id="residual-variance-grows-linearly",
        says="With batch norm at the head of every residual branch, the variance at initialization grows by the same amount in every block.",
        source="desmith2020",
        cases=(
            Case("variance over the batch against 1 + l (1 − J(c)), the worst of blocks 1, 2, 4, … and of the batch sizes",
                 _furthest(_ratio("variance", "predicted_variance")), lambda m: m.within(1, relative=TOLERANCE),
                 "within 3 % of the closed form"),
            Case("mean square against 1 + l, the worst of the same blocks and batch sizes",
                 _furthest(_ratio("mean_square", "predicted_square")), lambda m: m.within(1, relative=TOLERANCE),
                 "within 3 % of the closed form"),
        ),
        verdict="supported",
        figure="residual-variance-blocks",
        because="Batch norm hands every branch a signal of variance one, so every branch adds the same, however much has gathered on the "
        "skip path.",
    ),
    Claim(
        id="plain-residual-doubles",
        says="Without normalization the activations of a residual network with He's initialization double their mean square in every block.",
        source="reader",
        cases=(
            Case("growth of the mean square a block, over 2", _furthest(_doubling), lambda m: m.within(1, relative=TOLERANCE),
                 "within 3 % of one"),
        ),
        verdict="supported",
        figure="residual-variance-blocks",
        because="He's scale makes a branch hand out as much as came in, and that is added to what came in.",
    ),
    Claim(
        id="residual-blocks-near-identity",
        says="At initialization batch norm makes the blocks of a deep residual network close to the identity.",
        source="desmith2020",
        cases=(
            Case("the last block", _share("batch norm", _last), lambda m: m.below(CLOSE), "the branch has less than 5 % of the variance"),
            Case("mean of all blocks", _share("batch norm", _every), lambda m: m.below(2 * CLOSE),
                 "branches have less than 10 % of the variance on average"),
        ),
        verdict="supported",
        figure="residual-variance-share",
        because="A branch always adds the same, and the skip path carries ever more of it.",
    ),
    Claim(
        id="residual-network-near-identity",
        says="At initialization a deep residual network with batch norm is close to the identity as a whole.",
        source="reader",
        cases=(
            Case("variance of output minus input, in multiples of the input's", lambda results: mean(
                (results["moved"].sel(norm="batch norm", batch=_largest(results), block=_last(results)[0])
                 / results["variance"].sel(norm="batch norm", batch=_largest(results), block=0)).values),
                 lambda m: m.below(1), "below 1"),
        ),
        verdict="refuted",
        figure="residual-variance-share",
        because="Every block changes little, but the changes are uncorrelated and their variances add up.",
    ),
    Claim(
        id="residual-gradients-grow-as-predicted",
        says="In a residual network with batch norm the squared gradient grows towards the input like a power of the depth.",
        source="reader",
        cases=(
            Case("logarithm of the growth against the closed form, the worst of blocks 0, 1, 2, 4, … and of the batch sizes",
                 _furthest(_steepness("batch norm")), lambda m: m.within(1, relative=TOLERANCE), "within 3 % of the closed form"),
        ),
        verdict="supported",
        figure="residual-variance-gradient",
        because="The share of a gradient that goes through the branch is divided by the variance on the skip path, and that grows with "
        "the block.",
    ),
    Claim(
        id="shortcuts-stop-the-explosion",
        says="Shortcuts around the layers keep gradients from exploding at initialization.",
        source="reader",
        cases=(
            Case("with batch norm in the branch: growth of the squared gradient a block, upper half", _climb("batch norm"),
                 lambda m: m.below(STEADY), "less than 1.05 times a block"),
            Case("without: the same", _climb("none"), lambda m: m.below(STEADY), "less than 1.05 times a block"),
        ),
        verdict="depends",
        figure="residual-variance-gradient",
        because="Shortcuts alone turn a factor of one a layer into two. It takes both: the skip path, and a normalization that is small beside it.",
    ),
    Claim(
        id="zero-gamma-starts-as-identity",
        says="Starting a residual block with γ = 0 makes it the identity, and it learns from there.",
        source="goyal2017",
        cases=(
            Case("γ at the end of the branch: largest |output − input|", _zeroed("zero_distance", "last"),
                 lambda m: m.within(0), "exactly zero"),
            Case("γ at the end of the branch: largest gradient of a parameter", _zeroed("zero_gradient", "last"),
                 lambda m: m.above(1e-9), "above 10⁻⁹"),
            Case("γ in front of the ReLU: largest |output − input|", _zeroed("zero_distance", "first"),
                 lambda m: m.within(0), "exactly zero"),
            Case("γ in front of the ReLU: largest gradient of a parameter", _zeroed("zero_gradient", "first"),
                 lambda m: m.above(1e-9), "above 10⁻⁹"),
        ),
        verdict="depends",
        figure="residual-variance-zero",
        because="At the end of the branch γ gets a gradient and the block comes to life. In front of the ReLU everything behind it is zero, "
        "so is its slope, and no parameter of the block ever gets a gradient.",
    ),
)  # fmt: skip

VALUES = {
    "blocks": lambda results: exact(_last(results)[0]),
    "batch": lambda results: exact(_largest(results)),
    "top": _at("variance", "batch norm", lambda results: _last(results)[0]),
    "top_square": _at("mean_square", "batch norm", lambda results: _last(results)[0]),
    "top_plain": _at("mean_square", "none", lambda results: _last(results)[0]),
    "plain_variance_over": lambda results: mean(
        _ratio("variance", "predicted_variance", "none")(results, _largest(results))[-1]
    ),
    "share_last": _share("batch norm", _last),
    "share_first": _share("batch norm", lambda results: [1]),
    "share_mean": _share("batch norm", _every),
    "share_plain": _share("none", _last),
    "bottom": _at("gradient", "batch norm", lambda results: 0),
    "bottom_plain": _at("gradient", "none", lambda results: 0),
    "climb": _climb("batch norm"),
    "climb_plain": _climb("none"),
}
