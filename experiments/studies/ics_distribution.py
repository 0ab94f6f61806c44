"""Does batch norm keep the distributions inside a network steady, and does the network train faster for it?

Figure 1 of Ioffe & Szegedy 2015: a network of three hidden layers of 100 sigmoid units learns handwritten digits, with batch norm and
without, from the same weights and on the same batches. Read at steps that are evenly spaced on a logarithmic scale: the test
accuracy, with running averages as at inference; and for every unit of the last hidden layer the distribution of what enters
its sigmoid over a fixed probe of test images. How far a distribution has moved is the sum of Wasserstein-1 distances from reading to
reading, in units of the sigmoid's input or of the distribution's own standard deviation (`experiments.measures.distribution`).

The paper does not state its learning rate. Several are tried. The main comparison, trained for longer, is at the one that in a trial
with other seeds was the best for the network *without* batch norm.

What came out: batch norm gets to the first target many times sooner, and on this small set ends where the other ends. Its
distributions move far less in units of their own width. In units of the sigmoid's input that depends on the rate, since a
network that is stuck does not move. And the network without batch norm trains fastest at the rate at which its
distributions move a lot: a steadier distribution and faster training go together in one comparison and apart in the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.data import mnist
from experiments.data.batches import batches
from experiments.engine.activations import Sigmoid
from experiments.engine.affine import Affine
from experiments.engine.buffers import Buffers
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.train_reading import Moment, train
from experiments.measures.distribution import Path, ordered, quantiles
from experiments.measures.statistics import (
    Measurement,
    exact,
    mean,
    median,
    paired_difference,
    paired_ratio,
    share,
)

NORMS = ("none", "batch norm")
PLACES = ("before normalization", "normalized", "sigmoid input")
PERCENTILES = (15, 50, 85)


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    data: str = "mnist-5k"  # "mnist-5k", bundled, or "mnist", all of it
    hidden: tuple[int, ...] = (100, 100, 100)  # sigmoid units in each hidden layer
    batch: int = 60  # images in a training batch
    rates: tuple[float, ...] = (
        0.1,
        0.3,
        1.0,
        3.0,
    )  # learning rates of plain stochastic gradient descent
    rate: float = 1.0  # of the main comparison; in a trial, the best without batch norm
    steps: int = 2000  # training steps at that rate
    sweep_steps: int = 1000  # training steps at the other rates
    readings: int = 72  # at most so many steps are read, evenly spaced on a logarithmic scale
    probe: int = 250  # test images on which distributions are read, the same number of each digit
    targets: tuple[float, ...] = (
        0.8,
        0.88,
        0.92,
    )  # test accuracies that are timed, the main one first
    runs: int = 16  # paired runs, each with weights and batches of its own
    seed: int = 18  # every random stream is spawned from it


QUICK = Setup(hidden=(32, 32, 32), rates=(0.1, 1.0), steps=800, sweep_steps=400, readings=36, probe=100, runs=4,
              targets=(0.7, 0.8, 0.85))  # fmt: skip
FULL = Setup()
PAPER = Setup(data="mnist", rates=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0), steps=50_000, sweep_steps=50_000, readings=110, probe=1000,
              targets=(0.9, 0.97, 0.98))  # fmt: skip
RUNS_A_POINT = 8


@dataclass(frozen=True)
class Point:
    """A few runs of one network at one learning rate."""

    norm: str  # "none" or "batch norm"
    rate: float
    first: int  # the first of its runs
    last: int  # one after the last
    setup: Setup


def requires(setup: Setup) -> None:
    """All of MNIST is not bundled: say so before anything runs."""
    if setup.data == "mnist":
        mnist.require_full()


def points(setup: Setup) -> dict[str, Point]:
    """Each network at each rate, the runs in groups."""
    return {
        f"{norm.replace(' ', '-')}-rate-{rate:g}-runs-{first:02d}": Point(
            norm, rate, first, min(first + RUNS_A_POINT, setup.runs), setup)
        for norm in NORMS for rate in setup.rates for first in range(0, setup.runs, RUNS_A_POINT)
    }  # fmt: skip


def run(point: Point) -> xr.Dataset:
    """Train a few runs of one network and read them."""
    setup, digits = (
        point.setup,
        mnist.load() if point.setup.data == "mnist-5k" else mnist.load_full(),
    )
    network = _network(setup.hidden, point.norm)
    seeds = np.random.SeedSequence(setup.seed).spawn(setup.runs)[point.first : point.last]
    streams = [seed.spawn(2) for seed in seeds]
    params, state = network.init(
        [np.random.default_rng(weights) for weights, _ in streams], 784, np.float32
    )
    stream = batches(
        digits.train_x,
        digits.train_labels,
        setup.batch,
        [np.random.default_rng(order) for _, order in streams],
    )

    probe = np.concatenate(
        [digits.test_x[digits.test_labels == digit][: setup.probe // 10] for digit in range(10)]
    )[None]
    accuracy, distributions = (
        _accuracy(network, digits.test_x[None], digits.test_labels),
        _distributions(network, probe),
    )
    steps = reading_steps(setup, point.rate)
    paths = {place: Path() for place in places(point.norm)}
    read: dict[str, list[np.ndarray]] = {
        "accuracy": [],
        "loss": [],
        "travelled": [],
        "spreads": [],
        "quantiles": [],
    }

    def instrument(moment: Moment) -> int:
        now = distributions(moment)
        for place, path in paths.items():
            path.read(now[place])
        read["accuracy"].append(accuracy(moment))
        read["loss"].append(moment.loss.copy())
        read["travelled"].append(np.stack([path.travelled.mean(axis=1) for path in paths.values()]))
        read["spreads"].append(np.stack([path.spreads.mean(axis=1) for path in paths.values()]))
        read["quantiles"].append(
            np.stack(
                [quantiles(now[place], tuple(p / 100 for p in PERCENTILES)) for place in paths]
            )
        )
        return moment.step

    for _ in train(network, params, state, stream, SGD(point.rate), steps, {"step": instrument}):
        pass

    # The typical unit of a run: the one whose path, in its own spreads, is the median of its layer (the lower one of two).
    order = np.argsort(paths["sigmoid input"].spreads, axis=1)
    unit = order[:, (order.shape[1] - 1) // 2]
    bands = np.stack(read["quantiles"])[
        :, :, np.arange(len(unit)), unit
    ]  # (step, place, run, percentile)
    accuracies = np.stack(read["accuracy"])
    reached = accuracies >= np.array(setup.targets)[:, None, None]  # (target, step, run)
    steps_to = np.where(reached.any(axis=1), np.array(steps)[reached.argmax(axis=1)], np.inf)
    about = {"units": "1"}
    curves, ways = ("norm", "rate", "step", "run"), ("norm", "rate", "step", "place", "run")
    return xr.Dataset(
        {
            "accuracy": (curves, accuracies[None, None], about | {"long_name": "test accuracy, in inference mode"}),
            "loss": (curves, np.stack(read["loss"])[None, None].astype(np.float32),
                     {"units": "nats", "long_name": "cross-entropy of the training batch"}),
            "steps_to": (("norm", "rate", "target", "run"), steps_to[None, None],
                         {"units": "steps", "long_name": "first reading at which the test accuracy is reached"}),
            "travelled": (ways, np.stack(read["travelled"])[None, None],
                          about | {"long_name": "way of a unit's distribution, in units of the value, mean over units"}),
            "spreads": (ways, np.stack(read["spreads"])[None, None],
                        about | {"long_name": "way of a unit's distribution, in its own standard deviations, mean over units"}),
            "band": ((*ways, "percentile"), bands[None, None].astype(np.float32),
                     about | {"long_name": "percentiles of the typical unit of the last hidden layer over the probe"}),
        },
        coords={"norm": [point.norm], "rate": [point.rate], "step": np.array(steps, dtype=np.int32), "place": list(paths),
                "target": list(setup.targets),
                "run": np.arange(point.first, point.last, dtype=np.int32), "percentile": np.array(PERCENTILES, dtype=np.int32)},
    )  # fmt: skip


def reading_steps(setup: Setup, rate: float) -> list[int]:
    """The steps that are read: 0, evenly spaced on a logarithmic scale, and the same at all rates as far as they go."""
    last = setup.steps if rate == setup.rate else setup.sweep_steps
    spaced = np.geomspace(1, setup.steps, setup.readings).round().astype(int)
    return sorted(
        step for step in {0, setup.sweep_steps, setup.steps, *spaced.tolist()} if step <= last
    )


def places(norm: str) -> tuple[str, ...]:
    """Where distributions are read: without normalization there is nothing but the sigmoid's input."""
    return PLACES if norm == "batch norm" else PLACES[-1:]


