"""Does batch norm keep the samples of a batch from collapsing onto one direction?

Deep random networks that have not been trained, of several widths: a dense layer, `Standardize`
with ε = 0, and again; a second kind with ReLU in between; and the same weights without batch norm.
After every few layers the effective rank (Σλ)²/Σλ² of the output of a dense layer, after batch norm
where there is one, is taken over the batch, and held against a closed form.
"""

import numpy as np
import xarray as xr

from experiments.claims import Case, above, below, depends, supported, within
from experiments.measures.depth import random_layers
from experiments.measures.spectrum import effective_rank
from experiments.results import FIRST, LAST, Near, table, value
from experiments.study import Settings, call, setting
from experiments.theory import depth as theory

KINDS, NORMS = ("linear", "relu"), ("batch norm", "none")


class Setup(Settings):
    widths: tuple[int, ...] = setting(
        (32, 64, 128, 256), "units in a layer d, features of the input"
    )
    batch: int = setting(48, "batch size m")
    batches: tuple[int, ...] = setting(
        (5, 8, 12, 16, 24, 32), "other batch sizes, in the widest network without an activation"
    )
    layers: int = setting(400, "dense layers")
    skipped: int = setting(100, "layers before the average over layers begins")
    every: int = setting(8, "layers from one reading to the next")
    runs: int = setting(16, "random networks of each width")
    seed: int = setting(15, "every random stream is spawned from it")


QUICK = Setup(widths=(16, 32), batch=20, batches=(4, 6), layers=24, skipped=8, runs=4)
FULL = Setup()
PAPER = Setup(widths=(32, 64, 128, 256, 512), batch=64, runs=64)


def points(s):
    """Each width, and other batch sizes in the widest network."""
    widths = {f"width-{width:04d}": call(by_width, s, width=width) for width in s.widths}
    return widths | {"batches": call(by_batch, s, width=max(s.widths))}


def by_width(width, batch, layers, skipped, every, runs):
    """Ranks with and without batch norm, with and without ReLU."""
    conditions = [(kind, norm, batch) for kind in KINDS for norm in NORMS]
    at, rank, deep = ranks(conditions, width, layers, skipped, every, runs)
    law, largest = predicted(width, batch)
    found = {
        "rank": (rank, "effective rank of a batch", "1", "width layer kind norm run"),
        "settled": (deep, "its mean over deep layers", "1", "width kind norm run"),
        "predicted_rank": (law, "effective rank with batch norm, closed form", "1", "width"),
        "predicted_largest": (largest, "largest eigenvalue's share, closed form", "1", "width"),
        "samples": (batch, "samples in a batch", "1", ""),
    }
    return table(found, width=width, kind=KINDS, norm=NORMS, run=runs, layer=at)


def by_batch(width, batches, layers, skipped, every, runs):
    """Ranks with batch norm and no activation, by batch size."""
    conditions = [("linear", "batch norm", batch) for batch in batches]
    at, rank, deep = ranks(conditions, width, layers, skipped, every, runs)
    law, largest = zip(*(predicted(width, batch) for batch in batches), strict=True)
    found = {
        "batch_rank": (rank, "effective rank, widest network", "1", "layer batch run"),
        "batch_settled": (deep, "its mean over deep layers", "1", "batch run"),
        "predicted_batch_rank": (law, "the same, closed form", "1", "batch"),
        "predicted_batch_largest": (largest, "largest eigenvalue's share", "1", "batch"),
    }
    return table(found, batch=batches, run=runs, layer=at)


def ranks(conditions, width, layers, skipped, every, runs):
    """Layers; effective ranks after these, (layer, condition, run); their mean over deep layers."""
    at = sorted({*range(min(every, layers)), *range(0, layers + 1, every)})
    passed = enumerate(random_layers(conditions, width, layers, runs))
    rank = np.array([[effective_rank(h) for h in found] for layer, found in passed if layer in at])
    return at, rank, rank[np.array(at) >= skipped].mean(axis=0)


def predicted(width, batch):
    """Effective rank with batch norm and no activation, and the largest eigenvalue's share."""
    dimensions = min(width, batch - 1)
    return theory.batch_norm_rank(width, dimensions), theory.batch_norm_largest(width, dimensions)


# ------------------------------------------------------------------------------------------ claims

