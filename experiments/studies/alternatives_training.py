"""Do other normalizations train better than batch norm, and compute the same in evaluation?

Nine small convolutional networks that differ in their normalization, or have none, learn digits
with random batches, with batches of two images, and with batches that hold two classes only: each
at several learning rates, from the same weights and on the same batches. What counts is the
accuracy in evaluation mode at the variant's best rate. On the trained networks, how far the outputs
for one batch differ between training and evaluation mode.

The limits of batch renormalization are those at which its paper's schedule ends. The thresholds of
the claims were chosen after pilots, some of them with the published seed: LOG.md says which.
"""

import numpy as np

from experiments.claims import Case, above, below, depends, refuted, supported, within
from experiments.data.batches import batches_of_two_classes
from experiments.engine.activations import ReLU
from experiments.engine.convolution import Convolution
from experiments.engine.dense import Dense
from experiments.engine.flatten import Flatten
from experiments.engine.network import Network
from experiments.measures.dependence import dependence
from experiments.measures.modes import output_gap
from experiments.normalizations import KIND as KIND
from experiments.normalizations import NORMALIZATIONS, Normalizing, normalized, started_alike
from experiments.results import difference, table, value
from experiments.study import Learning, call, setting
from experiments.training import accuracy, last_steps, load, optimizer_of, paired, train

TASKS = {"random batches": "random", "batches of two": "two", "two classes a batch": "classes"}
RANDOM, TWO, CLASSES = TASKS
CHANNELS = (6, 12)  # of the two convolutional layers; both can be divided into the groups


class Setup(Normalizing, Learning):
    batch: int = setting(16, "images in a training batch, but for the batches of two")
    rates: tuple[float, ...] = setting((0.1, 0.3), "learning rates")
    steps: int = setting(150, "of training")
    longer: int = setting(4, "times as many in the batches of two")
    tested: int = setting(500, "test images")
    readings: int = setting(6, "of the accuracy, at the end and before, which are averaged")
    apart: int = setting(6, "steps between them")
    runs: int = setting(18, "paired runs, each with weights and batches of its own")
    seed: int = setting(73, "every random stream is spawned from it")


QUICK = Setup(batch=8, rates=(0.15,), steps=5, longer=1, readings=2, apart=1, tested=50, runs=3)
FULL, PAPER = Setup(), Setup(rates=(0.02, 0.05, 0.15, 0.45, 1.35), steps=2000, tested=1000, runs=32)


def points(s):
    """Each task for each layer, and what gradients of batch renormalization depend on."""
    found, of_two = {"gradients": call(count, s)}, {"batch": 2, "steps": s.steps * s.longer}
    for task in TASKS:
        for norm in NORMALIZATIONS:
            name = f"{task}-{norm}".lower().replace(" ", "-")
            found[name] = call(learn, s, task=task, norm=norm, **(of_two if task == TWO else {}))
    return found


def learn(
    task, norm, details, data, inputs, optimizer, batch, rates, steps, tested, readings, apart, runs
):
    """Train at every learning rate, side by side."""
    images, layers = load(data, inputs, side=7).images(), []
    for channels in CHANNELS:
        convolution = Convolution(channels, stride=2, bias=False)
        layers += [*normalized(norm, convolution, batch, *details), ReLU()]
    network = Network((*layers, Flatten(4), Dense(10)))
    model, stream = paired(network, images, batch, runs, copies=len(rates))
    if task == CLASSES:
        orders = runs.order(copies=len(rates))
        stream = batches_of_two_classes(images.train.x, images.train.labels, batch, orders)
    descent, at = optimizer_of(optimizer, runs.each(rates)), last_steps(steps, readings, apart)
    test, read = images.test.evenly(tested), []
    for trained in train(started_alike(model), stream, descent, steps):
        if trained.step in at:
            read.append(accuracy(trained, test))
    words = "relative difference of outputs between training and evaluation mode"
    right = np.mean(read, axis=0), "test accuracy in evaluation mode"
    found = {"accuracy": right, "gap": (output_gap(trained), words)}
    return table(found, task=task, norm=norm, rate=rates, run=runs)


def count(details, seed):
    """How many of four samples' ∂L/∂y a ∂L/∂x depends on behind batch renormalization."""
    # One array and no runs: what depends on what does not vary.
    x, dy = np.random.default_rng(seed).standard_normal((2, 4, 6, 4, 1))
    layers = normalized("batch renormalization", Convolution(6, 1, bias=False), 4, *details)[1:]
    reached = dependence(Network(layers), x, dy)["gradient"]
    words = "samples whose ∂L/∂y a ∂L/∂x depends on behind batch renormalization"
    return table({"samples": (reached.any(axis=(1, 2, 3)).sum(), words)})


# ------------------------------------------------------------------------------------------ claims

