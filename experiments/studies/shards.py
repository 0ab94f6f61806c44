"""Does batch norm stay the same when a batch is spread over devices?

A Gaussian batch is split over devices, equal ones with one distribution or with means that differ,
and two unequal ones: synchronized, averaged, or each device for itself.
"""

import numpy as np

from experiments.claims import Case, below, depends, supported, within
from experiments.measures.shards import against_one_device, pooled_error
from experiments.results import table, value
from experiments.runs import normal
from experiments.study import Settings, call, setting
from experiments.theory import inference as theory

POOLED_ERROR = "largest distance of the pooled variance from the whole batch's, over the bound"


class Setup(Settings):
    samples: int = setting(64, "samples in the batch that is spread over devices")
    units: int = setting(512, "features of that batch")
    shards: tuple[int, ...] = setting((1, 2, 4, 8, 16, 32), "equal devices")
    uneven: tuple[int, ...] = setting(
        (32, 24, 16, 8, 4, 2, 1), "samples on the second of two devices"
    )
    shift: float = setting(1.0, "standard deviation of the devices' means, where they differ")
    runs: int = setting(16, "batches")
    seed: int = setting(17, "every random stream is spawned from it")


QUICK, FULL, PAPER = Setup(units=32), Setup(), Setup(runs=64)


def points(s):
    found = {}
    for k in s.shards:
        found[f"same-{k}"] = call(equally, s, distribution="same", shift=0.0, shards=k)
        found[f"shifted-{k}"] = call(equally, s, distribution="shifted", shards=k)
        found[f"alone-{k}"] = call(alone, s, shards=k)
    return found | {f"uneven-{n}": call(unequally, s, second=n) for n in s.uneven}