def _network(hidden: tuple[int, ...], norm: str) -> Network:
    """Hidden layers of sigmoids, and ten classes. β takes the place of the bias in front of batch norm."""
    layers: list = []
    for width in hidden:
        if norm == "batch norm":
            layers += [Dense(width, bias=False), Standardize(), Affine(), Sigmoid()]
        else:
            layers += [Dense(width), Sigmoid()]
    return Network((*layers, Dense(10)))


def _accuracy(
    network: Network, x: np.ndarray, labels: np.ndarray
) -> Callable[[Moment], np.ndarray]:
    """An instrument: the share of test images that get the right label with running statistics."""
    buffers = Buffers()

    def read(moment: Moment) -> np.ndarray:
        logits, _, _ = network.forward(moment.params, moment.state, x, False, buffers)
        return (logits.argmax(axis=2) == labels).mean(axis=1)

    return read


def _distributions(network: Network, x: np.ndarray) -> Callable[[Moment], dict[str, np.ndarray]]:
    """An instrument: the ordered values of the last hidden layer on the probe, with the probe's own statistics."""
    buffers = Buffers()
    sigmoid = max(i for i, layer in enumerate(network.layers) if isinstance(layer, Sigmoid))

    def read(moment: Moment) -> dict[str, np.ndarray]:
        _, saved, _ = network.forward(moment.params, moment.state, x, True, buffers)
        values = {"sigmoid input": saved[sigmoid]["x"]}
        if isinstance(network.layers[sigmoid - 2], Standardize):
            values |= {
                "before normalization": saved[sigmoid - 2]["x"],
                "normalized": saved[sigmoid - 2]["xhat"],
            }
        return {place: ordered(a) for place, a in values.items()}

    return read


