"""If γ and β start far from where they should be, how long does it take to make up for it?

A network of three hidden layers, each dense, batch norm, sigmoid, learns MNIST-5k (shrunk to 14×14
pixels). Every γ, or every β, starts at one value; one more network starts with the γ and β, unit by
unit, that the network from (1, 0) ended with. All share weights and batches. How many steps does it
take to a given loss, in parts of what it takes from (1, 0)? And do γ and β come back?

The rate, steps, target and thresholds were declared after a pilot with another seed and three runs.
That γ counts without its sign, in whether it comes back, was decided after the full result: some
units had ended mirrored, at −γ.
"""

import numpy as np

from experiments.claims import Case, above, below, depends, supported
from experiments.engine.activations import Sigmoid
from experiments.results import LAST, ratio, table, value
from experiments.study import Learning, call, setting
from experiments.training import (
    first_reached,
    gamma_and_beta,
    load,
    log_steps,
    loss,
    mlp,
    optimizer_of,
    paired,
    set_affine,
    train,
)

PARAMETERS, LEARNED, USUAL = ("gamma", "beta"), "learned", "1, 0"
GAMMAS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class Setup(Learning):
    hidden: tuple[int, ...] = setting((32, 32, 32), "sigmoid units in each hidden layer")
    gammas: tuple[float, ...] = setting(GAMMAS, "γ at the start, with β = 0")
    betas: tuple[float, ...] = setting((2.0, 4.0, 8.0), "β at the start, with γ = 1")
    batch: int = setting(60, "images in a training batch")
    rate: float = setting(0.5, "learning rate")
    steps: int = setting(600, "training steps")
    readings: int = setting(60, "at most so many steps are read, at equal ratios")
    probe: int = setting(200, "training images to read the loss on, the same number of each digit")
    target: float = setting(0.5, "loss on these that is timed, in nats")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(21, "every random stream is spawned from it")


FEW = {"gammas": (0.1, 1.0, 3.0, 10.0, 30.0), "betas": (4.0, 8.0)}
QUICK = Setup(hidden=(12, 12), **FEW, steps=80, readings=14, probe=50, target=1.8, runs=4)
FULL = Setup()
PAPER = Setup(hidden=(100, 100, 100), steps=20_000, readings=120, probe=1000, target=0.2, runs=32)


def points(s):
    """Every start: values of γ and β, or none for the learned ones."""
    starts = [(gamma, 0.0) for gamma in s.gammas] + [(1.0, beta) for beta in s.betas]
    named = {f"gamma-{gamma:g}-beta-{beta:g}": (gamma, beta) for gamma, beta in starts}
    return {key: call(learn, s, start=start) for key, start in (named | {LEARNED: None}).items()}


def start_name(gamma, beta):
    """The name of a start."""
    return f"{gamma:g}, {beta:g}"


def learn(
    start, data, inputs, optimizer, hidden, batch, rate, steps, readings, probe, target, runs
):
    """Train from one start, and look where γ and β end."""
    images, descent = load(data, inputs, side=14), optimizer_of(optimizer, rate)
    sample, at, losses = images.train.balanced(probe), log_steps(steps, readings), []
    network, (gamma, beta) = mlp(hidden, "batch norm", Sigmoid()), start or (1.0, 0.0)
    model, stream = paired(network, images, batch, runs)
    set_affine(model, gamma, beta)
    if start is None:  # train from (1, 0), start from γ and β of its end, and begin anew
        *_, trained = train(model, stream, descent, steps)
        for layer, learned in zip(model.params, trained.params, strict=True):
            layer.update({name: learned[name] for name in PARAMETERS if name in learned})
        _, stream = paired(network, images, batch, runs)
    for moment in train(model, stream, descent, steps):
        if moment.step in at:
            losses.append(loss(moment, sample, training=True))
    reached = first_reached(-np.array(losses), at, [-target])  # from above
    read = "cross-entropy of a sample of the training images, with their statistics"
    words = "at the start; of learned ones, that of the run they come from"
    under = "first reading at which that loss is under the target"
    units = "start parameter layer run unit"
    found = {
        "loss": (losses, read, "nats", "start step run"),
        "steps_to": (reached, under, "steps", "start run"),
        "begin": (gamma_and_beta(model), "γ and β at the start", "1", units),
        "end": (gamma_and_beta(moment), "γ and β at the end", "1", units),
        "start_gamma": (gamma, f"γ {words}", "1", "start"),
        "start_beta": (beta, f"β {words}", "1", "start"),
    }
    name = LEARNED if start is None else start_name(gamma, beta)
    layer, unit = range(1, len(hidden) + 1), range(hidden[0])
    return table(found, start=name, parameter=PARAMETERS, layer=layer, step=at, run=runs, unit=unit)


