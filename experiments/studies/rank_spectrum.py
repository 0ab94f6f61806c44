"""How do the eigenvalues of a batch share their sum, deep in a network with batch norm?

Deep random linear networks that have not been trained, a dense layer, `Standardize` with ε = 0, and
again; and the same weights without batch norm. At many depths all eigenvalues of the batch's second
moments are taken as shares of their sum.
"""

import numpy as np

from experiments.claims import Case, below, supported, within
from experiments.measures.depth import random_layers
from experiments.measures.spectrum import eigenvalue_shares
from experiments.results import table, value
from experiments.study import Settings, call, setting
from experiments.theory import depth as theory

NORMS = ("batch norm", "none")
DEPTHS = 64  # at which the spectrum is read


class Setup(Settings):
    width: int = setting(256, "units in a layer d, and features of the input")
    batch: int = setting(48, "batch size m")
    layers: int = setting(400, "dense layers")
    skipped: int = setting(100, "layers before the spectrum counts as settled")
    runs: int = setting(16, "random networks")
    seed: int = setting(15, "every random stream is spawned from it")


QUICK, FULL = Setup(width=32, batch=20, layers=24, skipped=8, runs=4), Setup()
PAPER = Setup(width=512, batch=64, runs=64)


def points(s):
    """All networks."""
    return {"networks": call(spectra, s)}


def spectra(width, batch, layers, skipped, runs):
    """Eigenvalues' shares at many depths, with and without batch norm, and their closed form."""
    # Densely at first, as layers say more there.
    at = np.unique(np.round(np.geomspace(8, layers + 8, DEPTHS) - 8)).astype(int)
    conditions = [("linear", norm, batch) for norm in NORMS]
    passed = enumerate(random_layers(conditions, width, layers, runs))
    shares = [[eigenvalue_shares(h) for h in found] for layer, found in passed if layer in at]
    index = np.arange(min(batch, width))
    law = theory.batch_norm_spectrum(width, len(index))
    centre = 1 / theory.batch_norm_rank(width, min(width, batch - 1))
    words = "eigenvalues' shares of their sum"
    found = {
        "shares": (np.float32(shares), words, "1", "shown norm run index"),
        "predicted_shares": (law, f"{words} with batch norm, closed form", "1", "index"),
        "centre": (centre, "centre of the semicircle", "1", "width"),
        "radius": (1 / np.sqrt(width), "its radius", "1", "width"),
        "settled": (at >= skipped, "whether the spectrum counts as settled", "1", "shown"),
    }
    return table(found, width=width, norm=NORMS, run=runs, shown=at, index=index)


# ------------------------------------------------------------------------------------------ claims
# Spread and distance are those of the sum over eigenvalues' sizes, not of their number, and in
# multiples of the largest eigenvalue's share.


def deep(results):
    """Settled eigenvalues' shares with batch norm, (run, value); the semicircle's place."""
    shares = results["shares"].sel(norm="batch norm", shown=results["settled"])
    values = shares.transpose("run", ...).values.reshape(shares.sizes["run"], -1)
    return values.astype(float), results["centre"].item(), results["radius"].item()


def spread(results):
    """Standard deviation of an eigenvalue's size over half the semicircle's radius, less one."""
    values, middle, radius = deep(results)
    weights = values / values.sum(axis=1, keepdims=True)
    centre = (weights * values).sum(axis=1, keepdims=True)
    ratio = np.sqrt((weights * (values - centre) ** 2).sum(axis=1)) / (radius / 2)
    return (ratio - 1) / (middle + radius)


def distance(results):
    """Largest distance between the distribution and the semicircle's, (run,)."""
    values, centre, radius = deep(results)
    values = np.sort(values, axis=1)
    t = np.clip((values - centre) / radius, -1, 1)
    law = 0.5 + (t * np.sqrt(1 - t**2) + np.arcsin(t)) / np.pi
    whole = values.sum(axis=1, keepdims=True)
    share, upto = values / whole, np.cumsum(values, axis=1) / whole
    off = np.maximum(np.abs(upto - law), np.abs(upto - share - law))
    return off.max(axis=1) / (centre + radius)


MULTIPLES = "in multiples of the largest eigenvalue's share"
DISTANCE = f"largest distance between the distributions, {MULTIPLES}"
SPREAD = "standard deviation over that of the semicircle, less one, in the same multiples"

CLAIMS = {
    "eigenvalues-follow-a-semicircle": supported(
        "In a wide random linear network with batch norm the eigenvalues of a batch spread over "
        "their sum like a semicircle.",
        source="reader",
        cases=(
            Case(DISTANCE, value(distance).mean(), below(1)),
            Case(SPREAD, value(spread).mean(), within(0, absolute=1)),
        ),
        because="Chance makes eigenvalues repel each other and batch norm pulls them together in "
        "proportion to their distance, which is the balance that a semicircle solves.",
    ),
}

VALUES = {}
