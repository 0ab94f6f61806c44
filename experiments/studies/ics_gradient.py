"""Does batch norm reduce internal covariate shift, if it is what happens to a layer's gradient?

Two definitions on the same runs. In one training step the layers before a layer move; by how much
does the distribution of the layer's inputs move, and by how much the gradient of its own weights,
on the same batch (`experiments.measures.shift`; Santurkar et al. 2018, Definition 2.1)? The network
is that of Ioffe & Szegedy 2015, three hidden layers of sigmoids on handwritten digits, at two of
the learning rates of `ics_distribution`; beside it a deep linear network without nonlinearities and
noise. Since a network that is stuck does not shift, networks are also compared where they have come
equally far: at the readings whose training loss lies in a window. The window and the linear
network's rates came after a trial with another seed.
"""

from itertools import repeat

import numpy as np

from experiments.claims import Case, above, below, depends
from experiments.engine.activations import Sigmoid
from experiments.engine.dense import Dense
from experiments.engine.loss import half_squared_error
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.measures.shift import both_shifts
from experiments.results import LAST, ratio, value
from experiments.runs import normal
from experiments.study import Learning, call, setting
from experiments.training import block, load, log_steps, mlp, optimizer_of, paired, start, train

LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}
SMALL, MAIN = "sigmoids, small rate", "sigmoids, main rate"
EQUAL = f"{MAIN}, where the training loss is equally low"
LINEAR, LINEAR_LARGE = "linear, small rate", "linear, larger rate"


class Setup(Learning):
    hidden: tuple[int, ...] = setting((100, 100, 100), "sigmoid units in each hidden layer")
    batch: int = setting(60, "images in a training batch")
    small_rate: float = setting(0.1, "learning rate at which it hardly learns without batch norm")
    rate: float = setting(1.0, "of the main comparison, a good one without batch norm")
    small_steps: int = setting(150, "training steps at the small rate")
    steps: int = setting(560, "training steps at the main rate")
    readings: int = setting(18, "steps read on a logarithmic scale")
    every: int = setting(35, "beside those, every so many steps are read")
    probe: int = setting(200, "test images to read distributions on, as many of each digit")
    linear_depth: int = setting(12, "layers of the linear network")
    linear_width: int = setting(10, "its units a layer, and numbers in a sample")
    linear_samples: int = setting(100, "its samples, all in one batch")
    linear_rate: float = setting(0.001, "its small learning rate")
    linear_large_rate: float = setting(0.003, "its larger learning rate")
    linear_steps: int = setting(250, "its training steps")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(24, "every random stream is spawned from it")


QUICK = Setup(
    hidden=(24, 24, 24),
    steps=160,
    small_steps=30,
    readings=6,
    every=40,
    probe=50,
    linear_depth=4,
    linear_samples=30,
    linear_steps=20,
    runs=4,
)
FULL = PAPER = Setup()


def points(s):
    """Each network at both of its rates, with and without batch norm."""
    cases = {
        SMALL: (digits, s.small_rate, s.small_steps),
        MAIN: (digits, s.rate, s.steps),
        LINEAR: (linear, s.linear_rate, s.linear_steps),
        LINEAR_LARGE: (linear, s.linear_large_rate, s.linear_steps),
    }
    found = {}
    for case, (learn, rate, last) in cases.items():
        at = tuple(log_steps(last, s.readings, *range(0, last + 1, s.every)))
        for norm in LABELS:
            name = f"{case}-{norm}".replace(",", "").replace(" ", "-")
            found[name] = call(learn, s, case=case, norm=norm, rate=rate, at=at)
    return found


def digits(case, norm, rate, at, data, inputs, optimizer, hidden, batch, probe, runs):
    """Learn digits; distributions are read on test images."""
    images = load(data, inputs)
    model, stream = paired(mlp(hidden, norm, Sigmoid()), images, batch, runs)
    path = train(model, stream, optimizer_of(optimizer, rate), at[-1])
    x = images.test.balanced(probe).x[None]
    return both_shifts(path, at, rate, x, runs).expand_dims(case=[case], norm=[norm])


def linear(case, norm, rate, at, linear_depth, linear_width, linear_samples, runs):
    """Full-batch descent on ½ mean ‖y − xA‖², with Gaussian x and A."""
    layer, rngs = Dense(linear_width, bias=False), runs.order()
    network = Network((*block(layer, norm, None) * (linear_depth - 1), layer))
    x = normal(rngs, linear_samples, linear_width)
    target = x @ normal(rngs, linear_width, linear_width)
    model = start(network, runs, linear_width, dtype=np.float64)
    path = train(model, repeat((x, target)), SGD(rate), at[-1], loss=half_squared_error)
    read = both_shifts(path, at, rate, x, runs, half_squared_error)
    return read.expand_dims(case=[case], norm=[norm])


# ------------------------------------------------------------------------------------------ claims

WINDOW = (0.4, 1.6)  # training losses that are equally low