# ------------------------------------------------------------------------------------------ claims


def left(results, parameter, start):
    """Mean |p − p′| at the end over the same at the start, in the last hidden layer, by run.

    p from this start, p′ from (1, 0); of γ without its sign: a unit with −γ is the same, mirrored.
    """
    both = [results[when].sel(parameter=parameter).isel(layer=-1) for when in ("begin", "end")]
    both = [np.abs(one) for one in both] if parameter == "gamma" else both
    begin, end = (np.abs(one.sel(start=start) - one.sel(start=USUAL)).mean("unit") for one in both)
    return end / begin


# Steps of each run to the target; a ratio to runs that get there is at least this.
STEPS = value("steps_to").capped(value("step", step=LAST))
# In parts of those from (1, 0).
DELAYS = {
    start: ratio(STEPS.at(start=start), STEPS.at(start=USUAL))
    for start in ("0.1, 0", "10, 0", "30, 0", "1, 4", "1, 8")
}
GAIN = ratio(STEPS.at(start=USUAL), STEPS.at(start=LEARNED))
DELAY = "steps to the target in parts of those from (1, 0)"
SOONER = (
    "from the γ and β that the network from (1, 0) ended with: steps to the target from (1, 0) in "
    "parts of those from there"
)
KEPT = "against (1, 0), last hidden layer: distance at the end in parts of that at the start"
MOVES = (("γ", "gamma", "0.1, 0"), ("γ", "gamma", "10, 0"), ("β", "beta", "1, 4"))

CLAIMS = {
    "far-start-takes-long": depends(
        "If the start of γ and β is far from ideal, it takes long to make up for it.",
        source="thread",
        cases=tuple(
            Case(f"from γ = {start.replace(', ', ', β = ')}, {DELAY}", delay, above(2.5))
            for start, delay in DELAYS.items()
        ),
        because="It depends on the direction. A factor of ten in γ, either way, is soon made up "
        "for. A larger γ, or a large β, puts nearly all samples on the flat part of the sigmoid, "
        "and learning there is slow.",
    ),
    "ideal-start-saves-steps": supported(
        "(1, 0) is far from ideal: from better values of γ and β training is faster.",
        source="thread",
        cases=(Case(SOONER, GAIN, above(1.2)),),
        because="With the same weights and batches, the start at learned values gets to the target "
        "sooner. It saves a part of the steps, not most.",
    ),
    "gamma-beta-come-back": depends(
        "Wherever γ and β start, training brings them to the same values.",
        source="thread",
        cases=tuple(
            Case(f"{greek} from ({start}) {KEPT}", value(left, of, start).mean(), below(0.5))
            for greek, of, start in MOVES
        ),
        because="A γ that starts small goes most of the way in the last hidden layer. A γ or a β "
        "that starts large keeps most of its distance: the loss comes down with it all the same, "
        "or its gradient is too small to move it.",
    ),
}

VALUES = {
    "delay_small": DELAYS["0.1, 0"],
    "delay_large": DELAYS["10, 0"],
    "delay_larger": DELAYS["30, 0"],
    "gain": GAIN,
    "gain_three": ratio(STEPS.at(start=USUAL), STEPS.at(start="3, 0")),
    "steps": STEPS.at(start=USUAL).median(),
    "target": value(lambda results: FULL.target).exact(),
}
