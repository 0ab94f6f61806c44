"""What can γ and β learn alone, if every weight stays random?

A network of two hidden layers with batch norm and ReLU learns digits, and only some of its
parameters move: γ and β, the last layer, or all. The others stay as they are drawn. What counts is
the test accuracy in evaluation mode at the best rate of a choice. Thresholds were chosen after
pilots; the list of rates was made longer after a first result, in which the best one for γ and β
was the largest.
"""

import numpy as np

from experiments.claims import Case, above, below, depends, refuted
from experiments.engine.activations import ReLU
from experiments.engine.initialization import he_normal
from experiments.engine.parameters import leaves
from experiments.results import FIRST, LAST, difference, table, value
from experiments.study import Learning, call, setting
from experiments.training import accuracy, last_steps, load, mlp, optimizer_of, paired, train

# What is trained, and which parameters that is, by their paths; the last layer has index 8.
CHOICES = {
    "affine": ("γ and β", lambda path: path[1] in ("gamma", "beta")),
    "last": ("last layer", lambda path: path[0] == 8),
    "everything": ("everything", lambda path: True),
}


class Setup(Learning):
    widths: tuple[int, ...] = setting((8, 16, 32, 64, 96), "units in each of the two hidden layers")
    rates: tuple[float, ...] = setting((0.1, 0.4, 1.6, 6.4, 25.6), "learning rates")
    batch: int = setting(32, "images in a training batch")
    steps: int = setting(300, "of training")
    readings: int = setting(4, "of the accuracy, at the end and before, which are averaged")
    apart: int = setting(10, "steps between them")
    tested: int = setting(500, "test images")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(34, "every random stream is spawned from it")


QUICK = Setup(
    widths=(4, 8), rates=(0.4, 1.6), batch=8, steps=6, readings=2, apart=1, tested=50, runs=3
)
FULL = Setup()
PAPER = Setup(widths=(16, 64, 256, 1024), steps=10_000, tested=1000, runs=32)


def points(s):
    return {f"{key}-{w}": call(learn, s, choice=key, width=w) for key in CHOICES for w in s.widths}


def learn(
    choice, width, data, inputs, optimizer, rates, batch, steps, readings, apart, tested, runs
):
    """Train at every rate, side by side, and read the accuracy at the end."""
    images, (name, moves) = load(data, inputs, side=7), CHOICES[choice]
    network = mlp((width, width), "batch norm", ReLU(), weights=he_normal)
    model, stream = paired(network, images, batch, runs, copies=len(rates))
    sizes = {path: p[0].size for path, p in leaves(model.params)}
    frozen = tuple(path for path in sizes if not moves(path))
    descent = optimizer_of(optimizer, runs.each(rates), frozen)
    at, test = last_steps(steps, readings, apart), images.test.evenly(tested)
    read = [accuracy(m, test) for m in train(model, stream, descent, steps) if m.step in at]
    trained = sum(size for path, size in sizes.items() if path not in frozen)
    found = {
        "accuracy": (np.mean(read, axis=0), "test accuracy in evaluation mode"),
        "trained": (trained, "parameters that are trained", "1", "choice width"),
    }
    return table(found, choice=name, width=width, rate=rates, run=runs)


# ------------------------------------------------------------------------------------------ claims


def best(choice, width=LAST):
    """Accuracy at the rate at which its mean is highest, in the widest network or another."""
    return value("accuracy", choice=choice, width=width).best("rate")


NARROW, WIDE, TRAINED = best("γ and β", FIRST), best("γ and β"), value("trained", width=LAST)
BEST = {"affine": WIDE, "last": best("last layer"), "all": best("everything")}
MUCH, LITTLE = above(0.1, "percentage points"), below(0.05, "percentage points")

CLAIMS = {
    "gamma-and-beta-alone-learn": depends(
        "Training γ and β alone, with random weights everywhere else, is enough to learn the "
        "task reasonably well.",
        source="frankle2021",
        cases=(
            Case("accuracy, widest network", WIDE.mean(), above(0.5)),
            Case("accuracy, narrowest network", NARROW.mean(), above(0.5)),
            Case("accuracy, widest minus narrowest", difference(WIDE, NARROW), MUCH),
        ),
        because="It takes width: they choose among random features and set where each is cut off, "
        "and in a narrow network there is little to choose from.",
    ),
    "gamma-and-beta-rival-the-rest": refuted(
        "γ and β alone do about as well as other ways to train a network with random features.",
        source="reader",
        cases=tuple(
            Case(f"accuracy, {words} minus γ and β, widest network", difference(of, WIDE), LITTLE)
            for words, of in (("the last layer alone", BEST["last"]), ("everything", BEST["all"]))
        ),
        because="At these widths and in this many steps, the last layer alone, with more "
        "parameters, is well ahead, and everything further.",
    ),
}

VALUES = {
    **{f"{name}_wide": found.mean() for name, found in BEST.items()},
    **{f"rate_{name}": found.coordinate("rate").exact() for name, found in BEST.items()},
    "affine_narrow": NARROW.mean(),
    "last_lead": difference(BEST["last"], WIDE),
    "share_wide": (TRAINED.at(choice="γ and β") / TRAINED.at(choice="everything")).exact(),
    "widest": value("width", width=LAST).exact(),
    "narrowest": value("width", width=FIRST).exact(),
}
