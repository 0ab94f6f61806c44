"""Is the loss smoother along the gradient with batch norm?

A network of four hidden layers of ReLU learns MNIST-5k, shrunk to 7×7 pixels, with batch norm and
without, from the same weights and on the same batches. At some steps we walk along the gradient of
the next batch, from half to four times the learning step, and read how far the loss ranges, how far
the gradient changes, and the largest ratio of that change to the length of the step, the effective
smoothness. A third condition has batch norm and hidden weights multiplied by a factor below one: at
the start it computes the same function of its input, up to ε. Settings and thresholds were set
after a trial with another seed.
"""

import numpy as np

from experiments.claims import Case, below, depends, refuted, within
from experiments.engine.activations import ReLU
from experiments.engine.initialization import he_normal
from experiments.measures.landscape import along_gradient
from experiments.results import FIRST, LAST, ratio, table, value
from experiments.study import Learning, call, setting
from experiments.training import enlarged, load, mlp, optimizer_of, paired, train

SHORT = "batch norm, short weights"
CONDITIONS = {"none": "none", "batch norm": "batch norm", SHORT: "batch norm"}  # → normalization
MULTIPLES = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)


class Setup(Learning):
    hidden: tuple[int, ...] = setting((32, 32, 32, 32), "ReLUs in each hidden layer")
    rates: tuple[float, ...] = setting((0.03, 0.3), "learning rates")
    short: float = setting(0.2, "factor of the short hidden weights")
    multiples: tuple[float, ...] = setting(MULTIPLES, "steps along the gradient, in learning steps")
    batch: int = setting(60, "images in a training batch")
    steps: int = setting(240, "training steps")
    readings: int = setting(13, "steps that are read, evenly spaced from the first")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(26, "every random stream is spawned from it")


QUICK = Setup(hidden=(12, 12), multiples=(0.5, 2.0, 4.0), steps=20, readings=5, runs=3)
FULL, PAPER = Setup(), Setup(hidden=(100, 100, 100, 100), steps=10_000, readings=101)


def points(s):
    """Each condition at each rate."""
    found = {}
    for name in CONDITIONS:
        key, factor = name.replace(",", "").replace(" ", "-"), s.short if name == SHORT else 1.0
        for rate in s.rates:
            found[f"{key}-rate-{rate:g}"] = call(walk, s, condition=name, rate=rate, factor=factor)
    return found


def walk(
    condition,
    rate,
    factor,
    data,
    inputs,
    optimizer,
    hidden,
    multiples,
    batch,
    steps,
    readings,
    runs,
):
    """Train, and walk along the gradient at some steps."""
    network = mlp(hidden, CONDITIONS[condition], ReLU(), weights=he_normal)
    model, stream = paired(network, load(data, inputs, side=7), batch, runs)
    model = enlarged(model, runs.each([factor]))
    at = np.linspace(0, steps, readings).round().astype(int)
    along = [
        along_gradient(moment, moment.x, moment.labels, rate * np.array(multiples))
        for moment in train(model, stream, optimizer_of(optimizer, rate), steps)
        if moment.step in at
    ]
    lowest, highest = ([of(one.loss, axis=0) for one in along] for of in (np.min, np.max))
    smoothness = [one.smoothness.max(axis=0) for one in along]
    found = {
        "loss": ([one.start for one in along], "loss of the batch", "nats"),
        "lowest": (lowest, "lowest loss along the gradient", "nats"),
        "highest": (highest, "highest loss along the gradient", "nats"),
        "gradient": ([one.gradient for one in along], "length of the gradient"),
        "change": ([one.change.max(axis=0) for one in along], "largest change of the gradient"),
        "smoothness": (smoothness, "largest change of the gradient over the length of the step"),
    }
    return table(found, condition=condition, rate=rate, step=at, run=runs)


# ------------------------------------------------------------------------------------------ claims


RATES = {"at the larger rate": LAST, "at the smaller rate": FIRST}
QUANTITIES = {
    "range": ("range of the loss along the gradient", value("highest") - value("lowest")),
    "change": ("largest change of the gradient", value("change")),
    "smoothness": ("effective smoothness", value("smoothness")),
}


def against_none(of):
    """With batch norm over without."""
    return ratio(of.at(condition="batch norm"), of.at(condition="none"))


def over_readings(of, rate):
    """The same for the geometric means over the readings of each run."""
    return against_none(of.at(rate=rate).map(np.log).over("step", "mean").map(np.exp))


START = value("smoothness", step=FIRST)
OF_SHORT, OF_USUAL = (START.at(condition=name) for name in (SHORT, "batch norm"))
SHORT_OVER_USUAL = {
    when: ratio(OF_SHORT.at(rate=rate), OF_USUAL.at(rate=rate)) for when, rate in RATES.items()
}
LESS = below(0.8, "of what it is without batch norm")
SHORTER = (
    "effective smoothness with short weights over that with usual ones, both with batch norm, "
    "before training"
)

CLAIMS = {
    "bn-smooths-the-landscape": depends(
        "Batch norm makes the loss smoother to walk on.",
        source="santurkar2018",
        cases=tuple(
            Case(f"{words}, {when}", over_readings(quantity, rate), LESS)
            for when, rate in RATES.items()
            for words, quantity in QUANTITIES.values()
        ),
        because="It depends on the length of the step. At a rate that is large for the network "
        "without batch norm, its loss and gradient vary far more; at one that is small for both "
        "they vary less, over these steps as a whole, for it has hardly begun to learn.",
    ),
    "smoothness-is-of-the-function": refuted(
        "The smoothness that is measured along the gradient is a property of the function "
        "that the network computes.",
        source="reader",
        cases=tuple(
            Case(f"{SHORTER}, {when}", of, within(1, absolute=0.25))
            for when, of in SHORT_OVER_USUAL.items()
        ),
        because="With batch norm, shorter weights compute the same function, up to ε, and have "
        "larger gradients that change faster: the measured smoothness depends on the length of the "
        "weights.",
    ),
}

# How far the loss without batch norm rises above its value along the gradient.
RISE = value("highest", condition="none", rate=LAST) - value("loss", condition="none", rate=LAST)

VALUES = {
    **{f"{name}_small": over_readings(of, FIRST) for name, (_, of) in QUANTITIES.items()},
    **{f"{name}_large": over_readings(of, LAST) for name, (_, of) in QUANTITIES.items()},
    **{
        f"{name}_small_end": against_none(of.at(rate=FIRST, step=LAST))
        for name, (_, of) in QUANTITIES.items()
    },
    "short_small": SHORT_OVER_USUAL["at the smaller rate"],
    "short_large": SHORT_OVER_USUAL["at the larger rate"],
    "rise": RISE.over("step", "mean").mean(),
}
