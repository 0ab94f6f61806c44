"""Why do training mode and evaluation mode disagree, even when the running statistics have converged?

Four settings in which nothing is left to converge. Twenty normalizations in a row that see one and the same batch for ever;
the same with fresh batches, evaluated on a large sample; a random network of twenty dense, batch norm and ReLU blocks; and one fixed
example among neighbours drawn anew. Each is run with Bessel's correction in the running variance (PyTorch) and without
(Keras, Flax), with ε = 0, so that closed forms are exact.

What came out: with the correction, every layer after the first divides by a variance that is too large by m/(m−1), because a
normalized batch has variance exactly one, so the output shrinks geometrically with depth. Without, only the first layer is off, once. In
training mode one example's value is a random variable with a known distribution; in evaluation mode it is a number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.engine.activations import ReLU
from experiments.engine.dense import Dense
from experiments.engine.initialization import he_normal
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Convention, Standardize
from experiments.measures.statistics import (
    Measurement,
    mean,
    paired_difference,
    paired_ratio,
    spread,
)
from experiments.theory import inference as theory

CONVENTIONS = (
    "unbiased",
    "biased",
)  # the running variance with divisor m − 1 (PyTorch) or m (Keras, Flax)
QUANTILES = (0.025, 0.5, 0.975)


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    runs: int = 16  # independent runs; both conventions see the same batches
    batches: tuple[int, ...] = (
        4,
        8,
        16,
        32,
        64,
        128,
    )  # batch sizes of the stacks of normalizations
    layers: int = 20  # normalizations in a row
    features: int = 16  # units of a stack
    fixed_steps: int = 100  # updates on the batch that never changes
    fixed_rate: float = (
        0.3  # update rate on the batch that never changes: the start fades to round-off
    )
    fresh_steps: int = 300  # updates on fresh batches, in the stacks and in the network
    fresh_rate: float = (
        0.03  # update rate on fresh batches: small, so that the running averages are quiet
    )
    population: int = 4096  # fresh samples that stand for the population
    network_batches: tuple[int, ...] = (64,)  # batch sizes of the random network
    width: int = 64  # units of a layer of the random network
    example_batches: tuple[int, ...] = (
        4,
        8,
        16,
        32,
        64,
        128,
        256,
    )  # batch sizes around the one example
    examples: tuple[float, ...] = (
        0.0,
        1.0,
        2.0,
    )  # where the one example stands, in standard deviations
    neighbours: int = 4000  # draws of the rest of the example's batch, in each run
    seed: int = 2  # every random stream is spawned from it


QUICK = Setup(batches=(4, 64), layers=20, features=2, fresh_steps=150, width=16, population=1024,
              example_batches=(8, 64), neighbours=1000)  # fmt: skip
FULL = Setup()
PAPER = Setup(runs=64, batches=(2, 4, 8, 16, 32, 64, 128, 256, 512), fresh_steps=2000, fresh_rate=0.01,
              network_batches=(16, 64, 256), width=256, neighbours=20000)  # fmt: skip


@dataclass(frozen=True)
class Point:
    """One setting at one batch size."""

    part: str  # "fixed", "fresh", "network" or "example"
    batch: int
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """Every setting at every one of its batch sizes."""
    sizes = {"fixed": setup.batches, "fresh": setup.batches, "network": setup.network_batches,
             "example": setup.example_batches}  # fmt: skip
    return {
        f"{part}-{m}": Point(part, m, setup) for part, batches in sizes.items() for m in batches
    }


def run(point: Point) -> xr.Dataset:
    """Measure one setting at one batch size."""
    parts = {"fixed": _fixed, "fresh": _fresh, "network": _network, "example": _example}
    part = list(parts).index(point.part)
    rngs = [np.random.default_rng(s)
            for s in np.random.SeedSequence((point.setup.seed, part, point.batch)).spawn(point.setup.runs)]  # fmt: skip
    return parts[point.part](point.setup, point.batch, rngs)


def _normal(rngs: list[np.random.Generator], *shape: int) -> np.ndarray:
    return np.stack([rng.standard_normal(shape) for rng in rngs])


def _convention(name: str, rate: float) -> Convention:
    return replace(PYTORCH, eps=0.0, rate=rate, unbiased=name == "unbiased")


def _octave(m: int) -> np.ndarray:
    """Batch sizes from m to just below 2 m, for a smooth line of the closed form between measured batch sizes."""
    return np.unique(np.linspace(m, 2 * m, 8, endpoint=False).astype(np.int32))


def _stack(
    setup: Setup, convention: Convention, rngs: list[np.random.Generator]
) -> tuple[Network, list, list]:
    net = Network((Standardize(convention=convention),) * setup.layers)
    return net, *net.init(rngs, features=setup.features, dtype=np.float64)


def _by_layer(name: str, m: int, values: list, theory_values: list, long_name: str) -> xr.Dataset:
    """A quantity for (convention, batch, layer, run), and its closed form for (convention, batch, layer)."""
    values = np.array(values)[:, None]  # one batch size in the middle
    return xr.Dataset(
        {
            name: (("convention", "batch", "layer", "run"), values, {"long_name": long_name, "units": "1"}),
            f"{name}_theory": (("convention", "batch", "layer"), np.array(theory_values)[:, None],
                               {"long_name": f"{long_name}, closed form", "units": "1"}),
        },
        coords={"convention": list(CONVENTIONS), "batch": np.array([m], dtype=np.int32),
                "layer": np.arange(1, values.shape[2] + 1, dtype=np.int32),
                "run": np.arange(values.shape[3], dtype=np.int32)},
    )  # fmt: skip


def _fixed(setup: Setup, m: int, rngs: list[np.random.Generator]) -> xr.Dataset:
    """The same batch for ever: the running statistics become that batch's, and still the two modes differ."""
    x = 3.0 + 2.0 * _normal(rngs, m, setup.features)
    measured, expected, depths = [], [], np.arange(1, setup.layers + 1)
    for name in CONVENTIONS:
        net, params, state = _stack(setup, _convention(name, setup.fixed_rate), rngs)
        for _ in range(setup.fixed_steps):
            _, _, state = net.forward(params, state, x, training=True)
        trained = _outputs(net, params, state, x, training=True)
        evaluated = _outputs(net, params, state, x, training=False)
        measured.append(
            [
                (e.std(axis=1) / t.std(axis=1)).mean(axis=1)
                for e, t in zip(evaluated, trained, strict=True)
            ]
        )
        expected.append(np.sqrt(theory.eval_variance_fixed_batch(depths, m, name == "unbiased")))
    result = _by_layer(
        "fixed_std", m, measured, expected, "standard deviation in eval mode, over training mode's"
    )
    curve = np.sqrt(theory.eval_variance_fixed_batch(depths, _octave(m)[:, None], unbiased=True))
    return result.assign_coords(curve_batch=_octave(m)).assign(
        fixed_std_curve=(
            ("curve_batch", "layer"),
            curve,
            {"long_name": "the closed form with the correction", "units": "1"},
        )
    )