# --------------------------------------------------------------------------------------------------------------------- claims


def main_rate(results: xr.Dataset) -> float:
    """The rate that is trained for the longest, and of several the best for the network without batch norm."""
    longest = results.rate[
        np.isfinite(results.accuracy.isel(step=-1, run=0).sel(norm="none")).values
    ]
    return best_rate(results.sel(rate=longest), "none")


def best_rate(results: xr.Dataset, norm: str) -> float:
    """The rate at which half of a network's runs reach the main target first; the smallest one of several."""
    steps = results.steps_to.sel(norm=norm).isel(target=0).transpose("rate", "run")
    return float(results.rate[int(np.argmin([median(runs).estimate for runs in steps.values]))])


def common_step(results: xr.Dataset) -> int:
    """The last step that is read at every rate."""
    everywhere = np.isfinite(results.accuracy.isel(run=0)).all(["norm", "rate"])
    return int(results.step[everywhere.values][-1])


def steps_to(results: xr.Dataset, norm: str, rate: float, target: int = 0) -> np.ndarray:
    """Steps of each run to a target; a run that never got there counts as all of its steps, so a ratio is at least this."""
    steps = results.steps_to.sel(norm=norm, rate=rate).isel(target=target).values
    last = results.step[np.isfinite(results.accuracy.sel(norm=norm, rate=rate).isel(run=0)).values][
        -1
    ]
    return np.minimum(steps, float(last))


def moved(
    results: xr.Dataset, unit: str, norm: str, rate: float, step: int, place: str = "sigmoid input"
) -> np.ndarray:
    """The way that each run's distributions have gone up to a step, `unit` = "travelled" or "spreads"."""
    return results[unit].sel(norm=norm, rate=rate, step=step, place=place).values


def _speedup(results: xr.Dataset, rate: float, target: int = 0) -> Measurement:
    return paired_ratio(
        steps_to(results, "none", rate, target), steps_to(results, "batch norm", rate, target)
    )


def _best_speedup(results: xr.Dataset) -> Measurement:
    """Each network at its own best rate."""
    return paired_ratio(*(steps_to(results, norm, best_rate(results, norm)) for norm in NORMS))


def _moved_ratio(results: xr.Dataset, unit: str, rate: float) -> Measurement:
    """How far distributions move with batch norm, in parts of how far they move without, over the steps common to all rates."""
    step = common_step(results)
    return paired_ratio(
        moved(results, unit, "batch norm", rate, step), moved(results, unit, "none", rate, step)
    )


def _moved_after(results: xr.Dataset, unit: str) -> Measurement:
    """The same from the step at which the run without batch norm reaches the main target to the end."""
    rate = main_rate(results)
    start, end = steps_to(results, "none", rate), int(results.step[-1])
    ways = [[moved(results, unit, norm, rate, end)[run] - moved(results, unit, norm, rate, int(step))[run]
             for run, step in enumerate(start)] for norm in ("batch norm", "none")]  # fmt: skip
    return paired_ratio(*np.array(ways))


