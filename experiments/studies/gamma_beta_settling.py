"""Do γ and β settle, and how far do they go in a step and in total?

A network of three hidden layers, each dense, batch norm, sigmoid, learns MNIST-5k (shrunk to 14×14
pixels) at five learning rates, from the same weights and with the same batches. γ and β of every
unit are recorded at every step. Thresholds were declared after a pilot with other seeds.
"""

import numpy as np

from experiments.claims import Case, above, below, depends
from experiments.data.samples import load
from experiments.engine.activations import Sigmoid
from experiments.engine.train import train
from experiments.measures.drift import distance, path_length
from experiments.results import FIRST, LAST, ratio, table, value
from experiments.runs import Runs
from experiments.study import Learning, call, setting
from experiments.training import gamma_and_beta, log_steps, mlp, optimizer_of, paired, square_steps

PARAMETERS = {"gamma": "γ", "beta": "β"}


class Setup(Learning):
    hidden: tuple[int, ...] = setting((40, 40, 40), "sigmoid units in each hidden layer")
    rates: tuple[float, ...] = setting((0.02, 0.1, 0.5, 2.5, 12.5), "learning rates")
    batch: int = setting(60, "images in a training batch")
    steps: int = setting(1000, "training steps")
    early: int = setting(10, "so many first steps are early")
    late: int = setting(100, "so many last steps are late")
    settled: float = setting(0.1, "share of all steps after which the way so far is measured")
    readings: int = setting(40, "at most so many steps are read, at equal ratios")
    frames: int = setting(50, "at most so many steps of the first run are kept for the film")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(20, "every random stream is spawned from it")


SHORT = {"steps": 100, "early": 5, "late": 20, "readings": 12, "frames": 30, "runs": 4}
QUICK, FULL = Setup(hidden=(12, 12, 12), rates=(0.1, 0.5, 2.5), **SHORT), Setup()
PAPER = Setup(hidden=(100, 100, 100), steps=20_000, late=2000, readings=80, runs=32)