def _fresh(setup: Setup, m: int, rngs: list[np.random.Generator]) -> xr.Dataset:
    """Fresh batches; the output's standard deviation over the population, which training mode would make one."""
    nets = [_stack(setup, _convention(name, setup.fresh_rate), rngs) for name in CONVENTIONS]
    states = [state for _, _, state in nets]
    for _ in range(setup.fresh_steps):
        x = 3.0 + 2.0 * _normal(rngs, m, setup.features)
        states = [net.forward(params, state, x, training=True)[2]
                  for (net, params, _), state in zip(nets, states, strict=True)]  # fmt: skip
    x = 3.0 + 2.0 * _normal(rngs, setup.population, setup.features)
    measured, expected, depths = [], [], np.arange(1, setup.layers + 1)
    for name, (net, params, _), state in zip(CONVENTIONS, nets, states, strict=True):
        outputs = _outputs(net, params, state, x, training=False)
        measured.append([np.sqrt(y.var(axis=1).mean(axis=1)) for y in outputs])
        expected.append(np.sqrt(theory.eval_variance_population(depths, m, name == "unbiased")))
    return _by_layer(
        "fresh_std", m, measured, expected, "standard deviation over the population in eval mode"
    )


def _network(setup: Setup, m: int, rngs: list[np.random.Generator]) -> xr.Dataset:
    """Random dense, batch norm, ReLU blocks; and one example beside two different sets of neighbours."""
    nets, states = [], []
    for name in CONVENTIONS:
        block = (Dense(setup.width, bias=False, weights=he_normal), Standardize(convention=_convention(name, setup.fresh_rate)),
                 ReLU())  # fmt: skip
        net = Network(block * setup.layers)
        streams = [
            np.random.default_rng(s)
            for s in np.random.SeedSequence((setup.seed, 100, m)).spawn(setup.runs)
        ]
        params, state = net.init(
            streams, features=setup.width, dtype=np.float32
        )  # the same weights in both
        nets.append((net, params))
        states.append(state)
    for _ in range(setup.fresh_steps):
        x = _normal(rngs, m, setup.width).astype(np.float32)
        states = [net.forward(params, state, x, training=True)[2]
                  for (net, params), state in zip(nets, states, strict=True)]  # fmt: skip
    x = _normal(rngs, setup.population, setup.width).astype(np.float32)
    measured, expected, depths = [], [], np.arange(1, setup.layers + 1)
    for name, (net, params), state in zip(CONVENTIONS, nets, states, strict=True):
        outputs = _outputs(net, params, state, x, training=False)[
            1::3
        ]  # what each Standardize puts out
        measured.append([np.sqrt(y.var(axis=1).mean(axis=1)) for y in outputs])
        expected.append(np.sqrt(theory.eval_variance_population(depths, m, name == "unbiased")))
    result = _by_layer("network_std", m, measured, expected,
                       "standard deviation over the population in eval mode, after the normalization")  # fmt: skip

    example, change = x[:, :1], {}
    (net, params), state = nets[0], states[0]
    for training in (False, True):
        one, other = (net.forward(params, state, np.concatenate([example, x[:, k + 1 : k + m]], axis=1), training)[0][:, 0]
                      for k in (0, m))  # fmt: skip
        change[training] = np.linalg.norm(one - other, axis=1) / np.linalg.norm(one, axis=1)
    for training, mode in ((False, "eval"), (True, "train")):
        result[f"network_{mode}_change"] = (("batch", "run"), change[training][None],
                                            {"long_name": f"relative change of an example's output with its neighbours, "
                                                          f"{mode} mode", "units": "1"})  # fmt: skip
    return result