def _steadier_is_faster(
    results: xr.Dataset, unit: str, one: tuple[str, float], other: tuple[str, float]
) -> Measurement:
    """Share of runs in which the network that moved less reached the main target in no more steps than the other."""
    step = common_step(results)
    steadier = moved(results, unit, *one, step) < moved(results, unit, *other, step)
    first, second = steps_to(results, *one), steps_to(results, *other)
    return share(np.where(steadier, first <= second, second <= first))


def _at_end(results: xr.Dataset, norm: str) -> np.ndarray:
    return results.accuracy.sel(norm=norm, rate=main_rate(results)).isel(step=-1).values


def _smallest(results: xr.Dataset) -> float:
    return float(results.rate.min())


CLAIMS = (
    Claim(
        "bn-steadies-distributions",
        says="Batch norm keeps the distributions of a layer's inputs more stable during training.",
        source="ioffe2015",
        cases=(
            Case("in standard deviations of the distribution itself, at the main rate",
                 measure=lambda results: _moved_ratio(results, "spreads", main_rate(results)),
                 holds=lambda m: m.below(1.0), rule="the way is shorter with batch norm: ratio below 1"),
            Case("in standard deviations of the distribution itself, at the smallest rate",
                 measure=lambda results: _moved_ratio(results, "spreads", _smallest(results)),
                 holds=lambda m: m.below(1.0), rule="the way is shorter with batch norm: ratio below 1"),
            Case("in units of the sigmoid's input, at the main rate",
                 measure=lambda results: _moved_ratio(results, "travelled", main_rate(results)),
                 holds=lambda m: m.below(1.0), rule="the way is shorter with batch norm: ratio below 1"),
            Case("in units of the sigmoid's input, at the smallest rate",
                 measure=lambda results: _moved_ratio(results, "travelled", _smallest(results)),
                 holds=lambda m: m.below(1.0), rule="the way is shorter with batch norm: ratio below 1"),
            Case("in units of the sigmoid's input, at the main rate, once both have reached the main target",
                 measure=lambda results: _moved_after(results, "travelled"),
                 holds=lambda m: m.below(1.0), rule="the way is shorter with batch norm: ratio below 1"),
        ),
        verdict="depends",
        figure="ics-distribution-distance",
        because="It depends on the unit and the rate. In its own standard deviations the distribution moves far less with batch norm. In "
                "the units that the sigmoid sees it moves less at the main rate and more at the smallest, where the network without batch "
                "norm hardly learns, and so hardly moves.",
    ),
    Claim(
        "bn-trains-faster",
        says="Batch norm makes training faster.",
        source="ioffe2015",
        cases=(
            Case("to the main target, at the main rate",
                 measure=lambda results: _speedup(results, main_rate(results)),
                 holds=lambda m: m.above(2.0), rule="more than twice as many steps without batch norm"),
            Case("to the main target, each network at its own best rate", measure=_best_speedup,
                 holds=lambda m: m.above(2.0), rule="more than twice as many steps without batch norm"),
            Case("to the main target, at the smallest rate, where a run that never gets there counts as all its steps",
                 measure=lambda results: _speedup(results, _smallest(results)),
                 holds=lambda m: m.above(2.0), rule="more than twice as many steps without batch norm"),
            Case("to the second target, at the main rate",
                 measure=lambda results: _speedup(results, main_rate(results), 1),
                 holds=lambda m: m.above(2.0), rule="more than twice as many steps without batch norm"),
            Case("to the third target, near the best that either reaches, at the main rate",
                 measure=lambda results: _speedup(results, main_rate(results), 2),
                 holds=lambda m: m.above(2.0), rule="more than twice as many steps without batch norm"),
        ),
        verdict="depends",
        figure="ics-distribution-accuracy",
        because="It depends on the target. The lead is large at the start, since the network without batch norm spends hundreds of steps "
                "on a plateau; to an accuracy near that at which both end, the steps differ by less than a factor of two.",
    ),
    Claim(
        "bn-higher-final-accuracy",
        says="A network with batch norm ends at a noticeably higher test accuracy.",
        source="ioffe2015",
        cases=(
            Case("at the last step of the main comparison",
                 measure=lambda results: paired_difference(_at_end(results, "batch norm"), _at_end(results, "none")),
                 holds=lambda m: m.above(0.01), rule="more than one percentage point higher"),
        ),
        verdict="refuted",
        figure="ics-distribution-accuracy",
        because="On this small training set both networks end with almost no training loss and at the same test accuracy, to within a "
                "percentage point.",
    ),
    Claim(
        "steadier-trains-faster",
        says="Training is faster because the distributions move less: the steadier network is the faster one.",
        source="overview",
        cases=(
            Case("with against without batch norm, at the main rate, distances in units of the sigmoid's input",
                 measure=lambda results: _steadier_is_faster(
                     results, "travelled", ("batch norm", main_rate(results)), ("none", main_rate(results))),
                 holds=lambda m: m.above(0.5), rule="the network that moves less is the faster one in most runs"),
            Case("with against without batch norm, at the smallest rate, in the same units",
                 measure=lambda results: _steadier_is_faster(
                     results, "travelled", ("batch norm", _smallest(results)), ("none", _smallest(results))),
                 holds=lambda m: m.above(0.5), rule="the network that moves less is the faster one in most runs"),
            Case("with against without batch norm, at the smallest rate, in standard deviations of the distribution itself",
                 measure=lambda results: _steadier_is_faster(
                     results, "spreads", ("batch norm", _smallest(results)), ("none", _smallest(results))),
                 holds=lambda m: m.above(0.5), rule="the network that moves less is the faster one in most runs"),
            Case("without batch norm, the smallest rate against the main rate, in units of the sigmoid's input",
                 measure=lambda results: _steadier_is_faster(
                     results, "travelled", ("none", _smallest(results)), ("none", main_rate(results))),
                 holds=lambda m: m.above(0.5), rule="the network that moves less is the faster one in most runs"),
        ),
        verdict="depends",
        figure="ics-distribution-rates",
        because="It depends on what is compared, and in which units: less movement goes with more speed in some comparisons and with "
                "less speed in others, so movement alone does not predict the speed.",
    ),
)  # fmt: skip


