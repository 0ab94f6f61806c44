"""Does batch norm stay the same when it is folded away, spread over devices, or computed in fewer digits?

Four parts. A dense layer with batch norm is folded into one layer, in float64, float32 and float16, and both are compared with each other and with
exact arithmetic on the same stored numbers: at several widths, with the mean of what is normalized ever farther from zero (once because of the
layer's bias, once because of its inputs), and with running variances of many sizes. Trained networks are folded, and their predictions
counted. The variance of float32 data is taken by six algorithms. And a batch is split over devices: synchronized, averaged, or each device for itself.

What came out: folding stays within what rounding allows, and in half precision it can err more or less than what it replaces: an offset
that comes from the bias cancels before anything is rounded, one that comes from the inputs does not. Large running variances are what a folded half-precision
layer suffers from, not small ones. Synchronized statistics equal those of the whole batch, averages of the devices' variances do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.data import mnist
from experiments.data.batches import batches
from experiments.engine.activations import ReLU
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.folding import fold
from experiments.engine.initialization import he_normal
from experiments.engine.layer import Arrays
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.standardize import PYTORCH, Convention, Standardize
from experiments.engine.synchronized import combine, synchronized_backward, synchronized_forward
from experiments.engine.train_reading import train
from experiments.measures.statistics import Measurement, exact, mean, paired_ratio, spread
from experiments.theory import inference as theory

UNIT = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11}  # unit round-off
SMALLEST = {
    "float64": 2.0**-1074,
    "float32": 2.0**-149,
    "float16": 2.0**-24,
}  # positive number; half of it is lost in underflow


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    runs: int = 16  # random layers, networks, data sets and batches
    samples: int = 128  # inputs that a layer is compared on
    features: int = 32  # outputs of the layer that is folded
    fan_in: int = 256  # its inputs, where their number is not varied
    fan_ins: tuple[int, ...] = (16, 64, 256, 1024)  # its inputs, where their number is
    offsets: tuple[float, ...] = (
        0.0,
        1.0,
        3.0,
        10.0,
        30.0,
        100.0,
        300.0,
        1000.0,
    )  # mean over standard deviation before batch norm
    scales: tuple[float, ...] = (
        1e-4,
        1e-2,
        1.0,
        1e2,
        1e3,
        1e4,
    )  # standard deviation before batch norm
    width: int = 64  # units in each of the two hidden layers of the networks
    steps: int = 100  # of training the networks
    batch: int = 60  # images in a training batch
    learning_rate: float = 0.1  # of stochastic gradient descent, without momentum
    variance_samples: int = 256  # numbers that a variance is taken of
    variance_units: int = 64  # such sets of numbers in each run
    variance_offsets: tuple[float, ...] = (
        1.0,
        10.0,
        100.0,
        1e3,
        1e4,
        1e5,
    )  # their mean over their standard deviation
    shard_samples: int = 64  # samples in the batch that is spread over devices
    shard_units: int = 512  # features of that batch
    shards: tuple[int, ...] = (1, 2, 4, 8, 16, 32)  # equal devices
    uneven: tuple[int, ...] = (32, 24, 16, 8, 4, 2, 1)  # samples on the second of two devices
    shift: float = 1.0  # standard deviation of the devices' means, where they differ
    seed: int = 17  # every random stream is spawned from it


QUICK = Setup(samples=32, features=8, fan_in=64, steps=10, width=16, variance_samples=64, variance_units=8,
              shard_units=32)  # fmt: skip
FULL, PAPER = Setup(), Setup(runs=64, steps=1000, width=100)


@dataclass(frozen=True)
class Point:
    """One part of the study."""

    part: str  # "layer", "network", "variance" or "shards"
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """One point a part."""
    return {part: Point(part, setup) for part in ("layer", "network", "variance", "shards")}


def run(point: Point) -> xr.Dataset:
    """Compute one part."""
    return {"layer": _layer, "network": _network, "variance": _variance, "shards": _shards}[
        point.part
    ](point.setup)


def _number(name: str, units: str = "1") -> dict[str, str]:
    return {"long_name": name, "units": units}


def _rngs(setup: Setup, part: int) -> list[np.random.Generator]:
    return [
        np.random.default_rng(s)
        for s in np.random.SeedSequence((setup.seed, part)).spawn(setup.runs)
    ]


def _run_axis(setup: Setup) -> np.ndarray:
    return np.arange(setup.runs, dtype=np.int32)


# ------------------------------------------------------------------------------------------------------------- folding a layer


def _layer(setup: Setup) -> xr.Dataset:
    """Every width in three precisions; then offsets and scales in float16."""
    widths = np.array(
        [
            [_fold(setup, precision, k, "bias", 1.0, 1.0)["over_bound"] for k in setup.fan_ins]
            for precision in UNIT
        ]
    )
    offsets = {
        origin: [
            _fold(setup, "float16", setup.fan_in, origin, offset, 1.0) for offset in setup.offsets
        ]
        for origin in ("bias", "inputs")
    }
    scales = [_fold(setup, "float16", setup.fan_in, "bias", 0.0, scale) for scale in setup.scales]

    def stack(name: str) -> np.ndarray:
        return np.array([[found[name] for found in offsets[origin]] for origin in offsets])

    dims = ("origin", "offset", "run")
    return xr.Dataset(
        {
            "fold_over_bound": (("precision", "fan_in", "run"), widths, _number("largest distance of the folded layer, over the bound")),
            "offset_over_bound": (dims, stack("over_bound"), _number("the same in float16, with an offset")),
            "scale_over_bound": (("scale", "run"), np.array([found["over_bound"] for found in scales]),
                                 _number("the same in float16, at every scale")),
            "offset_found": (dims, stack("offset"), _number("mean over standard deviation before batch norm, root mean square over units")),
            "unfolded_error": (dims, stack("unfolded"), _number("root mean square error of the layer with batch norm, float16")),
            "folded_error": (dims, stack("folded"), _number("root mean square error of the folded layer, float16")),
            "unfolded_theory": (dims, stack("theory"), _number("error of the layer with batch norm from rounding its parts")),
            "scale_theory": ("scale", np.array([theory.underflow_rms(setup.fan_in, scale, SMALLEST["float16"]) for scale in setup.scales]),
                             _number("error of the folded layer from the underflow of its weights")),
            "scale_unfolded_error": (("scale", "run"), np.array([found["unfolded"] for found in scales]),
                                     _number("root mean square error of the layer with batch norm, float16")),
            "scale_folded_error": (("scale", "run"), np.array([found["folded"] for found in scales]),
                                   _number("root mean square error of the folded layer, float16")),
        },
        coords={"precision": list(UNIT), "fan_in": np.array(setup.fan_ins, dtype=np.int32), "origin": list(offsets),
                "offset": list(setup.offsets), "scale": list(setup.scales), "run": _run_axis(setup)},
    )  # fmt: skip


def _cast(tree: list[Arrays], dtype: np.dtype) -> list[Arrays]:
    return [{name: a.astype(dtype) for name, a in layer.items()} for layer in tree]


def _fold(
    setup: Setup, precision: str, fan_in: int, origin: str, offset: float, scale: float
) -> dict[str, np.ndarray]:
    """A random layer with batch norm against the same folded, and both against exact arithmetic on the stored numbers; each by run."""
    rngs, dtype = _rngs(setup, 0), np.dtype(precision)
    net = Network((Dense(setup.features), Standardize(convention=PYTORCH), Affine()))
    params, state = net.init(rngs, fan_in, np.float64)
    x = scale * np.stack([rng.standard_normal((setup.samples, fan_in)) for rng in rngs])
    if origin == "inputs":
        x += (
            offset * scale
        )  # Σ w ~ N(0, 1), so the offset of a unit is this times a standard Gaussian
    z = x @ params[0]["weight"]
    if origin == "bias":
        params[0]["bias"] = offset * z.std(axis=1)
        z += params[0]["bias"][:, None]
    params[2] = {"gamma": np.stack([rng.uniform(0.5, 1.5, setup.features) for rng in rngs]),
                 "beta": np.stack([rng.standard_normal(setup.features) for rng in rngs])}  # fmt: skip
    state[1] = {"running_mean": z.mean(axis=1), "running_var": z.var(axis=1)}

    params, x = _cast(params, dtype), x.astype(dtype)
    state = _cast(state, np.promote_types(dtype, np.float32))
    layer = net.forward(params, state, x, training=False)[0].astype(float)
    folded_net, folded_params = fold(net, params, state)
    folded = folded_net.forward(folded_params, [{}], x, training=False)[0].astype(float)

    (dense, _, affine), running, data = (
        _cast(params, np.float64),
        _cast(state, np.float64)[1],
        x.astype(float),
    )
    product = data @ dense["weight"]
    z = product + dense["bias"][:, None]
    factor = (affine["gamma"] / np.sqrt(running["running_var"] + PYTORCH.eps))[:, None]
    scaled = (z - running["running_mean"][:, None]) * factor
    exactly = scaled + affine["beta"][:, None]

    u, smallest = UNIT[precision], SMALLEST[precision]
    magnitude = (
        np.abs(factor)
        * (
            np.abs(data) @ np.abs(dense["weight"])
            + np.abs(dense["bias"])[:, None]
            + np.abs(running["running_mean"])[:, None]
        )
        + np.abs(affine["beta"])[:, None]
    )
    bound = theory.fold_round_off(fan_in, u, min(u, 2.0**-24), magnitude)
    # half the smallest number is lost where a result underflows: each folded weight, and a few results in both
    bound += smallest / 2 * (np.abs(data).sum(axis=2, keepdims=True) + 3 * np.abs(factor) + 6)
    per_unit = (
        (product, z) if origin == "bias" and offset else (product,)
    )  # adding a bias of 0 rounds nothing
    squares = [
        np.square(factor * theory.rounding_rms(part, u, axis=1)[:, None]) for part in per_unit
    ]
    squares += [
        np.square(
            affine["gamma"][:, None]
            * theory.rounding_rms(scaled / affine["gamma"][:, None], u, axis=1)[:, None]
        )
    ]
    squares += [
        np.square(theory.rounding_rms(part, u, axis=1)[:, None]) for part in (scaled, exactly)
    ]
    return {
        "over_bound": np.max(np.abs(layer - folded) / bound, axis=(1, 2)),
        "unfolded": np.sqrt(np.mean(np.square(layer - exactly), axis=(1, 2))),
        "folded": np.sqrt(np.mean(np.square(folded - exactly), axis=(1, 2))),
        "theory": np.sqrt(np.mean(sum(squares), axis=(1, 2))),
        "offset": np.sqrt(np.mean(np.square(z.mean(axis=1)) / z.var(axis=1), axis=1)),
    }  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- folding a network


def _network(setup: Setup) -> xr.Dataset:
    """Networks trained on MNIST-5k in float32, then evaluated with and without folding in each precision."""
    seeds = np.random.SeedSequence((setup.seed, 1)).spawn(setup.runs)
    init, data = zip(
        *([np.random.default_rng(s) for s in seed.spawn(2)] for seed in seeds), strict=True
    )
    block = (
        Dense(setup.width, weights=he_normal),
        Standardize(convention=PYTORCH),
        Affine(),
        ReLU(),
    )
    net, digits = Network((*block, *block, Dense(10))), mnist.load()
    params, state = net.init(init, features=784, dtype=np.float32)
    instruments = {
        f"{i} {name}": lambda moment, i=i, name=name: moment.params[i][name]
        for i, layer in enumerate(params)
        for name in layer
    }
    instruments |= {
        f"{i} {name}": lambda moment, i=i, name=name: moment.state[i][name]
        for i, layer in enumerate(state)
        for name in layer
    }
    stream = batches(digits.train_x, digits.train_labels, setup.batch, data)
    ((_, read),) = train(
        net, params, state, stream, SGD(setup.learning_rate), (setup.steps,), instruments
    )
    params = [{name: read[f"{i} {name}"] for name in layer} for i, layer in enumerate(params)]
    state = [{name: read[f"{i} {name}"] for name in layer} for i, layer in enumerate(state)]

    distance, changed, accuracy = [], [], []
    for precision in UNIT:
        stored = _cast(params, np.dtype(precision))
        running = _cast(state, np.promote_types(precision, np.float32))
        x = digits.test_x[None].astype(precision)
        plain, _, _ = net.forward(stored, running, x, training=False)
        folded_net, folded_params = fold(net, stored, running)
        folded, _, _ = folded_net.forward(
            folded_params, [{}] * len(folded_net.layers), x, training=False
        )
        distance.append(np.abs(plain.astype(float) - folded.astype(float)).max(axis=(1, 2)))
        changed.append((plain.argmax(axis=2) != folded.argmax(axis=2)).mean(axis=1))
        accuracy.append(
            [(y.argmax(axis=2) == digits.test_labels).mean(axis=1) for y in (plain, folded)]
        )
    return xr.Dataset(
        {
            "logit_distance": (("precision", "run"), np.array(distance), _number("largest distance between logits with and without folding")),
            "changed": (("precision", "run"), np.array(changed), _number("share of test images whose predicted digit changes")),
            "accuracy": (("precision", "form", "run"), np.array(accuracy), _number("test accuracy")),
        },
        coords={"precision": list(UNIT), "form": ["unfolded", "folded"], "run": _run_axis(setup)},
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------- the variance, by six algorithms


def _one_pass(x: np.ndarray) -> np.ndarray:
    return np.square(x).mean(axis=1) - np.square(x.mean(axis=1))


def _two_pass(x: np.ndarray) -> np.ndarray:
    return np.square(x - x.mean(axis=1, keepdims=True)).mean(axis=1)


def _welford(x: np.ndarray) -> np.ndarray:
    """One sample after another: mean ← mean + (x − mean)/k, and the squares grow by (x − old mean)(x − new mean)."""
    average, squares = np.zeros_like(x[:, 0]), np.zeros_like(x[:, 0])
    for k in range(x.shape[1]):
        off = x[:, k] - average
        average = average + off / x.dtype.type(k + 1)
        squares = squares + off * (x[:, k] - average)
    return squares / x.dtype.type(x.shape[1])


def _combined(x: np.ndarray) -> np.ndarray:
    """Two passes over each of eight parts, then `combine`."""
    parts = np.split(x, 8, axis=1)
    return combine(
        [p.mean(axis=1) for p in parts], [_two_pass(p) for p in parts], [p.shape[1] for p in parts]
    )[1]


def _engine(x: np.ndarray) -> np.ndarray:
    return Standardize().forward({}, _engine_state(x), x, training=True)[1]["var"]


def _engine_state(x: np.ndarray) -> Arrays:
    shape = (x.shape[0], x.shape[2])
    return {"running_mean": np.zeros(shape, x.dtype), "running_var": np.ones(shape, x.dtype)}


ALGORITHMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "one pass": _one_pass,
    "Welford": _welford,
    "in parts": _combined,
    "two passes": _two_pass,
    "one pass, shifted": lambda x: _one_pass(x - x[:, :1]),
    "two passes, shifted": _engine,
}


def _variance(setup: Setup) -> xr.Dataset:
    """The relative error of the float32 variance, by algorithm and offset."""
    rngs, m = _rngs(setup, 2), setup.variance_samples
    z = np.stack([rng.standard_normal((m, setup.variance_units)) for rng in rngs])
    error, worst = np.empty((2, len(ALGORITHMS), len(setup.variance_offsets), setup.runs))
    bounded, unit = np.empty((2, len(setup.variance_offsets), setup.runs)), UNIT["float32"]
    for j, offset in enumerate(setup.variance_offsets):
        x = (offset + z).astype(np.float32)
        true = x.astype(float).var(axis=1)
        off = np.array([algorithm(x).astype(float) / true - 1 for algorithm in ALGORITHMS.values()])
        error[:, j], worst[:, j] = np.sqrt(np.mean(np.square(off), axis=2)), np.abs(off).max(axis=2)
        names = list(ALGORITHMS)
        one = theory.one_pass_round_off(m, unit, np.square(x.astype(float)).mean(axis=1) / true)
        two = theory.two_pass_round_off(
            m, unit, np.abs(x.astype(float)).max(axis=1) / np.sqrt(true)
        )
        bounded[0, j] = np.max(np.abs(off[names.index("one pass")]) / one, axis=1)
        bounded[1, j] = np.max(np.abs(off[names.index("two passes")]) / two, axis=1)
    squared = 1 + np.square(np.array(setup.variance_offsets))
    return xr.Dataset(
        {
            "variance_error": (("algorithm", "variance_offset", "run"), error, _number("root mean square relative error of the variance, float32")),
            "variance_worst": (("algorithm", "variance_offset", "run"), worst, _number("largest relative error of the variance, float32")),
            "variance_over_bound": (("passes", "variance_offset", "run"), bounded, _number("largest error over its bound")),
            "variance_scale": ("variance_offset", unit * squared, _number("u (1 + mean²/variance)")),
        },
        coords={"algorithm": list(ALGORITHMS), "variance_offset": list(setup.variance_offsets), "passes": ["one", "two"],
                "run": _run_axis(setup)},
    )  # fmt: skip


# ----------------------------------------------------------------------------------------------------- a batch on several devices


def _shards(setup: Setup) -> xr.Dataset:
    """Equal shards with one distribution and with shifted ones; then two unequal shards."""
    rngs, n = _rngs(setup, 3), setup.shard_samples
    z, dy = (
        np.stack([rng.standard_normal((n, setup.shard_units)) for rng in rngs]) for _ in range(2)
    )
    shape = (2, len(setup.shards), setup.runs)
    identity, ratio, same, same_backward = (np.empty(shape) for _ in range(4))
    ratio_theory, noise, noise_theory = (
        np.empty(shape[:2]),
        np.empty((2, *shape[1:])),
        np.empty((2, shape[1])),
    )
    for s, shift in enumerate((0.0, setup.shift)):
        for j, k in enumerate(setup.shards):
            offsets = shift * _unit_variance(k)
            x = z + np.repeat(offsets, n // k)[None, :, None]
            identity[s, j], ratio[s, j], means, variances = _split(x, [n // k] * k)
            ratio_theory[s, j] = theory.shard_variance_ratio([n // k] * k, np.var(offsets))
            same[s, j], same_backward[s, j] = _against_one_device(x, dy, k)
            if not shift:
                noise[0, j] = np.sqrt(np.mean(np.square(means), axis=(0, 2)))
                noise[1, j] = np.sqrt(np.mean(np.square(variances / (1 - k / n) - 1), axis=(0, 2)))
                noise_theory[:, j] = theory.shard_noise(n / k)
    sizes = [[n - second, second] for second in setup.uneven]
    uneven = [_split(z, pair) for pair in sizes]
    means_off = [
        np.sqrt(np.mean(np.square(np.mean(means, axis=0) - z.mean(axis=1)), axis=1))
        for _, _, means, _ in uneven
    ]
    equal = ("distribution", "shards", "run")
    return xr.Dataset(
        {
            "pooled_over_bound": (equal, identity, _number("largest distance of the pooled variance from the whole batch's, over the bound")),
            "pooled_uneven": (("second", "run"), np.array([found[0] for found in uneven]),
                              _number("the same for two unequal shards")),
            "average_ratio": (equal, ratio, _number("average of the devices' variances over the whole batch's, means over units")),
            "average_theory": (equal[:2], ratio_theory, _number("the same in expectation, closed form")),
            "forward_over_bound": (equal, same, _number("largest distance of synchronized outputs from one device's, over the bound")),
            "backward_over_bound": (equal, same_backward, _number("the same for the gradient to the input")),
            "noise": (("statistic", "shards", "run"), noise, _number("standard deviation of a device's own statistics")),
            "noise_theory": (("statistic", "shards"), noise_theory, _number("the same, closed form")),
            "uneven_ratio": (("second", "run"), np.array([found[1] for found in uneven]),
                             _number("average of two devices' variances over the whole batch's, means over units")),
            "uneven_theory": ("second", np.array([theory.shard_variance_ratio(pair) for pair in sizes]), _number("the same, closed form")),
            "uneven_mean": (("second", "run"), np.array(means_off), _number("error of the plain average of two means, in standard deviations")),
            "uneven_mean_theory": ("second", np.array([theory.average_of_means_error(pair) for pair in sizes]),
                                   _number("the same, closed form")),
        },
        coords={"distribution": ["same", "shifted"], "shards": np.array(setup.shards, dtype=np.int32), "statistic": ["mean", "variance"],
                "second": np.array(setup.uneven, dtype=np.int32), "run": _run_axis(setup)},
    )  # fmt: skip


def _unit_variance(k: int) -> np.ndarray:
    """k evenly spaced numbers of mean 0 and variance 1; for one device, 0."""
    steps = np.arange(k) - (k - 1) / 2
    return steps / steps.std() if k > 1 else steps


def _split(
    x: np.ndarray, sizes: list[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Error of the pooled variance over its bound by run, ratio of averages by run, and the shards' means and variances (shard, run, feature)."""
    parts = np.split(x, np.cumsum(sizes)[:-1], axis=1)
    means, variances = (
        np.array([p.mean(axis=1) for p in parts]),
        np.array([p.var(axis=1) for p in parts]),
    )
    whole, pooled = x.var(axis=1), combine(means, variances, sizes)[1]
    kappa = np.abs(x).max(axis=1) / np.sqrt(whole)
    bound = theory.pooled_round_off(x.shape[1], UNIT["float64"], kappa)
    error = np.max(np.abs(pooled / whole - 1) / bound, axis=1)
    return error, variances.mean(axis=(0, 2)) / whole.mean(axis=1), means, variances