def _example(setup: Setup, m: int, rngs: list[np.random.Generator]) -> xr.Dataset:
    """Where one example lands in training mode, over draws of the rest of its batch."""
    layer = Standardize(convention=_convention("unbiased", setup.fresh_rate))
    params, state, _ = layer.init(rngs[:1], setup.neighbours, np.float64)
    quantiles = np.empty((len(QUANTILES), len(setup.examples), setup.runs))
    for r, rng in enumerate(rngs):
        x = rng.standard_normal(
            (1, m, setup.neighbours)
        )  # every "feature" is another draw of the batch
        for e, z in enumerate(setup.examples):
            x[:, 0] = z
            y, _, _ = layer.forward(params, state, x, training=True)
            quantiles[:, e, r] = np.quantile(y[0, 0], QUANTILES)
    expected = [
        [theory.example_quantile(p, z, _octave(m)) for z in setup.examples] for p in QUANTILES
    ]
    return xr.Dataset(
        {
            "example_value": (("quantile", "example", "example_batch", "run"), quantiles[:, :, None],
                              {"long_name": "quantile of the example's normalized value", "units": "1"}),
            "example_value_theory": (("quantile", "example", "curve_batch"), np.array(expected),
                                     {"long_name": "the same, closed form", "units": "1"}),
        },
        coords={"quantile": list(QUANTILES), "example": list(setup.examples),
                "example_batch": np.array([m], dtype=np.int32), "curve_batch": _octave(m), "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


def _outputs(
    net: Network, params: list, state: list, x: np.ndarray, training: bool
) -> list[np.ndarray]:
    """What every layer of a network puts out."""
    outputs = []
    for layer, layer_params, layer_state in zip(net.layers, params, state, strict=True):
        x, _, _ = layer.forward(layer_params, layer_state, x, training)
        outputs.append(x)
    return outputs


# ------------------------------------------------------------------------------------------------------------ what is claimed


def _std(variable: str, convention: str, m: int, layer: int) -> Callable[[xr.Dataset], Measurement]:
    pick = spread if variable == "fixed_std" else mean
    return lambda results: pick(
        results[variable].sel(convention=convention, batch=m, layer=layer).values
    )


def _with_over_without(variable: str, m: int, layer: int) -> Callable[[xr.Dataset], Measurement]:
    """Standard deviation in eval mode with Bessel's correction, over that without."""

    def measure(results):
        std = results[variable].sel(batch=m, layer=layer)
        return paired_ratio(
            std.sel(convention="unbiased").values, std.sel(convention="biased").values
        )

    return measure


def _against(variable: str, m: int, layer: int) -> Callable[[xr.Dataset], Measurement]:
    """|ln std| with Bessel's correction minus |ln std| without: below zero if the correction brings eval mode nearer."""

    def measure(results):
        off = np.abs(np.log(results[variable].sel(batch=m, layer=layer)))
        return paired_difference(
            off.sel(convention="unbiased").values, off.sel(convention="biased").values
        )

    return measure


def _over_theory(variable: str, m: int) -> Callable[[xr.Dataset], Measurement]:
    """Standard deviation in eval mode with Bessel's correction over its closed form: all layers of a batch that never changes; else the
    last layer's."""

    def measure(results):
        at = results.sel(convention="unbiased", batch=m)
        ratio = at[variable] / at[f"{variable}_theory"]
        return (
            spread(ratio.values) if variable == "fixed_std" else mean(ratio.isel(layer=-1).values)
        )

    return measure


def _width(z: float, m: int) -> Callable[[xr.Dataset], Measurement]:
    """Half the width of the range that holds 95 % of an example's values."""

    def measure(results):
        value = results["example_value"].sel(example=z, example_batch=m)
        return mean(
            (value.sel(quantile=QUANTILES[2]) - value.sel(quantile=QUANTILES[0])).values / 2
        )

    return measure


def _near_one(m: Measurement) -> bool | None:
    return m.within(1, relative=0.01)


CLAIMS = (
    Claim(
        id="converged-means-equal",
        says="Once the running statistics have converged, eval mode gives what training mode gives.",
        source="reader",
        cases=(
            Case("one batch for ever, 20 normalizations, m = 64, Bessel's correction (PyTorch)",
                 _std("fixed_std", "unbiased", 64, 20), _near_one, "standard deviation within 1 % of training mode's"),
            Case("the same without the correction (Keras, Flax)", _std("fixed_std", "biased", 64, 20), _near_one,
                 "standard deviation within 1 % of training mode's"),
            Case("one example, one standard deviation from the mean, fresh neighbours, m = 64", _width(1.0, 64),
                 lambda m: m.below(0.01), "95 % of its values in training mode within 0.01 of the middle"),
        ),
        verdict="depends",
        figure="train-eval-gap-depth",
        because="It holds on one batch for ever without the correction. With it each layer's divisor differs, and among fresh neighbours "
        "training mode uses each batch's own statistics, which no average equals.",
    ),
    Claim(
        id="bessel-does-not-matter",
        says="Whether the running variance is the biased or the unbiased one makes no difference worth speaking of.",
        source="reader",
        cases=(
            Case("20 normalizations, m = 64", _std("fixed_std", "unbiased", 64, 20), _near_one,
                 "standard deviation within 1 % of training mode's"),
            Case("one normalization, m = 64", _std("fixed_std", "unbiased", 64, 1), _near_one,
                 "standard deviation within 1 % of training mode's"),
            Case("one normalization, m = 4", _std("fixed_std", "unbiased", 4, 1), _near_one,
                 "standard deviation within 1 % of training mode's"),
            Case("20 blocks of dense, batch norm, ReLU, m = 64", _with_over_without("network_std", 64, 20), _near_one,
                 "standard deviation with the correction within 1 % of that without"),
        ),
        verdict="depends",
        figure="train-eval-gap-depth",
        because="It depends on depth and batch size: each layer loses a factor √((m−1)/m), little for one layer and a large batch, much for "
        "many or a small one; what that costs in accuracy is not measured.",
    ),
    Claim(
        id="the-gap-is-known",
        says="With Bessel's correction, every normalization behind another one takes off a factor √((m−1)/m) in eval mode.",
        source="reader",
        cases=(
            *(Case(f"one batch for ever, m = {m}, 20 normalizations", _over_theory("fixed_std", m),
                   lambda m: m.within(1, absolute=1e-12), "1 to 1e-12 over the closed form, in every layer, unit and run")
              for m in (4, 64)),
            *(Case(f"fresh batches, m = {m}, the 20th normalization", _over_theory("fresh_std", m),
                   lambda m: m.within(1, relative=0.03), "within 3 % of the closed form, which knows nothing of the noise of running averages")
              for m in (4, 64)),
        ),
        verdict="supported",
        figure="train-eval-gap-batch",
        because="A normalized batch has variance exactly one, which the correction takes for m/(m−1).",
    ),
    Claim(
        id="unbiased-is-more-accurate",
        says="The running variance should be the unbiased one, since it is to stand for the population's.",
        source="ioffe2015",
        cases=(
            Case("first normalization, m = 64", _against("fresh_std", 64, 1), lambda m: m.below(0),
                 "|ln std| in eval mode, with the correction minus without: below 0, nearer to training mode"),
            Case("20th normalization, m = 64", _against("fresh_std", 64, 20), lambda m: m.below(0),
                 "|ln std| in eval mode, with the correction minus without: below 0, nearer to training mode"),
            Case("20th block of dense, batch norm, ReLU, m = 64", _against("network_std", 64, 20), lambda m: m.below(0),
                 "|ln std| in eval mode, with the correction minus without: below 0, nearer to training mode"),
        ),
        verdict="depends",
        figure="train-eval-gap-depth",
        because="It depends on what stands below. The correction is right for independent samples; behind another batch norm they are not, "
        "and how weights and activations in between change that has no simple rule.",
    ),
    Claim(
        id="eval-ignores-neighbours",
        says="In eval mode an example's output does not depend on what else is in the batch.",
        source="overview",
        cases=(
            Case("20 blocks of dense, batch norm, ReLU", lambda results: spread(
                results["network_eval_change"].dropna("batch", how="all").values), lambda m: m.below(1e-12),
                 "relative change of the output below 1e-12, in every instance"),
        ),
        verdict="supported",
        figure="train-eval-gap-example",
        because="With fixed statistics batch norm is the same straight line for every example.",
    ),
)  # fmt: skip

VALUES = {
    "deep_std": _std("fixed_std", "unbiased", 64, 20),
    "deep_std_biased": _std("fixed_std", "biased", 64, 20),
    "deep_variance": lambda results: spread(
        np.square(results["fixed_std"].sel(convention="unbiased", batch=64, layer=20).values)
    ),
    "one_layer_std": _std("fixed_std", "unbiased", 64, 1),
    "small_batch_std": _std("fixed_std", "unbiased", 4, 1),
    "small_batch_deep_std": _std("fixed_std", "unbiased", 4, 20),
    "fixed_error": lambda results: spread(
        np.abs(results["fixed_std"] / results["fixed_std_theory"] - 1).values
    ),
    "fresh_first_unbiased": _std("fresh_std", "unbiased", 64, 1),
    "fresh_first_biased": _std("fresh_std", "biased", 64, 1),
    "fresh_deep_unbiased": _std("fresh_std", "unbiased", 64, 20),
    "fresh_deep_biased": _std("fresh_std", "biased", 64, 20),
    "network_unbiased": _std("network_std", "unbiased", 64, 20),
    "network_biased": _std("network_std", "biased", 64, 20),
    "network_ratio": _with_over_without("network_std", 64, 20),
    "network_eval_change": lambda results: spread(
        results["network_eval_change"].sel(batch=64).values
    ),
    "network_train_change": lambda results: mean(
        results["network_train_change"].sel(batch=64).values
    ),
    "example_width": _width(1.0, 64),
    "example_width_small": _width(1.0, 8),
}
