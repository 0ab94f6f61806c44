"""Does batch norm keep distributions in a network steady, and does it train faster for it?

Figure 1 of Ioffe & Szegedy 2015: three hidden layers of 100 sigmoids learn handwritten digits, with
batch norm and without, from the same weights and on the same batches. Read are the test accuracy,
in inference mode, and for every unit of the last hidden layer the distribution of what enters its
sigmoid over a fixed probe of test images. How far it has moved is the sum of Wasserstein-1
distances from reading to reading (`experiments.measures.distribution`). The paper does not state
its learning rate. Several are tried; the main one was chosen in a trial with other seeds.
"""

from functools import partial

import numpy as np

from experiments.claims import Case, above, below, depends, refuted
from experiments.data.samples import load, require
from experiments.engine.activations import Sigmoid
from experiments.engine.train import train
from experiments.measures import rates
from experiments.measures.distribution import Paths, last_hidden
from experiments.measures.rates import MAIN, SMALLEST, less_is_faster, speedup, steps_to
from experiments.results import FIRST, LAST, Place, difference, ratio, table, value
from experiments.study import Learning, call, setting
from experiments.training import accuracy, first_reached, log_steps, mlp, optimizer_of, paired

LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}
PERCENTILES = (15, 50, 85)


class Setup(Learning):
    hidden: tuple[int, ...] = setting((100, 100, 100), "sigmoid units in each hidden layer")
    batch: int = setting(60, "images in a training batch")
    rates: tuple[float, ...] = setting((0.1, 0.3, 1.0, 3.0), "learning rates")
    rate: float = setting(1.0, "of the main comparison; in a trial, the best without batch norm")
    steps: int = setting(2000, "training steps at that rate")
    sweep_steps: int = setting(1000, "training steps at the other rates")
    readings: int = setting(72, "steps read at most, evenly spaced on a logarithmic scale")
    probe: int = setting(250, "test images to read distributions on, as many of each digit")
    targets: tuple[float, ...] = setting((0.8, 0.88, 0.92), "accuracies timed, the main one first")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(18, "every random stream is spawned from it")


SMALL = {"hidden": (32, 32, 32), "rates": (0.1, 1.0), "targets": (0.7, 0.8, 0.85), "runs": 4}
LARGE = {"data": "mnist", "rates": (0.01, 0.03, 0.1, 0.3, 1.0, 3.0), "targets": (0.9, 0.97, 0.98)}
QUICK = Setup(**SMALL, steps=800, sweep_steps=400, readings=36, probe=100)
FULL = Setup()
PAPER = Setup(**LARGE, steps=50_000, sweep_steps=50_000, readings=110, probe=1000)


def requires(s):
    """All of MNIST is not bundled: say so before anything runs."""
    require(s.data)


def points(s):
    """Each network at each rate, read at the same steps as far as it is trained."""
    steps, found = log_steps(s.steps, s.readings, s.sweep_steps, s.steps), {}
    for norm in LABELS:
        for rate in s.rates:
            last = s.steps if rate == s.rate else s.sweep_steps
            at = tuple(step for step in steps if step <= last)
            name = f"{norm.replace(' ', '-')}-rate-{rate:g}"
            found[name] = call(read, s, norm=norm, rate=rate, at=at)
    return found


def read(norm, rate, at, data, inputs, optimizer, hidden, batch, probe, targets, runs):
    """Train one network and read it; bands are those of a typical unit of each run."""
    images, paths = load(data, inputs), Paths(np.array(PERCENTILES) / 100)
    model, stream = paired(mlp(hidden, norm, Sigmoid()), images, batch, runs)
    samples, accuracies, losses = images.test.balanced(probe).x[None], [], []
    for moment in train(model, stream, optimizer_of(optimizer, rate), at[-1]):
        if moment.step in at:
            paths.read(last_hidden(moment, samples))
            accuracies.append(accuracy(moment, images.test))
            losses.append(moment.loss.copy())
    reached, band = first_reached(accuracies, at, targets), paths.typical("sigmoid input")
    curve, path, band = "norm rate step run", "norm rate step place run", band.astype(np.float32)
    found = {
        "accuracy": (accuracies, "test accuracy, in inference mode", "1", curve),
        "loss": (losses, "cross-entropy of the training batch", "nats", curve),
        "steps_to": (reached, "first reading at the target", "steps", "norm rate target run"),
        "travelled": (paths.travelled, "path of a unit's distribution, mean of units", "1", path),
        "spreads": (paths.spreads, "the same in standard deviations of its own", "1", path),
        "band": (band, "percentiles of a typical unit", "1", f"{path} percentile"),
    }
    along = {"place": paths.places, "target": targets, "percentile": PERCENTILES}
    return table(found, norm=norm, rate=rate, step=at, run=runs, **along)


# ------------------------------------------------------------------------------------------ claims


def moved(unit, norm, rate=MAIN, place="sigmoid input"):
    """How far each run's distributions moved over the steps common to all rates."""
    return value(unit, norm=norm, rate=rate, step=rates.COMMON_STEP, place=place)


def moved_after(results, norm):
    """The same from where the run without batch norm reaches the main target to the end."""
    path = results["travelled"].sel(norm=norm, rate=MAIN(results), place="sigmoid input")
    start = steps_to("none")(results).astype(int)
    return path.isel(step=-1) - path.sel(step=start, run=start["run"])