def readings(results, kind, case, norm):
    """What was read of a network, (layer, step, run) or (step, run); "turn" is 1 − cosine."""
    of_case = results.sel(case=case)
    found = 1 - of_case["cosine"] if kind == "turn" else of_case[kind]
    found = found.sel(norm=norm, step=of_case["loss"].dropna("step", how="all")["step"])
    return found.dropna("layer", how="all") if "layer" in found.dims else found


def shift(results, kind, case, norm):
    """A run's shift: the mean over layers and over readings, or those of them in the window."""
    if case != EQUAL:
        return readings(results, kind, case, norm).mean(["layer", "step"], skipna=False)
    loss = readings(results, "loss", MAIN, norm)
    outside = abs(loss - loss.clip(*WINDOW))
    inside = outside == outside.min("step")  # the closest one if none is in the window
    of_layers = readings(results, kind, MAIN, norm).mean("layer", skipna=False)
    return of_layers.where(inside, 0).sum("step", skipna=False) / inside.sum("step")


def end_loss(results, case, norm):
    """A run's mean training loss over its last three readings."""
    return readings(results, "loss", case, norm)[-3:].mean("step", skipna=False)


def less_is_faster(results, kind, case):
    """Whether of a pair of runs the one that shifts less ends with the lower training loss."""
    less = shift(results, kind, case, "batch norm") < shift(results, kind, case, "none")
    lower = end_loss(results, case, "batch norm") < end_loss(results, case, "none")
    return less == lower


def reduced(kind, case):
    """The shift with batch norm in parts of that without."""
    return ratio(value(shift, kind, case, "batch norm"), value(shift, kind, case, "none"))


SMALLER = below(1, "times what it is without batch norm")
NOT_REDUCED = above(0.8, "times what it is without batch norm")
MOST = above(0.5, "% of the runs, in which the network that shifts less ends lower")
SPREADS = "distribution of the inputs, in their own standard deviations"
RELATIVE, TURN = "relative change of the gradient", "turn of the gradient, one minus the cosine"

CLAIMS = {
    "bn-reduces-covariate-shift": depends(
        "Batch norm reduces internal covariate shift.",
        source="overview",
        cases=tuple(
            Case(f"{words}, {case}", reduced(kind, case), SMALLER)
            for kind, words, cases in (
                ("spreads", SPREADS, (MAIN, SMALL)),
                ("relative", RELATIVE, (MAIN, SMALL)),
                ("absolute", "length of the change of the gradient", (MAIN,)),
                ("relative", RELATIVE, (EQUAL, LINEAR)),
            )
            for case in cases
        ),
        because="It depends on the definition and on when one looks. By the distribution "
        "definition the shift is smaller with batch norm; by the gradient definition it is larger "
        "over training as a whole and smaller where both networks are equally far.",
    ),
    "covariate-shift-not-reduced": depends(
        "Covariate shift is not significantly reduced by batch norm.",
        source="demo",
        cases=tuple(
            Case(f"{TURN}, {case}", reduced("turn", case), NOT_REDUCED)
            for case in (MAIN, SMALL, LINEAR, EQUAL)
        ),
        because="By the gradient definition it is not reduced over training as a whole, at either "
        "rate or in the linear network; compared where the training loss is equally low, gradients "
        "turn less with batch norm.",
    ),
    "less-shift-is-faster": depends(
        "Less internal covariate shift means faster training.",
        source="overview",
        cases=tuple(
            Case(f"{words}, {case}", value(less_is_faster, kind, case).share(), MOST)
            for kind, words in (("turn", TURN), ("spreads", SPREADS))
            for case in (MAIN, SMALL)
        ),
        because="With batch norm training is faster and the distributions move less, but the "
        "gradients turn more: whether less shift goes with speed depends on which shift is meant.",
    ),
}

NAMES = {"none": "none", "bn": "batch norm"}
OPPOSITE = value(readings, "cosine", LINEAR_LARGE, "none").at(layer=LAST) < 0
VALUES = {
    **{f"relative_small_{k}": value(shift, "relative", SMALL, n).mean() for k, n in NAMES.items()},
    **{f"relative_main_{k}": value(shift, "relative", MAIN, n).mean() for k, n in NAMES.items()},
    **{f"spreads_main_{k}": value(shift, "spreads", MAIN, n).mean() for k, n in NAMES.items()},
    **{f"turn_linear_{k}": value(shift, "turn", LINEAR, n).mean() for k, n in NAMES.items()},
    **{f"turn_window_{k}": value(shift, "turn", EQUAL, n).mean() for k, n in NAMES.items()},
    **{f"loss_main_{k}": value(end_loss, MAIN, n).mean() for k, n in NAMES.items()},
    **{f"loss_linear_{k}": value(end_loss, LINEAR, n).mean() for k, n in NAMES.items()},
    "travelled_ratio_main": reduced("travelled", MAIN),
    "turned_none": OPPOSITE.over("step", "any").share(),
}