def equally(distribution, shift, shards, samples, units, runs):
    """A batch on so many devices, synchronized, averaged, and each device for itself."""
    rngs = runs.part(3).streams()
    z, dy = normal(rngs, samples, units), normal(rngs, samples, units)
    offsets, sizes = shift * unit_variance(shards), [samples // shards] * shards
    x = z + np.repeat(offsets, samples // shards)[None, :, None]
    means, variances = moments(x, sizes)
    forward, backward = against_one_device(x, dy, shards)
    expected = theory.shard_variance_ratio(sizes, np.var(offsets))
    average = "average of the devices' variances over the whole batch's, means over units"
    apart = "largest distance of synchronized {} from one device's, over the bound"
    found = {
        "pooled_over_bound": (pooled_error(x, means, variances, sizes), POOLED_ERROR),
        "average_ratio": (over_shards(variances) / x.var(axis=1).mean(axis=1), average),
        "average_theory": (expected, f"{average}, in expectation", "1", "distribution shards"),
        "forward_over_bound": (forward, apart.format("outputs")),
        "backward_over_bound": (backward, apart.format("gradients to the input")),
    }
    return table(found, distribution=distribution, shards=shards, run=runs)


def alone(shards, samples, units, runs):
    """The statistics that a device takes of its own shard."""
    x, size = normal(runs.part(3).streams(), samples, units), samples // shards
    means, variances = moments(x, [size] * shards)
    off = variances / (1 - shards / samples) - 1
    noise = [np.sqrt(over_shards(np.square(one))) for one in (means, off)]
    words, known = "standard deviation of a device's own statistics", theory.shard_noise(size)
    found = {
        "noise": (noise, words),
        "noise_theory": (known, f"{words}, closed form", "1", "statistic shards"),
    }
    return table(found, statistic=["mean", "variance"], shards=shards, run=runs)


def unequally(second, samples, units, runs):
    """A batch on two devices, with so many samples on the second."""
    x, sizes = normal(runs.part(3).streams(), samples, units), [samples - second, second]
    means, variances = moments(x, sizes)
    off = np.mean(means, axis=0) - x.mean(axis=1)
    average = "average of two devices' variances over the whole batch's, means over units"
    plain = "error of the plain average of two means, in standard deviations"
    ratio, error = theory.shard_variance_ratio(sizes), theory.average_of_means_error(sizes)
    found = {
        "pooled_uneven": (pooled_error(x, means, variances, sizes), POOLED_ERROR),
        "uneven_ratio": (over_shards(variances) / x.var(axis=1).mean(axis=1), average),
        "uneven_theory": (ratio, f"{average}, closed form", "1", "second"),
        "uneven_mean": (np.sqrt(np.mean(np.square(off), axis=1)), plain),
        "uneven_mean_theory": (error, f"{plain}, closed form", "1", "second"),
    }
    return table(found, second=second, run=runs)


def unit_variance(k):
    """k evenly spaced numbers of mean 0 and variance 1; for one device, 0."""
    steps = np.arange(k) - (k - 1) / 2
    return steps / steps.std() if k > 1 else steps


def moments(x, sizes):
    """Means and variances of shards of x, (run, sample, feature) → (shard, run, feature)."""
    parts = np.split(x, np.cumsum(sizes)[:-1], axis=1)
    return np.array([p.mean(axis=1) for p in parts]), np.array([p.var(axis=1) for p in parts])


def over_shards(values):
    """Mean over shards and units: (shard, run, unit) → (run,), each run added up by itself."""
    return sum(values.sum(axis=2)) / (values.shape[0] * values.shape[2])


# ------------------------------------------------------------------------------------------ claims

APART = "largest distance from the whole batch's"
OVER_WHOLE = "average over the whole batch's variance"
ROUND_OFF, NEARLY = below(1, "times what round-off allows"), within(1, relative=0.05)
COUNTS, POOLED = (2, 4, 8, 16, 32), value("pooled_over_bound")
SAME, SHIFTED = (value("average_ratio", distribution=name) for name in ("same", "shifted"))
# Over their closed forms:
AVERAGE, UNEVEN = (value(f"{of}_ratio") / value(f"{of}_theory") for of in ("average", "uneven"))
NOISE = value("noise") / value("noise_theory")


def known(when, of, tolerance):
    """What was measured is its closed form."""
    return Case(f"{when}, measured over closed form", of.mean(), within(1, relative=tolerance))


CLAIMS = {
    "synchronized-is-whole-batch": supported(
        "Synchronized batch norm computes what one device would compute on the whole batch, "
        "forward and backward.",
        source="reader",
        cases=tuple(
            Case(f"{what}, {APART}", distance.every(), ROUND_OFF)
            for what, distance in (
                ("outputs, all shard counts", value("forward_over_bound")),
                ("gradients, all shard counts", value("backward_over_bound")),
                *((f"mean(var) + var(mean), {k} devices", POOLED.at(shards=k)) for k in COUNTS),
                ("mean(var) + var(mean), two unequal devices", value("pooled_uneven")),
            )
        ),
        because="Mean, variance and count of every shard determine those of the whole, and so do "
        "two sums on the way back.",
    ),
    "average-the-variances": depends(
        "The variance of a batch is the average of its shards' variances.",
        source="reader",
        cases=tuple(
            Case(f"{k} devices, {name} distribution, {OVER_WHOLE}", of.at(shards=k).mean(), NEARLY)
            for name, of, counts in (("same", SAME, (2, 8, 32)), ("shifted", SHIFTED, (2, 8)))
            for k in counts
        ),
        because="The variance between shards is missing: little for large shards alike, most for "
        "small or different ones.",
    ),
    "average-variance-closed-form": supported(
        "Averaged over k equal shards of independent samples the variance is (m − k)/(m − 1) of "
        "the whole batch's, and less by a known factor if devices differ.",
        source="reader",
        # The noisiest are 32 shards of two: 16 × 512 × 32 variances with one degree of freedom err
        # by √(2/262,144) = 0.28 % in the mean, and 1.5 % is five of these.
        cases=tuple(
            known(f"{k} devices{words}", AVERAGE.at(distribution=name, shards=k), 0.015)
            for name, words, counts in (("same", "", COUNTS), ("shifted", ", shifted", (2, 8, 32)))
            for k in counts
        ),
        because="Each of k means takes one degree of freedom where the whole batch spends one.",
    ),
    "own-shard-noise": supported(
        "A device that normalizes by its own shard has statistics as noisy as a batch of that "
        "size has.",
        source="reader",
        # The largest kurtosis is that of shards of two: over 16 × 512 × 32 of them the variance's
        # deviation errs by 0.4 %, and for one device, with 16 × 512 batches, by 0.8 %: 4 % is five
        # of these.
        cases=tuple(
            known(f"{name}, {k} devices", NOISE.at(statistic=name, shards=k), 0.04)
            for name in ("mean", "variance")
            for k in (1, 4, 8, 16, 32)
        ),
        because="Nothing of the other shards enters, so m/k takes the place of m.",
    ),
    "unequal-shards-average": supported(
        "Two unequal shards, averaged as if they were equal, give a variance that is too small by "
        "a closed form.",
        source="reader",
        # The noisiest is a shard of two, half of the average: 16 × 512 variances with one degree of
        # freedom make it err by 0.5 %, and 3 % is six of these.
        cases=tuple(
            known(f"{k} of 64 samples on the second device", UNEVEN.at(second=k), 0.03)
            for k in (24, 8, 4, 2, 1)
        ),
        because="A shard of n samples misses 1/n of the variance, and the plain average counts the "
        "small shard as much as the large one.",
    ),
}

VALUES = {
    "average_8": SAME.at(shards=8).mean(),
    "uneven_1": value("uneven_ratio", second=1).mean(),
    "uneven_mean_1": value("uneven_mean", second=1).mean(),
    "noise_variance_8": value("noise", statistic="variance", shards=8).mean(),
    "noise_variance_1": value("noise", statistic="variance", shards=1).mean(),
}
