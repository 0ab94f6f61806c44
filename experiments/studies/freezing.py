"""What does freezing batch norm freeze: its statistics, γ and β, or both?

Networks are trained on MNIST-5k and get a new last layer, which is trained on inverted digits,
while all weights before it are left as they are. Batch norm is frozen in each of four ways:
statistics of the batch or the running ones, γ and β trained or not. The network's hidden outputs on
the old digits, its old last layer's accuracy on them, and the new one's on the new digits are read
on the way.

What came out: without gradients for γ and β, but in training mode, the running statistics move to
the new data as a running average does, and the network forgets the old digits although no parameter
of it has changed.
"""

from dataclasses import dataclass, replace

import numpy as np

from experiments.data.samples import Samples
from experiments.engine.activations import ReLU
from experiments.engine.affine import Affine
from experiments.engine.initialization import he_normal
from experiments.engine.network import Network
from experiments.engine.parameters import leaves
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.results import FIRST, LAST, difference, table, value
from experiments.study import (
    Case,
    Learning,
    above,
    below,
    call,
    depends,
    refuted,
    setting,
    supported,
    within,
)
from experiments.theory import inference as theory
from experiments.training import Model, accuracy, batches, load, mlp, optimizer_of, paired, train

# the four: (statistics of the batch in training?, are γ and β trained?)
WAYS = {
    "batch, trained": (True, True),
    "batch, frozen": (True, False),
    "running, trained": (False, True),
    "running, frozen": (False, False),
}
SHIFTS = {"inverted": lambda x: 1 - x, "none": lambda x: x}


@dataclass(frozen=True)
class Setup(Learning):
    width: int = setting(48, "units in each of the two hidden layers")
    batch: int = setting(60, "images in a training batch")
    pretraining: int = setting(150, "steps on the old digits")
    steps: tuple[int, ...] = setting(
        (0, 1, 3, 10, 30, 100), "of training the new last layer, after which everything is read"
    )
    rate: float = setting(0.1, "learning rate")
    running_rate: float = setting(0.1, "weight α of a new batch in the running statistics")
    runs: int = setting(16, "networks with weights and batches of their own")
    seed: int = setting(170, "every random stream is spawned from it")


QUICK, FULL = Setup(width=12, pretraining=10), Setup()
PAPER = Setup(runs=64, width=100, pretraining=1000, steps=(0, 1, 3, 10, 30, 100, 300, 1000))


def points(s):
    """One for all networks."""
    return {"transfer": call(transfer, s)}


def transfer(width, data, inputs, optimizer, batch, pretraining, steps, rate, running_rate, runs):
    """Train on the old digits, then a new last layer on inverted and on the same, in every way."""
    runs, images = runs.part(1), load(data, inputs)
    norm = (Standardize(replace(PYTORCH, rate=running_rate)), Affine())
    network = mlp((width, width), norm, ReLU(), weights=he_normal, bias=True)
    model, stream = paired(network, images, batch, runs)
    *_, old = train(model, stream, optimizer_of(optimizer, rate), pretraining)
    head, _, _ = network.layers[-1].init(runs.streams(2), width, np.dtype(np.float32))
    fresh = Model(network, [*old.params[:-1], head], old.state)
    found = np.full((4, len(SHIFTS), len(WAYS), len(steps), len(runs)), np.nan)
    for s, shift in enumerate(SHIFTS.values()):
        new = Samples(shift(images.test.x), images.test.labels)
        target = network.layers[0].forward(old.params[0], {}, shift(images.train.x)[None], False)[0]
        for w, (training, affine) in enumerate(WAYS.values()):
            paths = [path for path, _ in leaves(fresh.params[:-1])]
            moves = ("gamma", "beta") if affine else ()
            frozen = tuple(path for path in paths if path[-1] not in moves)
            stream = batches(shift(images.train.x), images.train.labels, batch, runs.streams(3))
            descent = optimizer_of(optimizer, rate, frozen)
            moments = train(fresh, stream, descent, steps[-1], training)
            seen = (
                read(moment, old, images.test, new, target.mean(axis=1))
                for moment in moments
                if moment.step in steps
            )
            found[:, s, w] = np.array(list(seen)).swapaxes(0, 1)
    going = "distance of the first running means from the new data's, over that at the start"
    words = {
        "change": "change of the hidden outputs on the old digits, over their length",
        "old_accuracy": "accuracy on the old digits, with the old last layer",
        "new_accuracy": "accuracy on the new digits, with the new last layer",
        "left": going,
    }
    expected = theory.statistics_left(steps, running_rate)
    variables = {
        name: (values, words[name], "1", "shift way step run")
        for name, values in zip(words, found, strict=True)
    } | {"left_theory": (expected, f"{going}, in expectation", "1", "step")}
    return table(variables, shift=list(SHIFTS), way=list(WAYS), step=steps, run=runs)


