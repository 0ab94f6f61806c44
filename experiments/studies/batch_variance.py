"""How far from the population's is the variance of a tiny batch, and one over it?

The variance of random Gaussian batches of many sizes, as `Standardize` takes it with ε = 0, is
averaged and compared with closed forms, and so is one over it, which scales squared gradients.
"""

from dataclasses import replace

import numpy as np

from experiments.claims import Case, depends, within
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.results import LAST, table, value
from experiments.runs import normal
from experiments.study import Settings, call, setting
from experiments.theory import transform as theory
from experiments.training import start

NETWORK = Network((Standardize(replace(PYTORCH, eps=0.0)),))


class Setup(Settings):
    runs: int = setting(16, "independent repetitions, each with a random stream of its own")
    batches: tuple[int, ...] = setting((2, 3, 4, 5, 6, 8, 16, 32, 64, 128, 256), "batch sizes m")
    draws: int = setting(4096, "random batches of each run and size")
    seed: int = setting(3, "every random stream is spawned from it")


QUICK = Setup(batches=(2, 3, 4, 5, 8, 16, 64, 256), draws=128)
FULL, PAPER = Setup(), Setup(runs=64, draws=16_384)


def points(s):
    return {f"batch-{m:03d}": call(variances, s, batch=m) for m in s.batches}


def variances(batch, draws, runs):
    """The mean over all batches, and that of 1/σ² over the first, for more and more of them."""
    counts, read = np.unique(np.round(np.logspace(1, np.log10(draws), 25)).astype(int)), []
    for one in runs.groups(1):  # all runs together would take much memory
        x = normal(one.part(batch).streams(), batch, draws)
        _, saved, _ = start(NETWORK, one, draws, dtype=float).forward(x, training=True)
        read.append(saved[0]["var"][0])
    inverse = np.cumsum(1 / np.array(read), axis=1) / np.arange(1, draws + 1)
    of, per, known = "population variance", "1/population variance", theory.batch_variance(batch)
    found = {
        "variance": (np.mean(read, axis=1), "mean variance of a batch, divisor m", of, "batch run"),
        "inverse_variance": (inverse[:, counts - 1], "mean of 1/σ² over the first batches", per),
        "variance_theory": (known, "(m−1)/m", of, "batch"),
        "inverse_variance_theory": (theory.inverse_batch_variance(batch), "m/(m−3)", per, "batch"),
    }
    return table(found, batch=batch, run=runs, count=counts)


# ------------------------------------------------------------------------------------------ claims


INVERSE, VARIANCE = value("inverse_variance", count=LAST), value("variance")
WHY = "(which scales squared gradients) over the population’s"
PERCENT, TENTH = within(1, relative=0.01), within(1, relative=0.1)

CLAIMS = {
    "batch-variance-is-population-variance": depends(
        "On average, the variance of a batch is that of the population.",
        source="overview",
        cases=tuple(
            Case(f"batch of {m}, mean over the population’s", VARIANCE.at(batch=m).mean(), PERCENT)
            for m in (2, 4, 8, 64, 256)
        ),
        because="It is (m − 1)/m of it: the batch’s own mean lies nearer to its samples than the "
        "population’s does.",
    ),
    "small-batches-only-add-noise": depends(
        "Small batches make the gradient noisier, but not larger.",
        source="reader",
        cases=tuple(
            Case(f"batch of {m}, mean of 1/σ² {WHY}", INVERSE.at(batch=m).mean(), TENTH)
            for m in (8, 16, 64, 256)
        ),
        because="Batches that happen to vary little count for more: the mean of 1/σ² is m/(m − 3), "
        "and infinite up to three samples.",
    ),
}

VALUES = {
    "variance_pair": VARIANCE.at(batch=2).mean(),
    "inverse_eight": INVERSE.at(batch=8).mean(),
    "inverse_sixty_four": INVERSE.at(batch=64).mean(),
}
