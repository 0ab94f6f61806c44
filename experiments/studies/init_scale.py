"""Is a network with batch norm less sensitive to the size of its first weights?

A network of three hidden layers of ReLU learns MNIST-5k, shrunk to 7×7 pixels, at one learning
rate, from hidden weights that are He's times a factor k, from 0.01 to 100: without batch norm, with
it, and with it and the rate of the hidden weights multiplied by k². In all conditions a run has the
same weights, up to k, and the same batches; the output layer starts alike. Batch norm is tested
with the statistics of the test images, so that running averages do not matter.

Why k²: with batch norm the network with weights k v computes what the one with v does, and a step
on k v with the rate k² η is the same as a step on v with the rate η. So if the size of the weights
matters through the effective learning rate alone, the third condition does the same at every k.
Learning rate, numbers of steps and thresholds were set after a trial with another seed.
"""

import numpy as np

from experiments.claims import Case, above, below, depends, supported, within
from experiments.engine.activations import ReLU
from experiments.engine.initialization import he_normal
from experiments.engine.optimizer import Together
from experiments.engine.parameters import leaves
from experiments.results import FIRST, LAST, ratio, table, value
from experiments.study import Learning, call, setting
from experiments.training import (
    accuracy,
    enlarged,
    hidden_weights,
    load,
    log_steps,
    mlp,
    optimizer_of,
    paired,
    train,
)

CONDITIONS = PLAIN, NORMED, SCALED = "none", "batch norm", "batch norm, rate × k²"
FACTORS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


class Setup(Learning):
    hidden: tuple[int, ...] = setting((32, 32, 32), "ReLUs in each hidden layer")
    factors: tuple[float, ...] = setting(FACTORS, "k, of the hidden weights")
    batch: int = setting(60, "images in a training batch")
    rate: float = setting(0.1, "learning rate")
    steps: int = setting(300, "training steps")
    readings: int = setting(14, "at most so many steps are read, at equal ratios")
    tested: int = setting(500, "test images of each reading, the same number of each digit")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(28, "every random stream is spawned from it")


FEW = (0.01, 0.1, 1.0, 10.0, 100.0)
QUICK = Setup(hidden=(16, 16), factors=FEW, steps=60, readings=6, tested=100, runs=3)
FULL = Setup()
PAPER = Setup(hidden=(100, 100, 100), steps=20_000, readings=60, tested=1000)


def points(s):
    """Every condition."""
    names = {PLAIN: "none", NORMED: "batch-norm", SCALED: "batch-norm-rate"}
    return {name: call(learn, s, condition=condition) for condition, name in names.items()}


def learn(
    condition, data, inputs, optimizer, hidden, factors, batch, rate, steps, readings, tested, runs
):
    """Train from all sizes side by side."""
    images = load(data, inputs, side=7)
    network = mlp(hidden, "none" if condition == PLAIN else "batch norm", ReLU(), weights=he_normal)
    model, stream = paired(network, images, batch, runs, copies=len(factors))
    scaled, k = hidden_weights(model), runs.each(factors)
    model = enlarged(model, k)
    others = tuple(path for path, _ in leaves(model.params) if path not in scaled)
    of_scaled = optimizer_of(optimizer, rate * k**2 if condition == SCALED else rate, others)
    descent = Together((of_scaled, optimizer_of(optimizer, rate, scaled)))

    at, test = log_steps(steps, readings - 1), images.test.balanced(tested)
    read = [
        (accuracy(m, test, training=True, lost=0.1), ~np.isfinite(m.loss), squared_length(m))
        for m in train(model, stream, descent, steps)
        if m.step in at
    ]
    right, diverged, length = map(np.stack, zip(*read, strict=True))
    he = 2 * sum(hidden)  # the expected squared length of He's: fan_in × fan_out × 2/fan_in, summed
    words = "squared length of the hidden weights over that expected of He’s"
    found = {
        "accuracy": (right, "test accuracy with the test images’ statistics"),
        "diverged": (diverged.astype(np.int32), "whether the loss is not finite"),
        "length": (length / he, words),
    }
    return table(found, condition=condition, step=at, factor=factors, run=runs)


