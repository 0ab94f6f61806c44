"""Where mini-batches look alike, is there any shift, and is anything left for batch norm to do?

Two networks of sigmoids, with batch norm and without, learn MNIST-5k in 14×14 pixels. What changes
is how alike the batches are: one batch again and again; the same number of each digit in every
batch; drawn at random, as usual; two digits in a batch; one digit in a batch. Read are: how much
the inputs of the last hidden layer differ from batch to batch while the network stands still; how
far their distribution on fixed images travels while it learns; and how many steps it takes to a
given loss on what it learns from. Rates, number of steps and thresholds were declared after a pilot
with another seed and four runs. The claim that alike batches mean less shift over training was
added after the full result had been seen, since the figure shows it plainly.
"""

from itertools import islice, product

import numpy as np

from experiments.claims import Case, above, below, depends, refuted
from experiments.data.alike import KINDS, balanced, drawn
from experiments.engine.activations import Sigmoid
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.train import train
from experiments.measures.distribution import Path, batch_to_batch, ordered
from experiments.results import FIRST, LAST, ratio, table, value
from experiments.study import Learning, call, setting
from experiments.training import accuracy, first_reached, load, log_steps, mlp, optimizer_of, start

WHEN = ("before", "after")  # training
LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}


class Setup(Learning):
    hidden: tuple[int, ...] = setting((40, 40, 40), "sigmoid units in each hidden layer")
    batch: int = setting(60, "images in a training batch")
    rate: float = setting(1.0, "learning rate")
    second_rate: float = setting(3.0, "another rate, for one batch and for random ones")
    steps: int = setting(600, "training steps")
    readings: int = setting(45, "steps read at most, evenly spaced on a logarithmic scale")
    compared: int = setting(12, "batches that are compared with each other")
    probe: int = setting(200, "training images to read loss and distributions on, digits alike")
    target: float = setting(1.0, "loss on the probe that is timed, in nats")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(22, "every random stream is spawned from it")


QUICK = Setup(
    hidden=(12, 12), batch=30, steps=60, readings=8, compared=4, probe=30, target=2.0, runs=4
)
FULL = Setup()
PAPER = Setup(
    hidden=(100, 100, 100), steps=10_000, readings=90, compared=40, probe=1000, target=0.3, runs=32
)


def points(s):
    """Every kind and network at the main rate, two kinds at a second one."""
    at, found = tuple(log_steps(s.steps, s.readings)), {}
    for rate, kinds in ((s.rate, KINDS), (s.second_rate, ("one batch", "random"))):
        for kind, norm in product(kinds, LABELS):
            name = f"{kind}-{norm}-rate-{rate:g}".replace(" ", "-")
            found[name] = call(learn, s, kind=kind, norm=norm, rate=rate, at=at)
    return found


def learn(
    kind, norm, rate, at, data, inputs, optimizer, hidden, batch, compared, probe, target, runs
):
    """Train one network on one kind of batches at one rate, and read it."""
    images, network, last = load(data, inputs, side=14), mlp(hidden, norm, Sigmoid()), at[-1]
    x, labels = images.train.x, images.train.labels
    place = -2 if norm == "none" else -4  # the last sigmoid, or the last normalization
    # With one repeated batch, read on it; otherwise on a balanced sample.
    fixed = next(drawn(kind, labels, batch, runs.order()))
    if kind != "one batch":
        fixed = np.stack([balanced(labels, probe, rng) for rng in runs.noise()])
    stream = ((x[chosen], labels[chosen]) for chosen in drawn(kind, labels, batch, runs.order()))
    descent, model = optimizer_of(optimizer, rate), start(network, runs, images.features)
    losses, between, path = [], [], Path()
    for moment in train(model, stream, descent, last):
        if moment.step in at:
            logits, saved, _ = moment.forward(x[fixed], training=True)
            losses.append(softmax_cross_entropy(logits, labels[fixed])[0])
            path.read(ordered(saved[place]["x"]))
        if moment.step in (0, last):
            batches = islice(drawn(kind, labels, batch, runs.order()), compared)
            seen = [moment.forward(x[chosen], True)[1][place]["x"] for chosen in batches]
            between.append(batch_to_batch(np.stack(seen, axis=1)))
    steps_to = first_reached(np.array(losses) < target, at, (True,))
    right, travelled = accuracy(moment, images.test, training=True), path.spreads.mean(axis=1)
    ends, deviations = "kind norm rate run", "standard deviations"
    found = {
        "loss": (losses, "cross-entropy of what it learns from", "nats", "kind norm rate step run"),
        "steps_to": (steps_to, "first reading with a loss under the target", "steps", ends),
        "accuracy": (right, "accuracy on the test set with its own statistics", "1", ends),
        "between": (between, "spread of batch means", deviations, "kind norm rate when run"),
        "travelled": (travelled, "path of a unit's distribution", deviations, ends),
    }
    return table(found, kind=kind, norm=norm, rate=rate, step=at, when=WHEN, run=runs)


# ------------------------------------------------------------------------------------------ claims

# The rate at which every kind was tried, and the other one.
MAIN_RATE = value("accuracy").complete("rate").coordinate("rate").at(rate=FIRST)
SECOND_RATE = value(lambda results: results["rate"].drop_sel(rate=MAIN_RATE(results))[0])