def read(moment, old, test, new, target):
    """Change of hidden outputs, both accuracies, and the share left of the running means' path."""
    body = Network(moment.network.layers[:-1])
    before, now = (
        Model(body, one.params[:-1], one.state[:-1]).outputs(test.x[None]) for one in (old, moment)
    )
    with_old_head = Model(moment.network, [*moment.params[:-1], old.params[-1]], moment.state)
    start, means = (one.state[1]["running_mean"] for one in (old, moment))
    path = start - target
    left = ((means - target) * path).sum(axis=1) / np.square(path).sum(axis=1)
    change = np.linalg.norm(now - before, axis=(1, 2)) / np.linalg.norm(before, axis=(1, 2))
    return change, accuracy(with_old_head, test), accuracy(moment, new), left


# ------------------------------------------------------------------------------------------ claims


def end(variable, way, shift="inverted"):
    """After the last step of training the new last layer."""
    return value(variable, way=way, shift=shift, step=LAST)


def lost(way, shift="inverted"):
    """Accuracy on the old digits, after minus before."""
    before = value("old_accuracy", way=way, shift=shift, step=FIRST)
    return difference(end("old_accuracy", way, shift), before)


def gained(first, second):
    """Accuracy on the new digits, of one way minus another."""
    return difference(end("new_accuracy", first), end("new_accuracy", second))


def left(step):
    """Share of the path to the new data's means that is left."""
    return value("left", way="batch, frozen", shift="inverted", step=step).mean()


def in_words(way):
    """Which statistics, and what happens to γ and β."""
    statistics, parameters = way.split(", ")
    kind = "statistics of the batch" if statistics == "batch" else "running statistics"
    return f"{kind}, γ and β {parameters}"


MOVED = "change of the hidden outputs over their length"
NEW = (("inverted", "inverted digits"), ("none", "the same digits"))
LOST = "accuracy after minus before"
REMEMBERS = above(-0.02, "% of the old digits")

CLAIMS = {
    "freezing-parameters-freezes-the-layer": refuted(
        "Switching off the gradients of γ and β freezes a batch norm layer.",
        source="reader",
        cases=tuple(
            Case(f"{what}, {MOVED}", end("change", "batch, frozen", shift).mean(), below(1e-6))
            for shift, what in NEW
        ),
        because="In training mode every batch still moves the running statistics, which evaluation "
        "uses.",
    ),
    "freezing-both-freezes-the-layer": supported(
        "With its running statistics in use and γ and β frozen, a batch norm layer stays as it is.",
        source="reader",
        cases=tuple(
            Case(f"{what}, {MOVED}", end("change", "running, frozen", shift).mean(), below(1e-12))
            for shift, what in NEW
        ),
        because="Nothing that its outputs depend on is written to.",
    ),
    "frozen-backbone-remembers": depends(
        "A network whose weights are frozen keeps its accuracy on the old data.",
        source="reader",
        cases=(
            *(Case(f"{in_words(way)}, {LOST}", lost(way), REMEMBERS) for way in WAYS),
            Case(
                f"the second, new data like the old, {LOST}",
                lost("batch, frozen", "none"),
                REMEMBERS,
            ),
        ),
        because="It keeps it if nothing of batch norm moves; with statistics that follow the new "
        "data it forgets the old.",
    ),
    "statistics-drift-closed-form": supported(
        "With frozen weights each step leaves a share 1 − α of the running means' way to the "
        "new data's.",
        source="reader",
        # inverted, the images' means differ by several standard deviations of a unit; a batch mean
        # errs by 1/√60 of one, and of that only the part along the path counts: 0.02 is several
        # times what is left of it in 16 runs
        cases=tuple(
            Case(
                f"t = {t}, share of the path that is left",
                left(t),
                within(float(share), absolute=0.02),
            )
            for t in (1, 3, 10, 30, 100)
            for share in [theory.statistics_left(t, FULL.running_rate)]
        ),
        because="They are a running average of batches from one distribution, started at the old "
        "one.",
    ),
    "new-task-needs-moving-statistics": refuted(
        "To learn the new data, the statistics have to follow them.",
        source="reader",
        cases=tuple(
            Case(
                f"γ and β {kind}: accuracy on the new digits, moving minus fixed statistics",
                gained(f"batch, {kind}", f"running, {kind}"),
                above(0.1, "percentage points"),
            )
            for kind in ("frozen", "trained")
        ),
        because="A new last layer learns from the features as they are, normalized for the new "
        "data or not.",
    ),
}

VALUES = {
    "old_before": value("old_accuracy", way="batch, frozen", shift="inverted", step=FIRST).mean(),
    "left_10": left(10),
    "change_none": end("change", "batch, frozen", "none").mean(),
    "lost_none": lost("batch, frozen", "none"),
    "gained": gained("batch, frozen", "running, frozen"),
    **{
        f"{variable.removesuffix('_accuracy')}_{way.replace(', ', '_')}": end(variable, way).mean()
        for way in WAYS
        for variable in ("change", "old_accuracy", "new_accuracy")
    },
}
