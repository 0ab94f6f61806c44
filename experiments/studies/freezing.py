"""What does freezing batch norm freeze: its statistics, γ and β, or both?

Networks are trained on MNIST-5k and get a new last layer, which is trained on inverted digits,
while all weights before it are left as they are. Batch norm is frozen in each of four ways:
statistics of the batch or the running ones, γ and β trained or not.
"""

from dataclasses import replace

import numpy as np

from experiments.claims import Case, above, below, depends, refuted, supported, within
from experiments.data.samples import Samples
from experiments.engine.activations import ReLU
from experiments.engine.affine import Affine
from experiments.engine.initialization import he_normal
from experiments.engine.network import Network
from experiments.engine.parameters import leaves
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.results import FIRST, LAST, table, value
from experiments.study import Learning, call, setting
from experiments.theory import inference as theory
from experiments.training import Model, accuracy, batches, load, mlp, optimizer_of, paired, train

# Way → statistics of the batch in training?, what is trained besides the last layer, in words.
WAYS = {
    "batch, trained": (True, ("gamma", "beta"), "statistics of the batch, γ and β trained"),
    "batch, frozen": (True, (), "statistics of the batch, γ and β frozen"),
    "running, trained": (False, ("gamma", "beta"), "running statistics, γ and β trained"),
    "running, frozen": (False, (), "running statistics, γ and β frozen"),
}
SHIFTS = {"inverted": lambda x: 1 - x, "none": lambda x: x}


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
    body, found = [path for path, _ in leaves(fresh.params[:-1])], []
    for shift in SHIFTS.values():
        x, new = shift(images.train.x), Samples(shift(images.test.x), images.test.labels)
        target = network.layers[0].forward(old.params[0], {}, x[None], False)[0].mean(axis=1)
        for training, moving, _ in WAYS.values():
            frozen = tuple(path for path in body if path[-1] not in moving)
            stream = batches(x, images.train.labels, batch, runs.streams(3))
            descent = optimizer_of(optimizer, rate, frozen)
            moments = train(fresh, stream, descent, steps[-1], training)
            found += [read(m, old, images.test, new, target) for m in moments if m.step in steps]
    change, before, after, left = np.array(found).swapaxes(0, 1)
    way = "distance of the first running means from the new data's, over that at the start"
    expected = theory.statistics_left(steps, running_rate)
    variables = {
        "change": (change, "change of the hidden outputs on the old digits, over their length"),
        "old_accuracy": (before, "accuracy on the old digits, with the old last layer"),
        "new_accuracy": (after, "accuracy on the new digits, with the new last layer"),
        "left": (left, way),
        "left_theory": (expected, f"{way}, in expectation", "1", "step"),
    }
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

CHANGE, OLD, NEW = (value(name, step=LAST) for name in ("change", "old_accuracy", "new_accuracy"))
OLD_BEFORE = value("old_accuracy", step=FIRST)
LOST, LEFT = OLD - OLD_BEFORE, value("left", way="batch, frozen", shift="inverted")
AT = {way: {"way": way, "shift": "inverted"} for way in WAYS}
SAME_DATA = {"way": "batch, frozen", "shift": "none"}
GAINED = {
    kind: NEW.at(**AT[f"batch, {kind}"]) - NEW.at(**AT[f"running, {kind}"])
    for kind in ("frozen", "trained")
}
STAYS = 1 - FULL.running_rate  # the share of the way that a step leaves

NEW_DATA = (("inverted", "inverted digits"), ("none", "the same digits"))
MOVED, DIFFERENCE = "change of the hidden outputs over their length", "accuracy after minus before"
SHARE, ON_NEW = "share of the path that is left", "accuracy on the new digits, moving minus fixed"
ALIKE = "new data like the old"
REMEMBERS, MORE = above(-0.02, "% of the old digits"), above(0.1, "percentage points")

CLAIMS = {
    "freezing-parameters-freezes-the-layer": refuted(
        "Switching off the gradients of γ and β freezes a batch norm layer.",
        source="reader",
        cases=tuple(
            Case(f"{words}, {MOVED}", CHANGE.at(way="batch, frozen", shift=new).mean(), below(1e-6))
            for new, words in NEW_DATA
        ),
        because="In training mode every batch still moves the running statistics, which evaluation "
        "uses.",
    ),
    "freezing-both-freezes-the-layer": supported(
        "With its running statistics in use and γ and β frozen, a batch norm layer stays as it is.",
        source="reader",
        cases=tuple(
            Case(
                f"{words}, {MOVED}",
                CHANGE.at(way="running, frozen", shift=new).mean(),
                below(1e-12),
            )
            for new, words in NEW_DATA
        ),
        because="Nothing that its outputs depend on is written to.",
    ),
    "frozen-backbone-remembers": depends(
        "A network whose weights are frozen keeps its accuracy on the old data.",
        source="reader",
        cases=(
            *(
                Case(f"{words}, {DIFFERENCE}", LOST.at(**AT[way]).mean(), REMEMBERS)
                for way, (*_, words) in WAYS.items()
            ),
            Case(f"the second, {ALIKE}, {DIFFERENCE}", LOST.at(**SAME_DATA).mean(), REMEMBERS),
        ),
        because="It keeps it if nothing of batch norm moves; with statistics that follow the new "
        "data it forgets the old.",
    ),
    "statistics-drift-closed-form": supported(
        "With frozen weights each step leaves a share 1 − α of the running means' way to the new "
        "data's.",
        source="reader",
        # inverted, the images' means differ by several standard deviations of a unit; a batch mean
        # errs by 1/√60 of one, and of that only the part along the path counts: 0.02 is several
        # times what is left of it in 16 runs
        cases=tuple(
            Case(f"t = {t}, {SHARE}", LEFT.at(step=t).mean(), within(STAYS**t, absolute=0.02))
            for t in (1, 3, 10, 30, 100)
        ),
        because="They are a running average of batches from one distribution, started at the old "
        "one.",
    ),
    "new-task-needs-moving-statistics": refuted(
        "To learn the new data, the statistics have to follow them.",
        source="reader",
        cases=tuple(
            Case(f"γ and β {kind}: {ON_NEW} statistics", gained.mean(), MORE)
            for kind, gained in GAINED.items()
        ),
        because="A new last layer learns from the features as they are, normalized for the new "
        "data or not.",
    ),
}

VALUES = {
    "old_before": OLD_BEFORE.at(**AT["batch, frozen"]).mean(),
    "left_10": LEFT.at(step=10).mean(),
    "change_none": CHANGE.at(**SAME_DATA).mean(),
    "lost_none": LOST.at(**SAME_DATA).mean(),
    "gained": GAINED["frozen"].mean(),
} | {
    f"{name}_{way.replace(', ', '_')}": read.at(**AT[way]).mean()
    for name, read in (("change", CHANGE), ("old", OLD), ("new", NEW))
    for way in WAYS
}