def read(of, kind, norm, rate=MAIN_RATE):
    return value(of, kind=kind, norm=norm, rate=rate)


def steps_to(kind, norm, rate=MAIN_RATE):
    """Steps of each run to the target; a run that never gets there counts as all of its steps."""
    return read("steps_to", kind, norm, rate).capped(value("step", step=LAST))


def speedup(kind, rate=MAIN_RATE):
    """Steps to the target without batch norm in parts of those with it, at least."""
    return ratio(steps_to(kind, "none", rate), steps_to(kind, "batch norm", rate))


BETWEEN = value("between", norm="none", rate=MAIN_RATE, when="before")
BARE_WAY, WAY = (value("travelled", norm=norm, rate=MAIN_RATE) for norm in LABELS)
BARE_ACCURACY, ACCURACY = (value("accuracy", norm=norm, rate=MAIN_RATE) for norm in LABELS)
GAIN, GAINED = ACCURACY - BARE_ACCURACY, "at the end, with batch norm minus without"
ONE, RANDOM = (steps_to(k, "none") / steps_to(k, "batch norm") for k in ("one batch", "random"))
SPEEDUPS = "speed-up with random batches in parts of that with one batch, at the main rate"
SAME, BALANCED = "the same batch every time", "the same number of each digit"
TRAVELLED = f"distance travelled, {BALANCED} against random batches"
BARE, IN_FRONT = LABELS["none"], "in front of batch norm"
FEWER = below(1.5, "times as many steps to the target without batch norm")
APART = below(0.25, "standard deviations between batch means")
AWAY = below(1, "standard deviation of its own, which the distribution travels")
HIGHER, TWICE = above(0.1, "percentage points of accuracy"), above(2, "times the speed-up")
HALF = below(0.5, "times as far")

CLAIMS = {
    "alike-batches-no-shift": depends(
        "If mini-batches look alike, there is hardly any covariate shift.",
        source="thread",
        cases=(
            Case(f"before training, {SAME}, {BARE}", BETWEEN.at(kind="one batch").mean(), APART),
            Case(f"before training, {BALANCED}, {BARE}", BETWEEN.at(kind="balanced").mean(), APART),
            Case(f"over training, {SAME}, {BARE}", BARE_WAY.at(kind="one batch").mean(), AWAY),
            Case(f"over training, {SAME}, {IN_FRONT}", WAY.at(kind="one batch").mean(), AWAY),
        ),
        because="From batch to batch, yes. But the covariate shift inside a network is what the "
        "weights below do to the inputs of a layer, and they change while it learns, even from a "
        "single batch.",
    ),
    "alike-batches-less-shift": depends(
        "The more alike the mini-batches, the less the distributions shift over training.",
        source="thread",
        cases=tuple(
            Case(f"{at}, {TRAVELLED}", ratio(way.at(kind="balanced"), way.at(kind="random")), HALF)
            for at, way in ((BARE, BARE_WAY), (IN_FRONT, WAY))
        ),
        because="Without batch norm, yes: the two differ only in how many of each digit a batch "
        "holds, and the distributions follow that. With batch norm below them they hardly do.",
    ),
    "alike-batches-no-norm": refuted(
        "With similar mini-batches there is nothing to gain from batch norm.",
        source="thread",
        cases=(
            Case(f"{SAME}, at the main rate", speedup("one batch"), FEWER),
            Case(f"{BALANCED}, at the main rate", speedup("balanced"), FEWER),
            Case(f"{SAME}, at the second rate", speedup("one batch", SECOND_RATE), FEWER),
        ),
        because="With one and the same batch at every step, batch norm reaches the target many "
        "times sooner. What it does for a network of sigmoids, it does within a batch.",
    ),
    "different-batches-more-gain": depends(
        "The more mini-batches differ, the more batch norm helps.",
        source="reader",
        cases=(
            Case(SPEEDUPS, ratio(RANDOM, ONE), TWICE),
            Case(f"two digits a batch, {GAINED}", GAIN.at(kind="two digits").mean(), HIGHER),
            Case(f"one digit a batch, {GAINED}", GAIN.at(kind="one digit").mean(), HIGHER),
        ),
        because="With two digits in a batch it is batch norm that learns at all. With one digit "
        "neither network learns; and at the main rate the speed-up with random batches is smaller "
        "than with a single one.",
    ),
}

VALUES = {
    "speedup_one": speedup("one batch"),
    "speedup_one_second": speedup("one batch", SECOND_RATE),
    "speedup_random_second": speedup("random", SECOND_RATE),
    "steps_one_none": steps_to("one batch", "none").median(),
    "steps_one_bn": steps_to("one batch", "batch norm").median(),
    **{f"between_{k}": BETWEEN.at(kind=k).mean() for k in ("balanced", "random")},
    "between_two": BETWEEN.at(kind="two digits").mean(),
    "between_one_digit": BETWEEN.at(kind="one digit").mean(),
    "travelled_one_none": BARE_WAY.at(kind="one batch").mean(),
    **{f"travelled_{k}_none": BARE_WAY.at(kind=k).mean() for k in ("balanced", "random")},
    "accuracy_two_none": BARE_ACCURACY.at(kind="two digits").mean(),
    "accuracy_two_bn": ACCURACY.at(kind="two digits").mean(),
}