def _width_before_training(results: xr.Dataset) -> Measurement:
    """Distance between the outer percentiles of the typical unit without batch norm, mean over runs."""
    band = results.band.sel(norm="none", rate=main_rate(results), place="sigmoid input").isel(
        step=0
    )
    return mean(band.isel(percentile=-1).values - band.isel(percentile=0).values)


def _way(
    unit: str, norm: str, rate: Callable[[xr.Dataset], float], place: str = "sigmoid input"
) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(
        moved(results, unit, norm, rate(results), common_step(results), place)
    )


VALUES = {
    "steps_none": lambda results: median(steps_to(results, "none", main_rate(results)), "steps"),
    "steps_bn": lambda results: median(steps_to(results, "batch norm", main_rate(results)), "steps"),
    "speedup": lambda results: _speedup(results, main_rate(results)),
    "speedup_best": _best_speedup,
    "speedup_second": lambda results: _speedup(results, main_rate(results), 1),
    "speedup_third": lambda results: _speedup(results, main_rate(results), 2),
    "reached_smallest_none": lambda results: share(
        np.isfinite(results.steps_to.sel(norm="none", rate=_smallest(results)).isel(target=0).values)),
    "final_none": lambda results: mean(_at_end(results, "none")),
    "final_bn": lambda results: mean(_at_end(results, "batch norm")),
    "width_start_none": _width_before_training,
    "travelled_none": _way("travelled", "none", main_rate),
    "travelled_bn": _way("travelled", "batch norm", main_rate),
    "spreads_none": _way("spreads", "none", main_rate),
    "spreads_bn": _way("spreads", "batch norm", main_rate),
    "spreads_before_bn": _way("spreads", "batch norm", main_rate, "before normalization"),
    "travelled_smallest_none": _way("travelled", "none", _smallest),
    "travelled_smallest_bn": _way("travelled", "batch norm", _smallest),
    "plain_travel_ratio": lambda results: paired_ratio(
        *(moved(results, "travelled", "none", rate, common_step(results)) for rate in (main_rate(results), _smallest(results)))),
    "after_ratio": lambda results: _moved_after(results, "travelled"),
    "target": lambda results: exact(results.target[0]),
    "target_second": lambda results: exact(results.target[1]),
    "target_third": lambda results: exact(results.target[2]),
    "rate": lambda results: exact(main_rate(results)),
    "loss_end_none": lambda results: mean(results.loss.sel(norm="none", rate=main_rate(results)).isel(step=-1).values, "nats"),
    "loss_end_bn": lambda results: mean(results.loss.sel(norm="batch norm", rate=main_rate(results)).isel(step=-1).values, "nats"),
}  # fmt: skip