def moved_ratio(unit, rate):
    return ratio(moved(unit, "batch norm", rate), moved(unit, "none", rate))


AFTER = ratio(*(value(moved_after, norm) for norm in ("batch norm", "none")))
ACCURACY, LOSS = (value(of, rate=MAIN, step=LAST) for of in ("accuracy", "loss"))
START = value("band", norm="none", rate=MAIN, place="sigmoid input", step=FIRST)
GAIN = difference(ACCURACY.at(norm="batch norm"), ACCURACY.at(norm="none"))
LESS = below(1, "times as far as without batch norm")
HIGHER = above(0.01, "percentage point")
MORE = above(2, "times as many steps without batch norm")
MOST = above(0.5, "% of the runs, in which the network that moves less is the faster one")
INPUT = "in units of the sigmoid's input"
UNITS = {"spreads": "in its own standard deviations", "travelled": INPUT}
PLAIN, PLAIN_SMALL = ("none", MAIN), ("none", SMALLEST)
NORMED, NORMED_SMALL = ("batch norm", MAIN), ("batch norm", SMALLEST)
AGAINST = "with against without batch norm, at the"

CLAIMS = {
    "bn-steadies-distributions": depends(
        "Batch norm keeps the distributions of a layer's inputs more stable during training.",
        source="ioffe2015",
        cases=(
            *(
                Case(f"{words}, at the {which} rate", moved_ratio(unit, rate), LESS)
                for unit, words in UNITS.items()
                for which, rate in (("main", MAIN), ("smallest", SMALLEST))
            ),
            Case(f"{INPUT}, at the main rate, once both are there", AFTER, LESS),
        ),
        because="It depends on the unit and the rate. In its own standard deviations the "
        "distribution moves far less with batch norm. In the units that the sigmoid sees it moves "
        "less at the main rate and more at the smallest, where the network without batch norm "
        "hardly learns, and so hardly moves.",
    ),
    "bn-trains-faster": depends(
        "Batch norm makes training faster.",
        source="ioffe2015",
        cases=(
            Case("to the main target, at the main rate", speedup(), MORE),
            Case("to the main target, each network at its own best rate", rates.BEST_SPEEDUP, MORE),
            Case("to the main target, at the smallest rate, at least", speedup(SMALLEST), MORE),
            Case("to the second target, at the main rate", speedup(target=Place(1)), MORE),
            Case("to the third target, near the best of either", speedup(target=Place(2)), MORE),
        ),
        because="It depends on the target. The lead is large at the start, since the network "
        "without batch norm spends hundreds of steps on a plateau; to an accuracy near that at "
        "which both end, the steps differ by less than a factor of two.",
    ),
    "bn-higher-final-accuracy": refuted(
        "A network with batch norm ends at a noticeably higher test accuracy.",
        source="ioffe2015",
        cases=(Case("at the end, with batch norm minus without", GAIN, HIGHER),),
        because="On this small training set both networks end with almost no training loss and at "
        "the same test accuracy, to within a percentage point.",
    ),
    "steadier-trains-faster": depends(
        "Training is faster because the distributions move less: the steadier network is the "
        "faster one.",
        source="overview",
        cases=tuple(
            Case(f"{words}, {UNITS[unit]}", less_is_faster(partial(moved, unit), *two), MOST)
            for words, unit, *two in (
                (f"{AGAINST} main rate", "travelled", NORMED, PLAIN),
                (f"{AGAINST} smallest rate", "travelled", NORMED_SMALL, PLAIN_SMALL),
                (f"{AGAINST} smallest rate", "spreads", NORMED_SMALL, PLAIN_SMALL),
                ("without, smallest against main rate", "travelled", PLAIN_SMALL, PLAIN),
            )
        ),
        because="It depends on what is compared, and in which units: less movement goes with more "
        "speed in some comparisons and with less speed in others, so movement alone does not "
        "predict the speed.",
    ),
}

NAMES = {"none": "none", "bn": "batch norm"}
TARGETS = {"": FIRST, "_second": Place(1), "_third": Place(2)}
VALUES = {
    **{f"steps_{k}": steps_to(norm).median() for k, norm in NAMES.items()},
    **{f"final_{k}": ACCURACY.at(norm=norm).mean() for k, norm in NAMES.items()},
    **{f"loss_end_{k}": LOSS.at(norm=norm).mean() for k, norm in NAMES.items()},
    **{f"{unit}_{k}": moved(unit, norm).mean() for unit in UNITS for k, norm in NAMES.items()},
    "spreads_before_bn": moved("spreads", "batch norm", place="before normalization").mean(),
    **{f"travelled_smallest_{k}": moved("travelled", n, SMALLEST).mean() for k, n in NAMES.items()},
    "plain_travel_ratio": ratio(moved("travelled", *PLAIN), moved("travelled", *PLAIN_SMALL)),
    "after_ratio": AFTER,
    **{f"speedup{k}": speedup(target=target) for k, target in TARGETS.items()},
    **{f"target{k}": value("target", target=target).exact() for k, target in TARGETS.items()},
    "speedup_best": rates.BEST_SPEEDUP,
    "rate": MAIN.exact(),
    "reached_smallest_none": rates.reached("none", SMALLEST),
    "width_start_none": (START.at(percentile=LAST) - START.at(percentile=FIRST)).mean(),
}