def squared_length(model):
    """Σ w² over all hidden weights, (run,)."""
    weights = dict(leaves(model.params))
    each = (weights[path].astype(float) for path in hidden_weights(model))
    return sum(np.square(weight).sum(axis=(1, 2)) for weight in each)


# ------------------------------------------------------------------------------------------ claims

FAR = (0.01, 0.1, 10.0, 100.0)  # sizes at which claims are tested
FAILED = 0.2  # of test accuracy at the end, twice that of guessing: a run below it has failed
POINTS, TIMES = "percentage points", "times that at the start"
WITHOUT, WITH, SCALED_RATE = (
    value("accuracy", condition=condition, step=LAST) for condition in CONDITIONS
)


def far(words, measured, rule):
    """A case for each of these sizes."""
    return tuple(Case(f"k = {k:g}, {words}", measured.at(factor=k).mean(), rule) for k in FAR)


def lengthened(k):
    """Squared length of the hidden weights at the end over that at the start, with batch norm."""
    length = value("length", condition=NORMED, factor=k)
    return ratio(length.at(step=LAST), length.at(step=FIRST))


CLAIMS = {
    "bn-less-sensitive-to-initialization": supported(
        "A network with batch norm is less sensitive to the size of its first weights.",
        source="overview",
        cases=far("lead in test accuracy after training", WITH - WITHOUT, above(0.2, POINTS)),
        because="At a tenth or ten times He’s weights the network without batch norm does not "
        "learn at all; the one with it does.",
    ),
    "plain-needs-the-right-size": supported(
        "Without batch norm, training works only if the size of the first weights is about right.",
        source="post",
        cases=tuple(
            Case(
                f"k = {k:g}, without batch norm, share of runs with a test accuracy below "
                f"{100 * FAILED:g} % at the end",
                (WITHOUT.at(factor=k) < FAILED).share(),
                above(0.5),
            )
            for k in FAR
        ),
        because="The output scales with the third power of k here: too small and no gradient "
        "arrives, too large and the first steps throw the weights away.",
    ),
    "size-does-not-matter-with-bn": depends(
        "With batch norm a network gets as accurate from weights that are far too small or "
        "too large as from the usual ones.",
        source="post",
        cases=far(
            "with batch norm, test accuracy minus that from He’s weights",
            WITH - WITH.at(factor=1.0),
            above(-0.05, POINTS),
        ),
        because="It depends on the direction: small weights do as well as He’s or better, large "
        "ones lag behind.",
    ),
    "large-weights-learn-slowly": supported(
        "With batch norm, the size of the weights acts through the effective learning rate, "
        "the rate over the squared length.",
        source="vanlaarhoven2017",
        cases=far(
            "rate of the hidden weights times k², test accuracy minus that from He’s weights at "
            "the plain rate",
            SCALED_RATE - SCALED_RATE.at(factor=1.0),
            within(0, POINTS, absolute=0.02),
        ),
        because="With the rate multiplied by k² the network does the same from all sizes; what is "
        "left is round-off and ε.",
    ),
    "size-mends-itself": depends(
        "With batch norm, weights that start with the wrong length get a fitting one by "
        "themselves.",
        source="arora2018",
        cases=tuple(
            Case(
                f"from weights that are too {size}, k = {k:g}, squared length at the end",
                lengthened(k),
                rule,
            )
            for size, k, rule in (
                ("small", 0.01, above(10, TIMES)),
                ("large", 100.0, below(0.1, TIMES)),
            )
        ),
        because="It depends on the direction: a gradient orthogonal to the weights can only "
        "lengthen them, so short ones grow and long ones stay, unless weight decay shortens them.",
    ),
}

VALUES = {
    "bn_0_1": WITH.at(factor=0.1).mean(),
    "bn_10_0": WITH.at(factor=10.0).mean(),
    "cost_large": (WITH.at(factor=1.0) - WITH.at(factor=100.0)).mean(),
    "lengthened_small": lengthened(0.01),
}
