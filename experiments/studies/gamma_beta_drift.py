"""How can a distribution be steady when γ and β move, do they settle, and what does the learning rate change?

A network of three hidden layers, each dense, batch norm, sigmoid, learns MNIST-5k (shrunk to 14×14 pixels) at five learning rates, each
five times the last. All of them start from the same weights and see the same batches. γ and β of every unit are recorded at
every step. At some steps a fixed probe of test images, normalized with its own statistics, goes through the network before and after one
update, in double precision: how far has the distribution moved in front of batch norm and behind it, and how far would it
have moved if nothing but γ and β had changed? Two more conditions have the same weights and another order of images: batches of six, and
batches in the order of the classes, as in a file that nobody shuffled.

Thresholds were declared after a pilot with other seeds and fewer runs.

What came out: mean and width behind batch norm move exactly as far as β and γ do. But most of what moves there is the shape, which the
weights below change, unless the rate is very large. Whether γ and β settle early depends on the rate; a small rate
takes shorter steps on the same way. And a fluctuating γ is no sign that a rate is too high.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.data import mnist
from experiments.data.batches import batches
from experiments.engine.activations import Sigmoid
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.layer import Arrays
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.train_reading import Moment, train
from experiments.measures.drift import distance, fluctuation, move, way
from experiments.measures.statistics import (
    Measurement,
    mean,
    paired_difference,
    paired_ratio,
    spread,
)
from experiments.theory import shift as theory

PARAMETERS = ("gamma", "beta")


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    hidden: tuple[int, ...] = (40, 40, 40)  # sigmoid units in each hidden layer
    rates: tuple[float, ...] = (
        0.02,
        0.1,
        0.5,
        2.5,
        12.5,
    )  # learning rates of plain stochastic gradient descent
    middle: float = 0.5  # the rate at which the order and the size of batches are changed
    batch: int = 60  # images in a training batch
    small_batch: int = 6  # images in a small one
    steps: int = 1000  # training steps
    early: int = 10  # so many first steps are early
    late: int = 100  # so many last steps are late
    settled: float = 0.1  # the share of all steps after which γ and β are asked how far they are
    readings: int = 40  # at most so many steps are read, evenly spaced on a logarithmic scale
    probes: int = (
        10  # at most so many of the steps at which the probe goes through before and after
    )
    probe: int = 200  # test images in the probe, the same number of each digit
    frames: int = (
        50  # at most so many steps at which γ and β of the first run are kept for the film
    )
    runs: int = 16  # paired runs, each with weights and batches of its own
    seed: int = 20  # every random stream is spawned from it


QUICK = Setup(hidden=(12, 12, 12), rates=(0.1, 0.5, 2.5), steps=100, early=5, late=20, readings=12, probes=3, probe=30, frames=30,
              runs=4)  # fmt: skip
FULL = Setup()
PAPER = Setup(
    hidden=(100, 100, 100), steps=20_000, late=2000, readings=80, probes=20, probe=1000, runs=32
)
RUNS_A_POINT = 8


@dataclass(frozen=True)
class Point:
    """A few runs under one condition."""

    condition: str
    rate: float
    batch: int
    shuffled: bool
    first: int  # the first of its runs
    last: int  # one after the last
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """Every rate, small batches, and batches in the order of the classes; the runs in groups."""
    conditions = [(rate_name(rate), rate, setup.batch, True) for rate in setup.rates]
    conditions += [
        ("small batches", setup.middle, setup.small_batch, True),
        ("not shuffled", setup.middle, setup.batch, False),
    ]
    return {
        f"{name.replace(' ', '-')}-runs-{first:02d}": Point(
            name, *rest, first, min(first + RUNS_A_POINT, setup.runs), setup)
        for name, *rest in conditions for first in range(0, setup.runs, RUNS_A_POINT)
    }  # fmt: skip


def rate_name(rate: float) -> str:
    """The name of the condition in which nothing but the rate is changed."""
    return f"rate {rate:g}"


def run(point: Point) -> xr.Dataset:
    """Train a few runs, record γ and β at every step, and compare the probe before and after some of the steps."""
    setup, digits = point.setup, mnist.load_shrunk(14)
    network = _network(setup.hidden)
    streams = [
        seed.spawn(2)
        for seed in np.random.SeedSequence(setup.seed).spawn(setup.runs)[point.first : point.last]
    ]
    train_x, test_x = digits.train_x, digits.test_x
    params, state = network.init(
        [np.random.default_rng(weights) for weights, _ in streams], train_x.shape[1], np.float32
    )
    orders = [np.random.default_rng(order) for _, order in streams]
    stream = (batches if point.shuffled else in_order_of_classes)(
        train_x, digits.train_labels, point.batch, orders
    )
    probe = np.concatenate(
        [test_x[digits.test_labels == digit][: setup.probe // 10] for digit in range(10)]
    )

    affine = [i for i, layer in enumerate(network.layers) if isinstance(layer, Affine)]
    tracks: dict[str, list[np.ndarray]] = {name: [] for name in PARAMETERS}
    moves: list[dict[str, np.ndarray]] = []
    probed = probe_steps(setup)
    before: list = []

    def record(moment: Moment) -> int:
        for name, track in tracks.items():
            track.append(np.stack([moment.params[i][name] for i in affine]))  # (layer, run, unit)
        if moment.step - 1 in probed:
            moves.append(_moves(network, before.pop(), _through(network, moment, probe)))
        if moment.step in probed:
            before.append(_through(network, moment, probe))
        return moment.step

    def accuracy(moment: Moment) -> np.ndarray:
        logits, _, _ = network.forward(moment.params, moment.state, test_x[None], True)
        return (logits.argmax(axis=2) == digits.test_labels).mean(axis=1)

    at, end = range(setup.steps), setup.steps
    instruments = {
        "record": record,
        "accuracy": lambda moment: (
            accuracy(moment) if moment.step == end else np.zeros(len(orders))
        ),
    }
    for _, reading in train(
        network, params, state, stream, SGD(point.rate), [*at, end], instruments
    ):
        last = reading["accuracy"]

    arrays = {name: np.stack(track) for name, track in tracks.items()}  # (step, layer, run, unit)
    steps = reading_steps(setup)

    def by_layer(measure: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """A measure of every parameter and layer: (parameter, layer, ...)."""
        return np.stack([[measure(a[:, k]) for k in range(len(affine))] for a in arrays.values()])

    def windows(track: np.ndarray) -> np.ndarray:
        """How far a step goes, early and late: (window, run)."""
        ways = way(track)
        return np.stack(
            [ways[setup.early] / setup.early, (ways[-1] - ways[-1 - setup.late]) / setup.late]
        )

    probe_dims = ("condition", "probe_step", "layer", "run")
    curves = ("condition", "parameter", "layer", "step", "run")
    about = {"units": "1"}
    names = {
        "before_mean": "change of the mean in front of batch norm, mean over units",
        "before_std": "change of the standard deviation in front of batch norm, mean over units",
        "after_mean": "change of the mean behind batch norm, mean over units",
        "after_std": "change of the standard deviation behind batch norm, mean over units",
        "after_mean_theory": "|Δβ|, mean over units",
        "after_std_theory": "|Δ|γ|·σ/√(σ²+ε)|, mean over units",
        "error": "largest distance from the two closed forms, over units",
        "before_distance": "Wasserstein-1 distance of one step in front of batch norm, in standard deviations, mean over units",
        "after_distance": "the same behind batch norm",
        "affine_distance": "the same behind batch norm if nothing but γ and β changes",
        "image_distance": "change of an image's value behind batch norm, in standard deviations, mean over images and units",
    }
    result = {
        name: (probe_dims, np.stack([m[name] for m in moves])[None], about | {"long_name": text})
        for name, text in names.items()
    }
    result |= {
        "way": (curves, by_layer(way)[:, :, steps][None], about | {"long_name": "length of the way from the start, mean over units"}),
        "distance": (curves, by_layer(distance)[:, :, steps][None],
                     about | {"long_name": "distance from the start, root mean square over units"}),
        "fluctuation": (("condition", "parameter", "layer", "run"), by_layer(lambda a: fluctuation(a[-setup.late - 1 :]))[None],
                        about | {"long_name": "standard deviation about a straight line in the last steps, mean over units"}),
        "late_net": (("condition", "parameter", "layer", "run"),
                     by_layer(lambda a: np.abs(a[-1] - a[-1 - setup.late]).mean(axis=1))[None] / setup.late,
                     about | {"long_name": "net change a step in the last steps, mean over units"}),
        "step_length": (("condition", "parameter", "layer", "window", "run"), by_layer(windows)[None],
                  about | {"long_name": "length of one step, mean over units and over the first or the last steps"}),
        "settled": (("condition", "parameter", "layer", "run"),
                    by_layer(lambda a: distance(a)[_settled_step(setup)] / distance(a)[-1])[None],
                    about | {"long_name": "share of the final distance from the start that is gone after a tenth of training"}),
        "accuracy": (("condition", "run"), last[None], about | {"long_name": "accuracy on the test set with its own statistics"}),
    }  # fmt: skip
    coords = {"condition": [point.condition], "parameter": list(PARAMETERS), "layer": np.arange(1, len(affine) + 1, dtype=np.int32),
              "step": np.array(steps, dtype=np.int32), "probe_step": np.array(probed, dtype=np.int32),
              "window": ["early", "late"], "run": np.arange(point.first, point.last, dtype=np.int32)}  # fmt: skip
    if point.first == 0:
        frames = frame_steps(setup)
        film = np.stack([a[frames, :, 0].reshape(len(frames), -1) for a in arrays.values()])
        result["film"] = (("condition", "parameter", "frame_step", "unit"), film[None],
                          about | {"long_name": "γ and β of every unit of the first run, layer by layer"})  # fmt: skip
        coords |= {
            "frame_step": np.array(frames, dtype=np.int32),
            "unit": np.arange(film.shape[2], dtype=np.int32),
        }
    return xr.Dataset(result, coords=coords)


def reading_steps(setup: Setup) -> list[int]:
    """The steps that are read: evenly spaced on a logarithmic scale, and those that claims need."""
    spaced = np.geomspace(1, setup.steps, setup.readings).round().astype(int).tolist()
    return sorted({0, _settled_step(setup), *spaced, *equal_steps(setup).values()})


def probe_steps(setup: Setup) -> list[int]:
    """The steps before and after which the probe goes through."""
    return sorted(
        {0, *np.geomspace(1, setup.steps - 1, setup.probes - 1).round().astype(int).tolist()}
    )


def frame_steps(setup: Setup) -> list[int]:
    """The steps of the film: dense at the beginning, where much moves."""
    return np.unique(
        np.round(setup.steps * (np.arange(setup.frames) / (setup.frames - 1)) ** 2).astype(int)
    ).tolist()


def equal_steps(setup: Setup) -> dict[float, int]:
    """For each rate at which it is a whole number, the step with the rate · steps that the smallest rate has at the end."""
    steps = {rate: setup.rates[0] * setup.steps / rate for rate in setup.rates}
    return {rate: round(step) for rate, step in steps.items() if abs(step - round(step)) < 1e-6}


def _settled_step(setup: Setup) -> int:
    return round(setup.settled * setup.steps)


def in_order_of_classes(
    x: np.ndarray, labels: np.ndarray, batch: int, rngs: Sequence[np.random.Generator]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches as `batches` makes them, from data that are sorted by class and never shuffled: one order a run, the same in all epochs."""
    order = np.stack(
        [
            np.concatenate(
                [rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
            )
            for rng in rngs
        ]
    )
    while True:
        for start in range(0, len(labels) - batch + 1, batch):
            chosen = order[:, start : start + batch]
            yield x[chosen], labels[chosen]


def _network(hidden: tuple[int, ...]) -> Network:
    blocks = [(Dense(width, bias=False), Standardize(), Affine(), Sigmoid()) for width in hidden]
    return Network((*(layer for block in blocks for layer in block), Dense(10)))


def _through(
    network: Network, moment: Moment, probe: np.ndarray
) -> tuple[list[dict], list[Arrays]]:
    """The probe goes through with its own statistics, in double precision, in which one step is far above round-off."""
    params = [{name: a.astype(np.float64) for name, a in layer.items()} for layer in moment.params]
    state = [{name: a.astype(np.float64) for name, a in layer.items()} for layer in moment.state]
    _, saved, _ = network.forward(params, state, probe[None].astype(np.float64), True)
    return saved, params


def _moves(network: Network, before: tuple, after: tuple) -> dict[str, np.ndarray]:
    """What one update does to the distributions around each batch norm; (layer, run)."""
    (old, old_params), (new, new_params) = before, after
    read: dict[str, list[np.ndarray]] = {}
    for i, layer in enumerate(network.layers):
        if not isinstance(layer, Affine):
            continue
        norm = network.layers[i - 1]
        (gamma, beta), (new_gamma, new_beta) = (
            [params[i][name] for name in PARAMETERS] for params in (old_params, new_params)
        )
        in_front = move(old[i - 1]["x"], new[i - 1]["x"])
        behind = move(old[i + 1]["x"], new[i + 1]["x"])
        alone = move(old[i + 1]["x"], new_gamma[:, None] * old[i]["x"] + new_beta[:, None])
        shifts = theory.affine_shift(
            (gamma, new_gamma),
            (beta, new_beta),
            (old[i - 1]["var"], new[i - 1]["var"]),
            norm.convention.eps,
        )
        error = np.maximum(np.abs(behind.mean - shifts[0]), np.abs(behind.std - shifts[1]))
        found = {
            "before_mean": in_front.mean, "before_std": in_front.std, "after_mean": behind.mean, "after_std": behind.std,
            "after_mean_theory": shifts[0], "after_std_theory": shifts[1], "before_distance": in_front.distance,
            "after_distance": behind.distance, "affine_distance": alone.distance, "image_distance": behind.values,
        }  # fmt: skip
        for name, values in found.items():
            read.setdefault(name, []).append(values.mean(axis=1))
        read.setdefault("error", []).append(error.max(axis=1))
    return {name: np.stack(values) for name, values in read.items()}


# --------------------------------------------------------------------------------------------------------------------- claims

TOP = -1  # the last hidden layer
BOTTOM = 0  # the first


def rates(results: xr.Dataset) -> list[float]:
    """The rates of the conditions in which nothing but the rate is changed, ascending."""
    return sorted(
        float(name.split()[1]) for name in results.condition.values if name.startswith("rate ")
    )


def at_rate(results: xr.Dataset, which: int | float) -> xr.Dataset:
    """The results at a rate: the `which`-th, ascending, if it is an integer."""
    rate = rates(results)[which] if isinstance(which, int) else which
    return results.sel(condition=rate_name(rate))


def shift_a_step(one: xr.Dataset, parameter: str, window: str) -> np.ndarray:
    """How far a parameter of the last hidden layer goes in an "early" or "late" step, mean over units; one number a run."""
    return one.step_length.sel(parameter=parameter, window=window).isel(layer=TOP).values


def same_time(results: xr.Dataset) -> dict[float, int]:
    """For each rate at which it is one of the steps, the step with the same rate · steps: that of the smallest rate at the end."""
    product = rates(results)[0] * results.step.values[-1]
    found = {rate: product / rate for rate in rates(results)}
    return {rate: round(step) for rate, step in found.items() if abs(step - round(step)) < 1e-6}


def share_of_affine(one: xr.Dataset, layer: int = TOP) -> np.ndarray:
    """The movement if γ and β alone change, in parts of the whole, both summed over the steps that are probed; one number a run."""
    return (
        one.affine_distance.isel(layer=layer).sum("probe_step")
        / one.after_distance.isel(layer=layer).sum("probe_step")
    ).values


def _total(results: xr.Dataset, parameter: str, which: int | float, same: bool) -> np.ndarray:
    """The way of a parameter at a rate, over all steps or until the common rate · steps."""
    ways = at_rate(results, which).way.sel(parameter=parameter).isel(layer=TOP)
    rate = rates(results)[which] if isinstance(which, int) else which
    return ways.sel(step=same_time(results)[rate]).values if same else ways.isel(step=-1).values


def _small_against_middle(results: xr.Dataset, parameter: str, same: bool) -> Measurement:
    return paired_ratio(
        _total(results, parameter, 0, same), _total(results, parameter, _middle(results), same)
    )


def _middle(results: xr.Dataset) -> int:
    return len(rates(results)) // 2


def _early(results: xr.Dataset) -> Measurement:
    return paired_ratio(
        *(shift_a_step(at_rate(results, which), "gamma", "early") for which in (-1, 0))
    )


def _late(results: xr.Dataset) -> Measurement:
    return paired_ratio(
        *(shift_a_step(at_rate(results, which), "gamma", "late") for which in (-1, 0))
    )


def _late_in_early(which: int) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: paired_ratio(
        *(shift_a_step(at_rate(results, which), "gamma", window) for window in ("late", "early"))
    )


def _fluctuation(
    one: Callable[[xr.Dataset], xr.Dataset], layer: int = TOP
) -> Callable[[xr.Dataset], Measurement]:
    """The fluctuation of γ, in parts of that at the middle rate with the usual batches."""

    def measure(results: xr.Dataset) -> Measurement:
        usual = at_rate(results, _middle(results))
        return paired_ratio(
            *(
                some.fluctuation.sel(parameter="gamma").isel(layer=layer).values
                for some in (one(results), usual)
            )
        )

    return measure


def _condition(name: str) -> Callable[[xr.Dataset], xr.Dataset]:
    return lambda results: results.sel(condition=name)


def _rate(which: int) -> Callable[[xr.Dataset], xr.Dataset]:
    return lambda results: at_rate(results, which)


def _error(which: int) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: spread(at_rate(results, which).error.values)


def _settles(parameter: str, which: int) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(
        at_rate(results, _index(results, which))
        .settled.sel(parameter=parameter)
        .isel(layer=TOP)
        .values
    )


def _index(results: xr.Dataset, which: int) -> int:
    """0 the smallest rate, 1 the middle one, 2 the largest."""
    return (0, _middle(results), len(rates(results)) - 1)[which]


def _accuracy(which: int) -> Callable[[xr.Dataset], Measurement]:
    """Accuracy at the end minus that at the middle rate."""
    return lambda results: paired_difference(
        at_rate(results, which).accuracy.values, at_rate(results, _middle(results)).accuracy.values
    )


WHICH = ("the smallest rate", "the middle rate", "the largest rate")
GREEK = {"gamma": "γ", "beta": "β"}

CLAIMS = (
    Claim(
        "gamma-beta-move-the-output",
        says="If γ and β fluctuate, the mean and the width of the distribution after batch norm fluctuate too.",
        source="thread",
        cases=tuple(
            Case(f"at {name}: largest distance of |Δmean| and |Δstd| from the closed forms, in any unit of any layer",
                 measure=_error(which), holds=lambda m: m.within(0.0, absolute=1e-12),
                 rule="within a few thousand roundings of numbers of order one, 1e-12")
            for name, which in (*zip(WHICH[::2], (0, -1), strict=True), ("the second rate", 1), ("the last but one", -2))
        ),
        verdict="supported",
        figure="gamma-beta-drift-identity",
        because="On a batch that is normalized with its own statistics, the mean moves by exactly |Δβ| and the standard deviation, up to ε, "
                "by |Δ|γ||; nothing else can move them.",
    ),
    Claim(
        "gamma-beta-cause-the-movement",
        says="What still moves the distribution behind batch norm is the movement of γ and β.",
        source="thread",
        cases=tuple(
            Case(f"last hidden layer, at {name}",
                 measure=lambda results, which=which: mean(share_of_affine(at_rate(results, _index(results, which)))),
                 holds=lambda m: m.above(0.5), rule="γ and β alone would move it more than half as far")
            for which, name in enumerate(WHICH)
        ),
        verdict="depends",
        figure="gamma-beta-drift-moves",
        because="It depends on the rate. At small and middling ones most of the movement is a change of shape, made by the weights below, "
                "and γ and β account for little of it; at the largest, early, they account for nearly all.",
    ),
    Claim(
        "gamma-beta-settle-early",
        says="γ and β settle early in training.",
        source="thread",
        cases=tuple(
            Case(f"{GREEK[parameter]} of the last hidden layer, at {name}", measure=_settles(parameter, which),
                 holds=lambda m: m.above(0.5), rule="more than half of the final distance from the start after a tenth of the steps")
            for parameter in PARAMETERS for which, name in enumerate(WHICH)
        ),
        verdict="depends",
        figure="gamma-beta-drift-settling",
        because="It depends on the rate. At a small one γ has hardly left its start after a tenth of training; at the "
                "largest most of the way is behind it.",
    ),
    Claim(
        "large-rate-shifts-early-only",
        says="With a large learning rate there is much shift early and little later.",
        source="thread",
        cases=(
            Case("γ of the last hidden layer, early: a step at the largest rate against one at the smallest", measure=_early,
                 holds=lambda m: m.above(10.0), rule="more than ten times as far"),
            Case("γ of the last hidden layer, at the largest rate: a late step against an early one", measure=_late_in_early(-1),
                 holds=lambda m: m.below(0.5), rule="less than half as far"),
            Case("γ of the last hidden layer, late: a step at the largest rate against one at the smallest", measure=_late,
                 holds=lambda m: m.below(2.0), rule="less than twice as far"),
        ),
        verdict="depends",
        figure="gamma-beta-drift-way",
        because="At the largest rate a step is far longer early than late, as the claim has it. But a late step at that rate is still many times "
        "as long as one at the smallest: γ goes back and forth.",
    ),
    Claim(
        "small-rate-shifts-less",
        says="A small learning rate means less covariate shift.",
        source="thread",
        cases=(
            Case("γ of the last hidden layer, a step early, the smallest rate against the middle one",
                 measure=lambda results: paired_ratio(*(shift_a_step(at_rate(results, which), "gamma", "early")
                                                        for which in (0, _middle(results)))),
                 holds=lambda m: m.below(0.5), rule="less than half as far"),
            Case("γ of the last hidden layer, in total over the same number of steps",
                 measure=lambda results: _small_against_middle(results, "gamma", False),
                 holds=lambda m: m.below(0.5), rule="less than half as far"),
            Case("γ of the last hidden layer, in total over the same rate · steps",
                 measure=lambda results: _small_against_middle(results, "gamma", True),
                 holds=lambda m: m.below(0.5), rule="less than half as far"),
            Case("β of the last hidden layer, in total over the same rate · steps",
                 measure=lambda results: _small_against_middle(results, "beta", True),
                 holds=lambda m: m.below(0.5), rule="less than half as far"),
        ),
        verdict="depends",
        figure="gamma-beta-drift-way",
        because="Less a step, and less in as many steps. But with a rate smaller by a factor it takes as many times the steps to get anywhere, and "
                "then γ and β have gone nearly the same way.",
    ),
    Claim(
        "rate-and-order-make-them-fluctuate",
        says="γ and β fluctuate wildly if the learning rate is high or the data are not shuffled.",
        source="thread",
        cases=(
            Case("γ of the last hidden layer, the largest rate against the middle one", measure=_fluctuation(_rate(-1)),
                 holds=lambda m: m.above(2.0), rule="more than twice the standard deviation about the trend"),
            Case("γ of the last hidden layer, data in the order of the classes against shuffled",
                 measure=_fluctuation(_condition("not shuffled")),
                 holds=lambda m: m.above(2.0), rule="more than twice the standard deviation about the trend"),
            Case("γ of the first hidden layer, data in the order of the classes against shuffled",
                 measure=_fluctuation(_condition("not shuffled"), BOTTOM),
                 holds=lambda m: m.above(2.0), rule="more than twice the standard deviation about the trend"),
        ),
        verdict="depends",
        figure="gamma-beta-drift-fluctuation",
        because="The rate does it. Unshuffled data do it in the last hidden layer; in the first γ is calmer than usual, since a network that "
                "sees one class at a time learns little below its last layers.",
    ),
    Claim(
        "fluctuation-is-a-symptom",
        says="Wildly fluctuating γ and β are a sign that the learning rate is too high or the data are not shuffled.",
        source="thread",
        cases=(
            Case("at the largest rate, where γ fluctuates most: accuracy at the end minus that at the middle rate", measure=_accuracy(-1),
                 holds=lambda m: m.below(-0.01), rule="the rate is too high: more than one percentage point lower"),
            Case("at the last but one: the same", measure=_accuracy(-2),
                 holds=lambda m: m.below(-0.01), rule="the rate is too high: more than one percentage point lower"),
            Case("γ of the last hidden layer, shuffled, at the middle rate: small batches against the usual ones",
                 measure=_fluctuation(_condition("small batches")),
                 holds=lambda m: m.below(2.0), rule="with neither cause it does not double"),
        ),
        verdict="refuted",
        figure="gamma-beta-drift-fluctuation",
        because="Small batches make γ fluctuate as well, and the two largest rates, at which it fluctuates many times as much as at the middle "
                "one, do not end with a lower accuracy.",
    ),
)  # fmt: skip


def _value(measure: Callable[[xr.Dataset], np.ndarray]) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(measure(results))


def _net(which: int) -> Callable[[xr.Dataset], Measurement]:
    return _value(
        lambda results: (
            at_rate(results, _index(results, which))
            .late_net.sel(parameter="gamma")
            .isel(layer=TOP)
            .values
        )
    )


def _step_value(which: int, window: str) -> Callable[[xr.Dataset], Measurement]:
    return _value(
        lambda results: shift_a_step(at_rate(results, _index(results, which)), "gamma", window)
    )


def _end_accuracy(
    select: Callable[[xr.Dataset], xr.Dataset],
) -> Callable[[xr.Dataset], Measurement]:
    return _value(lambda results: select(results).accuracy.values)


VALUES = {
    "share_small": _value(lambda results: share_of_affine(at_rate(results, 0))),
    "share_middle": _value(lambda results: share_of_affine(at_rate(results, _middle(results)))),
    "share_large": _value(lambda results: share_of_affine(at_rate(results, -1))),
    "settled_small": _settles("gamma", 0),
    "settled_middle": _settles("gamma", 1),
    "settled_large": _settles("gamma", 2),
    "first_step_small": _value(lambda results: at_rate(results, 0).after_distance.isel(layer=TOP, probe_step=0).values),
    "first_step_large": _value(lambda results: at_rate(results, -1).after_distance.isel(layer=TOP, probe_step=0).values),
    "early_small": _step_value(0, "early"),
    "early_large": _step_value(2, "early"),
    "late_small": _step_value(0, "late"),
    "late_large": _step_value(2, "late"),
    "late_ratio": _late,
    "net_ratio": lambda results: paired_ratio(
        *(at_rate(results, which).late_net.sel(parameter="gamma").isel(layer=TOP).values for which in (-1, 0))),
    "way_same_time": lambda results: _small_against_middle(results, "gamma", True),
    "way_same_time_beta": lambda results: _small_against_middle(results, "beta", True),
    "way_same_steps": lambda results: _small_against_middle(results, "gamma", False),
    "fluctuation_large": _fluctuation(_rate(-1)),
    "fluctuation_sorted": _fluctuation(_condition("not shuffled")),
    "fluctuation_sorted_first": _fluctuation(_condition("not shuffled"), BOTTOM),
    "fluctuation_small_batches": _fluctuation(_condition("small batches")),
    "accuracy_middle": _end_accuracy(lambda results: at_rate(results, _middle(results))),
    "accuracy_large": _end_accuracy(_rate(-1)),
    "accuracy_sorted": _end_accuracy(_condition("not shuffled")),
}  # fmt: skip