# The law is the first term of an expansion in the eigenvalues' shares, whose largest is 2/√d:
# a term of that order shifts the rank by a constant, and the next, 4/d, changes its slope in √d by
# 4 % at the middle width. The first correction changes the exponent by half of 2/√d, 0.1 there.
SLOPE, EXPONENT = within(1, relative=0.05), within(0.5, absolute=0.1)
# An effective rank below this is a collapse: a second direction has less than 2.5 % of the sum.
COLLAPSED = below(1.05)


SETTLED = {kind: value("settled", kind=kind, norm="batch norm") for kind in KINDS}
PLAIN = {kind: value("rank", kind=kind, norm="none", width=LAST) for kind in KINDS}


def half_as_deep(results):
    """The depth of half the largest width, or the reading nearest to it."""
    return Near(results["width"].max() / 2)


def slope(results, of_width, of_rank):
    """Least-squares slope of a function of the rank in one of the width, of every run."""
    x, y = of_width(results["width"].astype(float)), of_rank(SETTLED["linear"](results))
    x = x - x.mean()
    return ((y - y.mean("width")) * x).sum("width") / (x**2).sum()


def distance(results):
    """Relative distance to the closed form, over the largest eigenvalue's share.

    At every width and batch size, to the side on which the mean over runs is.
    """
    rank = SETTLED["linear"](results).drop_vars(["kind", "norm"])
    by_width = (rank / results["predicted_rank"] - 1) / results["predicted_largest"]
    by_batch = results["batch_settled"] / results["predicted_batch_rank"] - 1
    by_batch = by_batch / results["predicted_batch_largest"]
    both = xr.concat([by_width.rename(width="case"), by_batch.rename(batch="case")], "case")
    return both * np.sign(both.mean("run"))


IN_ROOT, POWER = value(slope, np.sqrt, np.positive).mean(), value(slope, np.log, np.log).mean()
DISTANCE = value(distance).worst(below(1))
OVER_ROOT = (SETTLED["relu"] / value("width").map(np.sqrt)).worst(above(1))
NARROW = value("rank", kind="linear", norm="none", width=FIRST, layer=LAST).median()
HALF_AS_DEEP = PLAIN["linear"].at(layer=half_as_deep).median()
WORST = "the worst of all widths and batch sizes, over the largest eigenvalue's share"

CLAIMS = {
    "ranks-do-not-collapse": supported(
        "In a deep random linear network with batch norm the effective rank of a batch does not "
        "collapse, but stays at the order of the square root of the width.",
        source="daneshmand2020",
        cases=(
            Case("slope of the effective rank in √d", IN_ROOT, SLOPE),
            Case("exponent of the width", POWER, EXPONENT),
            Case(f"distance to the closed form, {WORST}", DISTANCE, below(1)),
        ),
        because="Batch norm weakens directions that are already strong, random weights make some "
        "stronger by chance, and the two are in balance when about the square root of the width "
        "are in play.",
    ),
    "plain-ranks-collapse": depends(
        "Without batch norm the samples of a batch end on one line in a deep random linear "
        "network.",
        source="daneshmand2020",
        cases=(
            Case("the narrowest network, rank after the last layer", NARROW, COLLAPSED),
            Case("the widest network, rank half as deep as it is wide", HALF_AS_DEEP, COLLAPSED),
        ),
        because="They get there at a rate a layer that is one over the width, so it takes a depth "
        "of several widths.",
    ),
    "ranks-survive-relu": supported(
        "That batch norm keeps the rank holds with ReLU as well.",
        source="daneshmand2020",
        cases=(Case("with batch norm: rank over √d, at the worst width", OVER_ROOT, above(1)),),
        because="With ReLU in between more directions stay in play than without, at all widths "
        "tried.",
    ),
}

VALUES = {
    "layers": value("layer", layer=LAST).exact(),
    "narrow": value("width", width=FIRST).exact(),
    "wide": value("width", width=LAST).exact(),
    "samples": value("samples").exact(),
    "rank_wide": SETTLED["linear"].at(width=LAST).mean(),
    "relu_narrow": SETTLED["relu"].at(width=FIRST).mean(),
    "relu_wide": SETTLED["relu"].at(width=LAST).mean(),
    "plain_narrow": NARROW,
    "plain_wide": PLAIN["linear"].at(layer=LAST).median(),
    "plain_half": HALF_AS_DEEP,
    "plain_relu": PLAIN["relu"].at(layer=LAST).median(),
    "slope": IN_ROOT,
    "exponent": POWER,
}
