"""What does batch norm do to the blocks of a residual network before any training?

Deep networks of residual blocks x + W relu(x̂) with He's weights, where x̂ is x after `Standardize`
with ε = 0, or x itself. The input is random, and so is the gradient at the top. What has become of
them at every block is held against closed forms for wide layers.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from experiments.claims import Case, below, depends, refuted, supported, within
from experiments.engine.activations import ReLU
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.measures.depth import squared_gradients, untrained
from experiments.results import FIRST, LAST, ratio, table, value
from experiments.study import Settings, call, setting
from experiments.theory import depth as theory
from experiments.training import residual_block

NORMS = {"batch norm": (Standardize(replace(PYTORCH, eps=0.0)),), "none": ()}
# What is read after every block, and of the input.
READ = {
    "variance": "variance of a unit over the batch, mean over units",
    "mean_square": "mean square of a unit",
    "branch": "variance of what the branch of this block adds",
    "moved": "variance of the difference to the input of the network",
    "gradient": "‖∂L/∂x‖² over that after the last block",
}


class Setup(Settings):
    batches: tuple[int, ...] = setting((16, 64), "batch sizes m")
    width: int = setting(400, "units in a layer, and features of the input")
    blocks: int = setting(64, "residual blocks")
    runs: int = setting(24, "random networks, each with and without batch norm")
    seed: int = setting(14, "every random stream is spawned from it")


QUICK, FULL = Setup(batches=(8,), width=32, blocks=8, runs=4), Setup()
PAPER = Setup(batches=(8, 16, 64), width=1200, runs=32)


def points(s):
    return {"networks": call(carry, s)}


def carry(batches, width, blocks, runs):
    """Send batches through one network after another, and gradients back."""
    networks = [Network((residual_block(width, norm, ReLU()),) * blocks) for norm in NORMS.values()]
    drawn = untrained(networks, batches, width, runs, first=2)
    read = [[[by_block(m, *end) for end in ends] for m in models] for models, ends in drawn]
    pairs = zip(np.moveaxis(read, 3, 0), READ.items(), strict=True)
    found = {name: (of, words) for of, (name, words) in pairs}
    at = np.arange(blocks + 1)
    plain, doubled = theory.plain_residual_variance(blocks), 2.0 ** (blocks - at)
    up = [[theory.residual_variance(at, m) for m in batches], [plain] * len(batches)]
    down = [[theory.residual_gradient(blocks, m) for m in batches], [doubled] * len(batches)]
    found |= {
        "predicted_variance": (up, "variance, closed form", "1", "norm batch block"),
        "predicted_gradient": (down, "‖∂L/∂x‖², closed form", "1", "norm batch block"),
        "predicted_square": ([1.0 + at, 2.0**at], "mean square, closed form", "1", "norm block"),
    }
    return table(found, run=runs, norm=list(NORMS), batch=batches, block=at)


def by_block(model, x, top):
    """What is read of a network, (quantity, block)."""
    y, saved, _ = model.forward(x, training=True)
    values, squares = [*(kept["x"] for kept in saved), y], squared_gradients(model, saved, top)
    return [
        [variance(v) for v in values],
        [np.square(v, dtype=np.float64).mean() for v in values],
        [np.nan, *(variance(after - v) for v, after in pairwise(values))],
        [variance(v - x) for v in values],
        squares[:, 0] / squares[-1, 0],
    ]


def variance(values):
    """Variance over the batch with m − 1 in the divisor, mean over units."""
    return values.astype(np.float64).var(axis=1, ddof=1).mean()


# ------------------------------------------------------------------------------------------ claims

# An average over 400 units is known to 400**-½ = 5 % in each run and to 1 % in 24; twice that for
# an interval, and the rest for what is systematic, which is of second order in those 5 %.
LAW = within(1, relative=0.03)
# A squared gradient that grows more than this many times a block, in the upper half, explodes.
SLOW, GROWTH = below(1.05, "times"), "growth of the squared gradient a block, upper half"
# A block is close to the identity if its branch has less of the variance than this.
CLOSE, CLOSE_ON_AVERAGE = (below(share, "% of the variance") for share in (0.05, 0.1))
WORST, LOWER = (f"the worst of blocks {n}1, 2, 4, … and of the batch sizes" for n in ("", "0, "))


def depths(results):
    """The blocks at which closed forms are put to the test: 1, 2, 4, … and the last."""
    last = int(results["block"].max())
    return sorted({2**k for k in range(last.bit_length())} | {last})


def lower(results):
    """The input, and all of them but the last."""
    return [0, *depths(results)[:-1]]


def of(name, block=depths):
    """A quantity with batch norm at several blocks and all batch sizes."""
    return value(name, norm="batch norm", block=block)


def at(name, norm="batch norm", block=LAST):
    """A quantity after a block, at the largest batch size."""
    return value(name, norm=norm, batch=LAST, block=block)


def doubling(results):
    """Growth of the mean square a block without batch norm, over 2."""
    square = results["mean_square"].sel(norm="none")
    return (square.isel(block=-1) / square.isel(block=0)) ** (1 / square["block"].max().item()) / 2


def climb(results, norm):
    """Growth of the squared gradient a block, down through the upper half of the network."""
    last = results["block"].max().item()
    return at("gradient", norm, last // 2)(results) ** (1 / (last - last // 2))


VARIANCE = (of("variance") / of("predicted_variance")).worst(LAW)
SQUARE = (of("mean_square") / of("predicted_square")).worst(LAW)
GROWN, PREDICTED = (of(name, lower).map(np.log) for name in ("gradient", "predicted_gradient"))
STEEPNESS = (GROWN / PREDICTED).worst(LAW)
MOVED = (at("moved") / at("variance", block=FIRST)).mean()
CLIMB, PLAIN_CLIMB = (ratio(value(climb, norm), 1) for norm in NORMS)
AFTER = slice(1, None)  # all blocks, without the input
SHARE, PLAIN_SHARE = (at("branch", norm, AFTER) / at("variance", norm, AFTER) for norm in NORMS)
LAST_SHARE, MEAN_SHARE = SHARE.at(block=LAST).mean(), SHARE.over("block", "mean").mean()

CLAIMS = {
    "residual-variance-grows-linearly": supported(
        "With batch norm at the head of every residual branch, the variance at initialization "
        "grows by the same amount in every block.",
        source="desmith2020",
        cases=(
            Case(f"variance divided by 1 + l (1 − J(c)), {WORST}", VARIANCE, LAW),
            Case(f"mean square divided by 1 + l, {WORST}", SQUARE, LAW),
        ),
        because="Batch norm hands every branch a signal of variance one, so every branch adds the "
        "same, however much has gathered on the skip path.",
    ),
    "plain-residual-doubles": supported(
        "Without normalization the activations of a residual network with He's initialization "
        "double their mean square in every block.",
        source="reader",
        cases=(Case("growth of the mean square a block, over 2", value(doubling).worst(LAW), LAW),),
        because="He's scale makes a branch hand out as much as came in, and that is added to what "
        "came in.",
    ),
    "residual-blocks-near-identity": supported(
        "At initialization batch norm makes the blocks of a deep residual network close to "
        "the identity.",
        source="desmith2020",
        cases=(
            Case("the last block, the branch", LAST_SHARE, CLOSE),
            Case("mean of all blocks, the branch", MEAN_SHARE, CLOSE_ON_AVERAGE),
        ),
        because="A branch always adds the same, and the skip path carries ever more of it.",
    ),
    "residual-network-near-identity": refuted(
        "At initialization a deep residual network with batch norm is close to the identity "
        "as a whole.",
        source="reader",
        cases=(Case("variance of output minus input, over the input's", MOVED, below(1)),),
        because="Every block changes little, but the changes are uncorrelated and their variances "
        "add up.",
    ),
    "residual-gradients-grow-as-predicted": supported(
        "In a residual network with batch norm the squared gradient grows towards the input "
        "like a power of the depth.",
        source="reader",
        cases=(Case(f"logarithm of the growth over that predicted, {LOWER}", STEEPNESS, LAW),),
        because="The share of a gradient that goes through the branch is divided by the variance "
        "on the skip path, and that grows with the block.",
    ),
    "shortcuts-stop-the-explosion": depends(
        "Shortcuts around the layers keep gradients from exploding at initialization.",
        source="reader",
        cases=(
            Case(f"with batch norm: {GROWTH}", CLIMB, SLOW),
            Case("without: the same", PLAIN_CLIMB, SLOW),
        ),
        because="Shortcuts alone turn a factor of one a layer into two. It takes both: the skip "
        "path, and a normalization that is small beside it.",
    ),
}

VALUES = {
    "blocks": value("block", block=LAST).exact(),
    "top": at("variance").mean(),
    "top_plain": at("mean_square", "none").mean(),
    "plain_variance_over": (at("variance", "none") / at("predicted_variance", "none")).mean(),
    "share_last": LAST_SHARE,
    "share_first": SHARE.at(block=1).mean(),
    "share_mean": MEAN_SHARE,
    "share_plain": PLAIN_SHARE.at(block=LAST).mean(),
    "bottom": at("gradient", block=FIRST).mean(),
    "bottom_plain": at("gradient", "none", FIRST).mean(),
    "climb": CLIMB,
}