def _against_one_device(
    x: np.ndarray, dy: np.ndarray, shards: int
) -> tuple[np.ndarray, np.ndarray]:
    """Largest distance of synchronized outputs and gradients from those of `Standardize` on the whole batch, over bounds for round-off."""
    layer = Standardize(convention=Convention(eps=1e-5, rate=0.1, unbiased=True))
    y, saved, _ = layer.forward({}, _engine_state(x), x, training=True)
    dx, _ = layer.backward({}, saved, dy)
    outputs, kept = synchronized_forward(np.split(x, shards, axis=1), eps=1e-5)
    gradients = synchronized_backward(kept, np.split(dy, shards, axis=1))
    m, inv_std = x.shape[1], saved["inv_std"][:, None]
    kappa = np.maximum(1, np.abs(x).max(axis=1, keepdims=True) * inv_std)
    bound = theory.normalization_round_off(m, UNIT["float64"], kappa, one_pass=False)
    backward = 4 * np.sqrt(m) * bound * inv_std * np.abs(dy).max(axis=1, keepdims=True)
    distance = (
        np.abs(np.concatenate(outputs, axis=1) - y),
        np.abs(np.concatenate(gradients, axis=1) - dx),
    )
    return np.max(distance[0] / bound, axis=(1, 2)), np.max(distance[1] / backward, axis=(1, 2))


