"""Does batch norm allow higher learning rates, and does the highest one fall with depth?

Networks of 2 to 16 hidden layers of ReLU learn MNIST-5k, shrunk to 7×7 pixels, from He's weights at
rates from 0.02 to 10, with batch norm and without. A run has learned if after the last step it
gets at least a fifth of the test images right, twice as many as guessing, with the statistics of
the test images; it has diverged if its loss is not finite or above ten times that of guessing. The
largest trainable rate of a run is the largest one at which it has learned. The rates, the number of
steps and the thresholds were set after trials with other seeds.
"""

import numpy as np

from experiments.claims import Case, Rule, above, below, depends, refuted, supported
from experiments.engine.activations import ReLU
from experiments.engine.initialization import he_normal
from experiments.results import FIRST, LAST, Near, difference, ratio, table, value
from experiments.study import Learning, call, setting
from experiments.training import accuracy, load, mlp, optimizer_of, paired, train

RATES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
PAPER_RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
DIVERGED = 10 * float(np.log(10))  # nats: ten times the loss of guessing among ten digits
NORMS = {"none": "none", "bn": "batch norm"}  # short name → norm


class Setup(Learning):
    depths: tuple[int, ...] = setting((2, 4, 8, 16), "hidden layers")
    rates: tuple[float, ...] = setting(RATES, "learning rates")
    width: int = setting(24, "units in each hidden layer")
    batch: int = setting(50, "images in a training batch")
    steps: int = setting(100, "training steps")
    tested: int = setting(500, "test images, the same number of each digit")
    learned: float = setting(0.2, "test accuracy from which a run counts as having learned")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(27, "every random stream is spawned from it")


QUICK = Setup(depths=(2, 8), rates=(0.05, 0.5, 10.0), width=12, steps=30, tested=100, runs=3)
FULL = Setup()
PAPER = Setup(
    depths=(2, 4, 8, 16, 32), rates=PAPER_RATES, width=100, steps=5000, tested=1000, learned=0.9
)


def points(s):
    """Each depth, with and without batch norm."""
    return {
        f"{norm.replace(' ', '-')}-depth-{depth:02d}": call(learn, s, norm=norm, depth=depth)
        for norm in NORMS.values()
        for depth in s.depths
    }


def learn(norm, depth, data, inputs, optimizer, rates, width, batch, steps, tested, learned, runs):
    """Train at all rates side by side."""
    images = load(data, inputs, side=7)
    network = mlp((width,) * depth, norm, ReLU(), weights=he_normal)
    model, stream = paired(network, images, batch, runs, copies=len(rates))
    *_, trained = train(model, stream, optimizer_of(optimizer, runs.each(rates)), steps)
    right = accuracy(trained, images.test.balanced(tested), training=True, lost=0.1)
    diverged = ~(trained.loss <= DIVERGED)
    has_learned = (right >= learned) & ~diverged
    largest = (has_learned * runs.each(rates)).reshape(len(rates), -1).max(axis=0)
    words = "largest rate at which the run has learned; 0 if at none"
    found = {
        "accuracy": (right, "test accuracy with the test images’ statistics"),
        "learned": (has_learned.astype(np.int32), "whether the run has learned"),
        "diverged": (diverged.astype(np.int32), "whether the run has diverged"),
        "largest": (largest, words, "1", "norm depth run"),
    }
    return table(found, norm=norm, depth=depth, rate=rates, run=runs)


# ------------------------------------------------------------------------------------------ claims

DEPTHS = tuple((f"{depth} hidden layers", Near(depth)) for depth in FULL.depths)


def largest(results):
    """The largest trainable rate of each run; one that has learned at no rate counts with the
    smallest that was tried."""
    return results["largest"].clip(min=float(results["rate"][0]))


def higher(depth):
    """Largest trainable rate with batch norm over that without."""
    return ratio(*(value(largest).at(norm=norm, depth=depth) for norm in ("batch norm", "none")))


def falls(norm):
    """Largest trainable rate of the deepest network over that of the shallowest."""
    return ratio(*(value(largest).at(norm=norm, depth=depth) for depth in (LAST, FIRST)))


def lead(depth):
    """How much more accurate batch norm is at the rate at which networks without it are the most
    accurate, on average over runs."""
    plain = value("accuracy", norm="none", depth=depth).best("rate")
    normed = value("accuracy", norm="batch norm", depth=depth, rate=plain.coordinate("rate"))
    return difference(normed, plain)


LEARNED = value("learned", norm="batch norm", rate=LAST)
LOST = value("diverged", depth=LAST, rate=LAST)
HIGHER = "largest trainable rate with batch norm over that without"
LEARNS = "share of runs that learn at the highest rate tried"
FALL = "largest trainable rate of the deepest network over that of the shallowest"
LEAD = "lead in test accuracy at the best rate of the network without batch norm"
THIRD = Rule(-np.inf, 1 / 3, "less than a third")

CLAIMS = {
    "bn-allows-higher-rates": supported(
        "Batch norm allows higher learning rates.",
        source="ioffe2015",
        cases=tuple(Case(f"{when}, {HIGHER}", higher(depth), above(1)) for when, depth in DEPTHS),
        because="At every depth tried the largest rate at which a network learns is higher with "
        "batch norm, and the more so the deeper it is.",
    ),
    "no-rate-is-too-high-with-bn": refuted(
        "With batch norm no learning rate is too high.",
        source="post",
        cases=tuple(
            Case(f"{when}, {LEARNS}", LEARNED.at(depth=depth).share(), above(0.5))
            for when, depth in DEPTHS
        ),
        because="The weights in front of batch norm are protected by their growth; γ, β and the "
        "output layer are not, and at the highest rate hardly a run learns.",
    ),
    "trainable-rate-falls-with-depth": depends(
        "The deeper the network, the smaller the largest learning rate at which it trains.",
        source="overview",
        cases=tuple(
            Case(f"{which} batch norm, {FALL}", falls(norm), THIRD)
            for which, norm in (("without", "none"), ("with", "batch norm"))
        ),
        because="It depends on batch norm: without it the limit falls steeply with depth, with it "
        "little.",
    ),
    "higher-rates-are-the-cause": refuted(
        "Batch norm trains faster because it allows higher learning rates: at one that both "
        "networks take, its lead is gone.",
        source="bjorck2018",
        cases=tuple(
            Case(f"{when}, {LEAD}", lead(depth), below(0.02, "percentage points"))
            for when, depth in DEPTHS
        ),
        because="In these networks, after so many steps, batch norm leads at the same rate too; "
        "higher rates are one part of its lead and not all.",
    ),
}

ENDS = {"shallow": FIRST, "deep": LAST}
VALUES = {
    **{f"highest_diverged_{name}": LOST.at(norm=norm).share() for name, norm in NORMS.items()},
    **{f"falls_{name}": falls(norm) for name, norm in NORMS.items()},
    **{f"higher_{end}": higher(depth) for end, depth in ENDS.items()},
    **{f"same_rate_{end}": lead(depth) for end, depth in ENDS.items()},
}