def points(s):
    """Every rate; and the film of the smallest, the middle and the largest."""
    asked = round(s.settled * s.steps)
    at = tuple(log_steps(s.steps, s.readings, asked, *equal_steps(s.rates, s.steps).values()))
    found = {f"rate-{rate:g}": call(learn, s, rate=rate, at=at, asked=asked) for rate in s.rates}
    shown = s.rates[:: len(s.rates) // 2]
    return found | {f"film-{rate:g}": call(film, s, rate=rate) for rate in shown}


def equal_steps(rates, steps):
    """For each rate at which it is whole, the step with the rate · steps of the smallest's end."""
    found = {rate: rates[0] * steps / rate for rate in rates}
    return {rate: round(step) for rate, step in found.items() if abs(step - round(step)) < 1e-6}


def recorded(rate, data, inputs, optimizer, hidden, batch, steps, runs):
    """γ and β in training, (step, parameter, layer, run, unit)."""
    network = mlp(hidden, "batch norm", Sigmoid())
    model, stream = paired(network, load(data, inputs, side=14), batch, runs)
    path = train(model, stream, optimizer_of(optimizer, rate), steps)
    return np.stack([gamma_and_beta(moment) for moment in path])


# What is read of γ and β: along which dimensions beside rate, layer and run, and in words.
READ = {
    "path_length": ("step parameter", "length of the path from the start, mean over units"),
    "distance": ("step parameter", "distance from the start, root mean square over units"),
    "step_length": ("window parameter", "length of an early or late step, mean over units"),
    "late_net": ("parameter", "net change a step in the last steps, mean over units"),
    "settled": ("parameter", "share of the final distance that is gone after a tenth of training"),
}


def learn(rate, at, asked, early, late, data, inputs, optimizer, hidden, batch, steps, runs):
    """Train, record γ and β at every step, and measure how they go."""
    track = recorded(rate, data, inputs, optimizer, hidden, batch, steps, runs)
    path, away = path_length(track), distance(track)
    windows = path[early] / early, (path[-1] - path[-1 - late]) / late
    net = np.abs(track[-1] - track[-1 - late]).mean(axis=-1) / late
    read = (path[list(at)], away[list(at)], windows, net, away[asked] / away[-1])
    found = {}
    for of, (name, (dims, words)) in zip(read, READ.items(), strict=True):
        found[name] = (of, words, "1", f"rate {dims} layer run")
    along = {"rate": rate, "step": at, "window": ["early", "late"], "parameter": list(PARAMETERS)}
    return table(found, **along, layer=np.arange(1, len(hidden) + 1), run=runs)


def film(rate, data, inputs, optimizer, hidden, batch, steps, frames, seed):
    """γ and β of every unit of the first run: dense at the beginning, where much moves."""
    track = recorded(rate, data, inputs, optimizer, hidden, batch, steps, Runs(seed, 1))
    at, words = (
        square_steps(steps, frames),
        "γ and β of every unit of the first run, layer by layer",
    )
    found, unit = {"film": (track[at].reshape(len(at), 2, -1), words)}, range(sum(hidden))
    return table(found, rate=rate, frame_step=at, parameter=list(PARAMETERS), unit=unit)


# ------------------------------------------------------------------------------------------ claims


def middle(results):
    """The rate in the middle."""
    return float(results["rate"][results.sizes["rate"] // 2])


def same_time(results):
    """The step at which the middle rate has the rate · steps of the smallest one at the end."""
    return round(float(results["rate"][0] * results["step"][-1]) / middle(results))


def in_total(parameter, until):
    """The path at the smallest rate against that at the middle one, which is taken until a step."""
    path = value("path_length", layer=LAST, parameter=parameter)
    return ratio(path.at(rate=FIRST, step=LAST), path.at(rate=middle, step=until))


# All in the last hidden layer.
SETTLED, NET = value("settled", layer=LAST), value("late_net", layer=LAST, parameter="gamma")
STEP = value("step_length", layer=LAST, parameter="gamma")
EARLY, LATE = STEP.at(window="early"), STEP.at(window="late")
LARGER_EARLY, LARGER_LATE, LARGER_NET = (
    ratio(of.at(rate=LAST), of.at(rate=FIRST)) for of in (EARLY, LATE, NET)
)
LESS = ratio(LATE.at(rate=LAST), EARLY.at(rate=LAST))
SMALL = ratio(EARLY.at(rate=FIRST), EARLY.at(rate=middle))
RATES = {"at the smallest rate": FIRST, "at the middle rate": middle, "at the largest rate": LAST}
HALF, MOST = below(0.5), above(0.5, "of the final distance from the start")
OF_LAST, TENTH = "of the last hidden layer", "after a tenth of the steps"
GAMMA, LARGE = f"γ {OF_LAST}", "a step at the largest rate over one at the smallest"
TOTAL = f"{OF_LAST}, in total over the same"

CLAIMS = {
    "gamma-beta-settle-early": depends(
        "γ and β settle early in training.",
        source="thread",
        cases=tuple(
            Case(
                f"{greek} {OF_LAST}, {at}, {TENTH}", SETTLED.at(rate=rate, parameter=p).mean(), MOST
            )
            for p, greek in PARAMETERS.items()
            for at, rate in RATES.items()
        ),
        because="It depends on the rate. At a small one γ has hardly left its start after a tenth "
        "of training; at the largest most of the way is behind it.",
    ),
    "large-rate-shifts-early-only": depends(
        "With a large learning rate there is much shift early and little later.",
        source="thread",
        cases=(
            Case(f"{GAMMA}, early: {LARGE}", LARGER_EARLY, above(10)),
            Case(f"{GAMMA}, at the largest rate: a late step over an early one", LESS, HALF),
            Case(f"{GAMMA}, late: {LARGE}", LARGER_LATE, below(2)),
        ),
        because="At the largest rate a step is far longer early than late, as the claim has it. "
        "But a late step at that rate is still many times as long as one at the smallest: γ goes "
        "back and forth.",
    ),
    "small-rate-shifts-less": depends(
        "A small learning rate means less covariate shift.",
        source="thread",
        cases=(
            Case(f"{GAMMA}, a step early, the smallest rate over the middle one", SMALL, HALF),
            Case(f"γ {TOTAL} number of steps", in_total("gamma", LAST), HALF),
            Case(f"γ {TOTAL} rate · steps", in_total("gamma", same_time), HALF),
            Case(f"β {TOTAL} rate · steps", in_total("beta", same_time), HALF),
        ),
        because="Less a step, and less in as many steps. But with a rate smaller by a factor it "
        "takes as many times the steps to get anywhere, and then γ and β have gone nearly the same "
        "way.",
    ),
}

VALUES = {
    "settled_small": SETTLED.at(rate=FIRST, parameter="gamma").mean(),
    "settled_large": SETTLED.at(rate=LAST, parameter="gamma").mean(),
    "early_small": EARLY.at(rate=FIRST).mean(),
    "early_large": EARLY.at(rate=LAST).mean(),
    "late_large": LATE.at(rate=LAST).mean(),
    "late_ratio": LARGER_LATE,
    "net_ratio": LARGER_NET,
    "way_same_time": in_total("gamma", same_time),
    "way_same_time_beta": in_total("beta", same_time),
}