# ------------------------------------------------------------------------------------------------------------ what is claimed

Measure = Callable[[xr.Dataset], Measurement]


def _all(variable: str, **at) -> Measure:
    """Every instance: the median, and an interval that covers all."""
    return lambda results: spread(results[variable].sel(**at).values)


def _mean(variable: str, **at) -> Measure:
    return lambda results: mean(results[variable].sel(**at).values)


def _over(variable: str, closed_form: str, **at) -> Measure:
    """Measured over closed form."""
    return lambda results: mean(
        (results[variable].sel(**at) / results[closed_form].sel(**at)).values
    )


def _fold_cost(prefix: str = "", **at) -> Measure:
    """Error of the folded layer over that of the layer with batch norm, run by run."""
    return lambda results: paired_ratio(
        results[f"{prefix}folded_error"].sel(**at).values,
        results[f"{prefix}unfolded_error"].sel(**at).values,
    )


def _largest_error(algorithm: str, offset: float) -> Measure:
    return lambda results: exact(
        results["variance_worst"].sel(algorithm=algorithm, variance_offset=offset).max().item()
    )


def _growth(algorithm: str) -> Measure:
    """Exponent with which the error grows with the offset, from a hundred to ten thousand."""

    def measure(results):
        at = results["variance_error"].sel(algorithm=algorithm)
        return mean(
            np.log(at.sel(variance_offset=1e4) / at.sel(variance_offset=100.0)).values / np.log(100)
        )

    return measure


