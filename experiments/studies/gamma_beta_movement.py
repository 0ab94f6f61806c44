"""How can a distribution be steady when γ and β move?

A network of three hidden layers, each dense, batch norm, sigmoid, learns MNIST-5k (shrunk to 14×14
pixels) at five learning rates, from the same weights and with the same batches. At some steps a
fixed probe of test images, normalized with its own statistics, goes through the network before and
after one update: how far has the distribution moved in front of batch norm and behind it, and how
far would it have moved if nothing but γ and β had changed? Thresholds were declared after a pilot
with other seeds.
"""

import numpy as np

from experiments.claims import Case, above, depends, supported, within
from experiments.engine.activations import Sigmoid
from experiments.engine.affine import Affine
from experiments.measures.drift import move
from experiments.results import FIRST, LAST, Place, table, value
from experiments.study import Learning, call, setting
from experiments.theory import shift as theory
from experiments.training import load, log_steps, mlp, optimizer_of, paired, train


class Setup(Learning):
    hidden: tuple[int, ...] = setting((40, 40, 40), "sigmoid units in each hidden layer")
    rates: tuple[float, ...] = setting((0.02, 0.1, 0.5, 2.5, 12.5), "learning rates")
    batch: int = setting(60, "images in a training batch")
    steps: int = setting(1000, "training steps")
    probes: int = setting(10, "at most so many steps before and after which the probe is passed")
    probe: int = setting(200, "test images in the probe, the same number of each digit")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(20, "every random stream is spawned from it")


QUICK = Setup(hidden=(12, 12, 12), rates=(0.1, 0.5, 2.5), steps=100, probes=3, probe=30, runs=4)
FULL, PAPER = Setup(), Setup(hidden=(100, 100, 100), steps=20_000, probes=20, probe=1000, runs=32)


def points(s):
    return {f"rate-{rate:g}": call(learn, s, rate=rate) for rate in s.rates}


# What is read at each probed step, in the order of `moved`: means over units, last the largest.
READ = {
    "before_mean": "change of the mean in front of batch norm",
    "before_std": "change of the standard deviation in front of batch norm",
    "before_distance": "Wasserstein-1 distance in front of batch norm, in standard deviations",
    "after_mean": "change of the mean behind batch norm",
    "after_std": "change of the standard deviation behind batch norm",
    "after_distance": "Wasserstein-1 distance behind batch norm, in standard deviations",
    "image_distance": "mean change of an image's value behind batch norm, in standard deviations",
    "affine_distance": "the same behind batch norm if nothing but γ and β changes",
    "after_mean_theory": "|Δβ|",
    "after_std_theory": "|Δ|γ|·σ/√(σ²+ε)|",
    "error": "largest distance from the two closed forms, over units",
}


def learn(rate, data, inputs, optimizer, hidden, batch, steps, probes, probe, runs):
    """Train, and compare the probe before and after some of the steps."""
    images, at = load(data, inputs, side=14), log_steps(steps - 1, probes - 1)
    sample, read, before = images.test.balanced(probe).x[None].astype(float), [], None
    model, stream = paired(mlp(hidden, "batch norm", Sigmoid()), images, batch, runs)
    for moment in train(model, stream, optimizer_of(optimizer, rate), steps):
        if before:
            read.append(moved(*before, *passed(moment, sample)))
        before = passed(moment, sample) if moment.step in at else None
    both = zip(READ.items(), np.moveaxis(read, 1, 0), strict=True)
    found = {name: (values, words) for (name, words), values in both}
    layer = np.arange(1, len(hidden) + 1)
    return table(found, rate=rate, probe_step=at, layer=layer, run=runs)


def passed(model, x):
    """The model and what it saved of a pass, in float64: one step is far above round-off."""
    exact = model.astype("float64")
    return exact, exact.forward(x, training=True)[1]


def moved(old, old_saved, new, new_saved):
    """What one update does to the distributions around each batch norm: (`READ`, layer, run)."""
    read = []
    for i in (i for i, layer in enumerate(old.network.layers) if isinstance(layer, Affine)):
        gamma, beta = ([one.params[i][name] for one in (old, new)] for name in ("gamma", "beta"))
        before = move(old_saved[i - 1]["x"], new_saved[i - 1]["x"])
        behind, xhat = old_saved[i + 1]["x"], old_saved[i]["x"]
        after = move(behind, new_saved[i + 1]["x"])
        alone = move(behind, gamma[1][:, None] * xhat + beta[1][:, None])
        var = [saved[i - 1]["var"] for saved in (old_saved, new_saved)]
        eps = old.network.layers[i - 1].convention.eps
        mean, std = theory.affine_shift(gamma, beta, var, eps)
        error = np.maximum(np.abs(after.mean - mean), np.abs(after.std - std))
        moves = before.mean, before.std, before.distance, after.mean, after.std, after.distance
        of_units = *moves, after.values, alone.distance, mean, std
        read.append([*(of.mean(axis=1) for of in of_units), error.max(axis=1)])
    return np.moveaxis(read, 0, 1)


# ------------------------------------------------------------------------------------------ claims


def middle(results):
    """The rate in the middle."""
    return float(results["rate"][results.sizes["rate"] // 2])


SMALLEST, LARGEST = ("the smallest rate", FIRST), ("the largest rate", LAST)
OTHERS = ("the second rate", Place(1)), ("the last but one", Place(-2))
# The movement if γ and β alone change, in parts of the whole, both summed over the steps.
ALONE, WHOLE = (value(f"{name}_distance", layer=LAST) for name in ("affine", "after"))
SHARE = ALONE.over("probe_step", "sum") / WHOLE.over("probe_step", "sum")
MOVE = "how far γ and β alone would move it, in parts of how far it moves"
ERROR = "largest distance of |Δmean| and |Δstd| from the closed forms, in any unit of any layer"
NONE = within(0, absolute=1e-12)  # a few thousand roundings of numbers of order one

CLAIMS = {
    "gamma-beta-move-the-output": supported(
        "If γ and β fluctuate, the mean and the width of the distribution after batch norm "
        "fluctuate too.",
        source="thread",
        cases=tuple(
            Case(f"at {name}: {ERROR}", value("error", rate=rate).every(), NONE)
            for name, rate in (SMALLEST, LARGEST, *OTHERS)
        ),
        because="On a batch that is normalized with its own statistics, the mean moves by exactly "
        "|Δβ| and the standard deviation, up to ε, by |Δ|γ||; nothing else can move them.",
    ),
    "gamma-beta-cause-the-movement": depends(
        "What still moves the distribution behind batch norm is the movement of γ and β.",
        source="thread",
        cases=tuple(
            Case(f"last hidden layer, at {name}: {MOVE}", SHARE.at(rate=rate).mean(), above(0.5))
            for name, rate in (SMALLEST, ("the middle rate", middle), LARGEST)
        ),
        because="It depends on the rate. At small and middling ones most of the movement is a "
        "change of shape, made by the weights below, and γ and β account for little of it; at the "
        "largest, early, they account for nearly all.",
    ),
}

VALUES = {
    f"share_{size}": SHARE.at(rate=k).mean() for size, k in {"small": FIRST, "large": LAST}.items()
}