# Differences of accuracy that are called clear, and a gain on no normalization that counts.
CLEARLY, HARDLY = above(0.045, "percentage points"), below(0.045, "percentage points")
HELPS = above(0.02, "percentage points")
SAME = below(1e-5)  # float32 outputs that differ by this are the same
ONE = within(1, "sample, as with constant statistics")
BATCH, RENORM, GHOST = "batch norm", "batch renormalization", "ghost batches"
WITHOUT_BATCH = ("weight normalization", "layer norm", "RMSNorm", "group norm", "instance norm")


def right(task, norm):
    """Test accuracy at the learning rate at which its mean is highest."""
    return value("accuracy", task=task, norm=norm).best("rate")


def lead(task, first, second):
    return difference(right(task, first), right(task, second))


def gap(task, norm):
    """How far the outputs of the two modes are apart at that rate, in the median run."""
    return value("gap", task=task, norm=norm, rate=right(task, norm).coordinate("rate")).median()


SAMPLES, APART = value("samples").exact(), "relative difference of outputs"
OVER, LEAD = "accuracy minus that of batch norm", "lead of batch norm in accuracy"

CLAIMS = {
    "no-batch-no-gap": supported(
        "A normalization that takes no statistics over the batch computes the same in "
        "training and in evaluation.",
        source="wu2018",
        cases=tuple(Case(f"{norm}, {APART}", gap(RANDOM, norm), SAME) for norm in WITHOUT_BATCH),
        because="Their statistics are those of a sample, or of the weights, and there is nothing "
        "to average for later.",
    ),
    "renormalization-closes-the-gap": depends(
        "Batch renormalization computes in training what it computes in evaluation.",
        source="ioffe2017",
        cases=(
            *(Case(f"{APART}, {task}", gap(task, RENORM), below(0.1)) for task in TASKS),
            Case("gradients: how many samples' ∂L/∂y a ∂L/∂x depends on", SAMPLES, ONE),
        ),
        because="The outputs agree where r and d are not cut off; the gradients still pass through "
        "the statistics of the batch.",
    ),
    "renormalization-cures-small-and-biased": refuted(
        "Where batches are small or biased, batch renormalization is clearly more accurate "
        "than batch norm.",
        source="ioffe2017",
        cases=tuple(
            Case(f"{task}, {OVER}", lead(task, RENORM, BATCH), CLEARLY) for task in (TWO, CLASSES)
        ),
        because="In this small convolutional network batch norm loses little in either, so there "
        "is little to gain.",
    ),
    "sample-norms-win-in-small-batches": refuted(
        "With two images a batch, or with biased batches, layer norm and group norm are "
        "clearly more accurate than batch norm.",
        source="wu2018",
        cases=tuple(
            Case(f"{task}: {norm}, {OVER}", lead(task, norm, BATCH), CLEARLY)
            for task in (TWO, CLASSES)
            for norm in ("layer norm", "group norm")
        ),
        because="Not in a small convolutional network: the pixels of two images are a batch of "
        "their own, and two classes are enough.",
    ),
    "ghosts-are-as-good": depends(
        "Statistics over small parts of the batch, ghost batches, are as good as statistics "
        "over all of it.",
        source="hoffer2017",
        cases=tuple(
            Case(f"{task}, {LEAD}", lead(task, BATCH, GHOST), HARDLY) for task in (RANDOM, CLASSES)
        ),
        because="It matters who is put together: a ghost of random images does as well, a ghost "
        "of one class does not.",
    ),
    "batch-norm-is-the-best": refuted(
        "With ordinary batches, batch norm is clearly more accurate than its alternatives.",
        source="reader",
        cases=tuple(
            Case(f"{LEAD} on {norm}", lead(RANDOM, BATCH, norm), CLEARLY)
            for norm in ("layer norm", "RMSNorm", "group norm", RENORM)
        ),
        because="At their best rates these end within a few percentage points of each other.",
    ),
    "any-normalization-helps": depends(
        "Any normalization trains better than none.",
        source="reader",
        cases=tuple(
            Case(f"{norm}, accuracy minus that of none", lead(RANDOM, norm, "none"), HELPS)
            for norm in (BATCH, "layer norm", "group norm", "weight normalization")
        ),
        because="Batch, layer and group norm do, weight normalization does not: it starts as the "
        "function that the plain network is.",
    ),
}

VALUES = {
    **{
        f"{short}_{name}": right(task, norm).mean()
        for norm, short in NORMALIZATIONS.items()
        for task, name in TASKS.items()
    },
    **{f"{short}_gap": gap(RANDOM, norm) for norm, short in NORMALIZATIONS.items()},
    "ghost_loss": lead(CLASSES, BATCH, GHOST),
    "group_gain": lead(TWO, "group norm", BATCH),
    "batch_gain": lead(RANDOM, BATCH, "none"),
    "layer_gain": lead(RANDOM, "layer norm", "none"),
}