CLAIMS = (
    Claim(
        id="folding-is-exact",
        says="In evaluation batch norm folds into the dense layer in front of it, exactly but for round-off.",
        source="reader",
        cases=(
            *(Case(f"{precision}, {k} inputs", _all("fold_over_bound", precision=precision, fan_in=k), lambda m: m.below(1),
                   "every output within the bound for round-off")
              for precision in UNIT for k in FULL.fan_ins),
            Case("float16, with an offset, all offsets and both origins", _all("offset_over_bound"), lambda m: m.below(1),
                 "every output within the bound for round-off"),
            Case("float16, running variances of all sizes", _all("scale_over_bound"), lambda m: m.below(1),
                 "every output within the bound for round-off and underflow"),
        ),
        verdict="supported",
        figure="deployment-folding",
        because="With fixed statistics batch norm is a scale and a shift of each feature, and so part of a linear layer.",
    ),
    Claim(
        id="folding-loses-in-half-precision",
        says="In half precision the folded layer is less accurate than the layer with batch norm.",
        source="reader",
        cases=(
            *(Case(f"offset {offset:g} from the {origin}", _fold_cost(origin=origin, offset=offset), lambda m: m.above(1.2),
                   "at least 1.2 times the error, against exact arithmetic on the stored numbers")
              for origin, offset in (("bias", 0.0), ("bias", 10.0), ("bias", 1000.0), ("inputs", 10.0), ("inputs", 1000.0))),
            Case("running variance 1e8", _fold_cost("scale_", scale=1e4), lambda m: m.above(1.2),
                 "at least 1.2 times the error, against exact arithmetic on the stored numbers"),
        ),
        verdict="depends",
        figure="deployment-folding",
        because="A bias cancels against the running mean before rounding; an offset of the inputs, or weights that underflow, cost digits.",
    ),
    Claim(
        id="small-running-variances-break-folding",
        says="Small running variances make the folded weights so large that half precision breaks.",
        source="reader",
        cases=tuple(
            Case(f"running variance {scale**2:.0e}", _fold_cost("scale_", scale=scale), lambda m: m.above(2),
                 "at least twice the error of the layer with batch norm")
            for scale in (1e-4, 1e-2)
        ),
        verdict="refuted",
        figure="deployment-scale",
        because="ε keeps the factor below γ/√ε, far from overflow, and short of that floating-point numbers keep their digits at any scale.",
    ),
    Claim(
        id="half-precision-error-is-rounding",
        says="In half precision the error of batch norm grows with the distance of its input from zero, as rounding that input predicts.",
        source="reader",
        # roundings are even over a spacing only nearly: values of one unit share a few binades. 16 runs of 32 units, errors
        # of each unit's 128 samples: half a per cent; 5 % leaves room for roundings of statistics, u/4096 of them
        cases=tuple(
            Case(f"offset {offset:g} from the inputs", _over("unfolded_error", "unfolded_theory", origin="inputs", offset=offset),
                 lambda m: m.within(1, relative=0.05), "measured over closed form within 5 % of 1")
            for offset in (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
        ),
        verdict="supported",
        figure="deployment-folding",
        because="What is stored in half precision is rounded to eleven bits, and subtracting the mean then leaves the rounding.",
    ),
    Claim(
        id="folding-changes-predictions",
        says="Folding changes the predictions of a trained network.",
        source="reader",
        cases=tuple(
            Case(precision, _mean("changed", precision=precision), lambda m: m.above(1e-3), "more than one test image in a thousand")
            for precision in UNIT
        ),
        verdict="refuted",
        figure="deployment-precision",
        because="Logits move by round-off only, and hardly ever are two digits that near to each other.",
    ),
    Claim(
        id="one-pass-variance-is-enough",
        says="A variance may be taken in one pass, as E[x²] − E[x]², in float32.",
        source="reader",
        cases=tuple(
            Case(f"mean {offset:g} standard deviations from zero", _largest_error("one pass", offset), lambda m: m.below(0.01),
                 "no variance wrong by more than 1 %")
            for offset in (1.0, 10.0, 1e3, 1e4)
        ),
        verdict="depends",
        figure="deployment-variance",
        because="Its error grows with the square of the mean over the standard deviation.",
    ),
    Claim(
        id="one-pass-error-is-bounded",
        says="The one-pass variance errs by at most (3m + 3) u (1 + μ²/σ²), and its error grows as the square of the offset.",
        source="reader",
        cases=(
            *(Case(f"offset {offset:g}, over the bound", _all("variance_over_bound", passes="one", variance_offset=offset),
                   lambda m: m.below(1), "every error within the bound")
              for offset in (10.0, 100.0, 1e3, 1e4)),
            # the error at one offset has a spread of its own, up to a factor of 2 between binades of x²: 0.15 on the exponent over two decades
            Case("growth from offset 100 to 10,000", _growth("one pass"), lambda m: m.within(2, absolute=0.2), "exponent within 0.2 of 2"),
        ),
        verdict="supported",
        figure="deployment-variance",
        because="E[x²] and E[x]² are that many times as large as their difference, and each is rounded.",
    ),
    Claim(
        id="shifting-cures-one-pass",
        says="Subtracting the first sample cures the one-pass variance of Gaussian data.",
        source="chan1983",
        cases=tuple(
            Case(f"offset {offset:g}", _largest_error("one pass, shifted", offset), lambda m: m.below(1e-3),
                 "no variance wrong by more than one thousandth")
            for offset in (10.0, 100.0, 1e3, 1e4, 1e5)
        ),
        verdict="supported",
        figure="deployment-variance",
        because="The first sample lies a few standard deviations from the mean, wherever the mean is.",
    ),
    Claim(
        id="welford-cures-one-pass",
        says="Welford's updates make the variance independent of where the mean lies.",
        source="reader",
        cases=(
            Case("growth from offset 100 to 10,000", _growth("Welford"), lambda m: m.within(0, absolute=0.2), "exponent within 0.2 of 0"),
        ),
        verdict="refuted",
        figure="deployment-variance",
        because="Its running mean is rounded at every sample, so the error grows with the offset, though not with its square.",
    ),
    Claim(
        id="synchronized-is-whole-batch",
        says="Synchronized batch norm computes what one device would compute on the whole batch, forward and backward.",
        source="reader",
        cases=(
            Case("outputs, all shard counts", _all("forward_over_bound"), lambda m: m.below(1), "within the bound for round-off"),
            Case("gradients, all shard counts", _all("backward_over_bound"), lambda m: m.below(1), "within the bound for round-off"),
            *(Case(f"pooled variance, {k} devices", _all("pooled_over_bound", shards=k), lambda m: m.below(1),
                   "mean(var) + var(mean) within the bound for round-off of the whole batch's variance")
              for k in (2, 4, 8, 16, 32)),
            Case("pooled variance, two unequal devices", _all("pooled_uneven"), lambda m: m.below(1),
                 "within the bound for round-off of the whole batch's variance"),
        ),
        verdict="supported",
        figure="deployment-shards",
        because="Mean, variance and count of every shard determine those of the whole, and so do two sums on the way back.",
    ),
    Claim(
        id="average-the-variances",
        says="The variance of a batch is the average of its shards' variances.",
        source="reader",
        cases=tuple(
            Case(f"{k} devices, {name} distribution", _mean("average_ratio", shards=k, distribution=name), lambda m: m.within(1, relative=0.05),
                 "within 5 % of the whole batch's")
            for name, k in (("same", 2), ("same", 8), ("same", 32), ("shifted", 2), ("shifted", 8))
        ),
        verdict="depends",
        figure="deployment-shards",
        because="The variance between shards is missing: little for large shards alike, most for small or different ones.",
    ),
    Claim(
        id="average-variance-closed-form",
        says="Averaged over k equal shards of independent samples the variance is (m − k)/(m − 1) of the whole batch's, and less by a known factor if devices differ.",
        source="reader",
        # the noisiest are 32 shards of two: 16 × 512 × 32 variances with one degree of freedom err by √(2/262,144) = 0.28 % in the mean,
        # and 1.5 % is five of these
        cases=(
            *(Case(f"{k} devices", _over("average_ratio", "average_theory", shards=k, distribution="same"), lambda m: m.within(1, relative=0.015),
                   "measured over closed form within 1.5 % of 1")
              for k in (2, 4, 8, 16, 32)),
            *(Case(f"{k} devices, shifted", _over("average_ratio", "average_theory", shards=k, distribution="shifted"),
                   lambda m: m.within(1, relative=0.015), "measured over closed form within 1.5 % of 1")
              for k in (2, 8, 32)),
        ),
        verdict="supported",
        figure="deployment-shards",
        because="Each of k means takes one degree of freedom where the whole batch spends one.",
    ),
    Claim(
        id="own-shard-noise",
        says="A device that normalizes by its own shard has statistics as noisy as a batch of that size has.",
        source="reader",
        # the largest kurtosis is that of shards of two: over 16 × 512 × 32 of them the variance's deviation errs by 0.4 %, and for one
        # device, with 16 × 512 batches, by 0.8 %: 4 % is five of these
        cases=tuple(
            Case(f"{statistic}, {k} devices", _over("noise", "noise_theory", statistic=statistic, shards=k), lambda m: m.within(1, relative=0.04),
                 "measured over closed form within 4 % of 1")
            for statistic in ("mean", "variance") for k in (1, 4, 8, 16, 32)
        ),
        verdict="supported",
        figure="deployment-noise",
        because="Nothing of the other shards enters, so m/k takes the place of m.",
    ),
    Claim(
        id="unequal-shards-average",
        says="Two unequal shards, averaged as if they were equal, give a variance that is too small by a closed form.",
        source="reader",
        # the noisiest is a shard of two, half of the average: 16 × 512 variances with one degree of freedom make it err by 0.5 %, and 3 % is
        # six of these
        cases=tuple(
            Case(f"{second} of 64 samples on the second device", _over("uneven_ratio", "uneven_theory", second=second),
                 lambda m: m.within(1, relative=0.03), "measured over closed form within 3 % of 1")
            for second in (24, 8, 4, 2, 1)
        ),
        verdict="supported",
        figure="deployment-shards",
        because="A shard of n samples misses 1/n of the variance, and the plain average counts the small shard as much as the large one.",
    ),
)  # fmt: skip

VALUES: dict[str, Measure] = {
    "fold_worst": lambda results: exact(
        max(
            results[name].max().item()
            for name in ("fold_over_bound", "offset_over_bound", "scale_over_bound")
        )
    ),
    "changed_float16": _mean("changed", precision="float16"),
    "accuracy_half": _mean("accuracy", precision="float16", form="folded"),
    "accuracy_half_unfolded": _mean("accuracy", precision="float16", form="unfolded"),
    "cost_bias": _fold_cost(origin="bias", offset=1000.0),
    "cost_inputs": _fold_cost(origin="inputs", offset=1000.0),
    "cost_small": _fold_cost("scale_", scale=1e-4),
    "cost_large": _fold_cost("scale_", scale=1e4),
    "one_pass_far": _largest_error("one pass", 1e4),
    "two_pass_far": _largest_error("two passes", 1e5),
    "shifted_far": _largest_error("one pass, shifted", 1e5),
    "engine_far": _largest_error("two passes, shifted", 1e5),
    "growth_one_pass": _growth("one pass"),
    "growth_welford": _growth("Welford"),
    "average_8": _mean("average_ratio", shards=8, distribution="same"),
    "uneven_1": _mean("uneven_ratio", second=1),
    "uneven_mean_1": _mean("uneven_mean", second=1),
    "noise_variance_8": _mean("noise", statistic="variance", shards=8),
    "noise_variance_1": _mean("noise", statistic="variance", shards=1),
} | {
    f"logits_{precision}": lambda results, p=precision: exact(
        results["logit_distance"].sel(precision=p).max().item()
    )
    for precision in UNIT
}
