"""What do momentum, ε and the running variance mean in each framework?

PyTorch, Keras (on three backends), Flax (both of its interfaces) and ONNX were run on the same batches, once, and what came out is bundled
with the project. Here it is read in two ways. The settings are inferred from what the layers did, without asking their
documentation: the weight of a new batch in the running mean, the factor between the batch variance and what enters the running one, ε from
the scale of the outputs. And the engine is given these settings and held against every output, in training and in evaluation, to round-off.

What came out: three numbers, the weight of the new batch, ε and Bessel's correction, reproduce every framework. Momentum is the weight of the
new batch in PyTorch and that of the old average in the others. Only PyTorch keeps the unbiased variance. Keras computes in float32 even
if it is asked for float64. Where the variance is taken in one pass, as Flax does by default and Keras on some backends, float32 data far
from zero lose it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.data import conventions
from experiments.engine.standardize import Convention, Standardize
from experiments.measures.statistics import Measurement, exact, spread
from experiments.theory import inference as theory

NAMES = {"pytorch": "PyTorch", "keras-jax": "Keras on JAX", "keras-torch": "Keras on PyTorch", "keras-numpy": "Keras on NumPy",
         "flax-linen": "Flax linen", "flax-linen-two-pass": "Flax linen, two passes", "flax-nnx": "Flax nnx", "onnx": "ONNX"}  # fmt: skip
KERAS = ("Keras on JAX", "Keras on PyTorch", "Keras on NumPy")
FLAX = ("Flax linen", "Flax linen, two passes", "Flax nnx")
ONE_PASS = ("Keras on PyTorch", "Keras on NumPy", "Flax linen", "Flax nnx")  # var = E[x²] − E[x]²
OURS = "this site"
UNIT = {"float64": 2.0**-53, "float32": 2.0**-24}  # unit round-off
QUANTITIES = ("train", "running mean", "running variance", "eval")


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    precisions: tuple[str, ...] = ("float64", "float32")  # of the data and of the layers
    settings: tuple[str, ...] = (
        "default",
        "low",
        "high",
    )  # nothing passed; momentum 1/8, ε 2^−13; momentum 3/4, ε 1/16
    sizes: tuple[int, ...] = (
        2,
        3,
        4,
        6,
        8,
        16,
        32,
        64,
    )  # batch sizes m for what enters the running variance


QUICK, FULL, PAPER = Setup(sizes=(2, 4, 8, 64)), Setup(), Setup()


@dataclass(frozen=True)
class Point:
    """One part of the study."""

    part: str  # "steps", "sizes", "example" or "offset"
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """The four parts; each takes a fraction of a second."""
    return {part: Point(part, setup) for part in ("steps", "sizes", "example", "offset")}


def run(point: Point) -> xr.Dataset:
    """Compute one part."""
    parts = {"steps": _steps, "sizes": _sizes, "example": _example, "offset": _offset}
    return parts[point.part](point.setup, conventions.load())


def _frameworks(golden: dict) -> list[str]:
    return [NAMES[name] for name in golden["framework"]]


def _number(long_name: str) -> dict[str, str]:
    return {"long_name": long_name, "units": "1"}


def _steps(setup: Setup, golden: dict) -> xr.Dataset:
    """Five training steps and an evaluation: the engine against every framework, and the settings read off the outputs."""
    batches, names = golden["input_batches"], _frameworks(golden)
    m = batches.shape[1]
    mean, var = batches.mean(axis=1), batches.var(axis=1)
    shape = (len(names), len(setup.precisions), len(setup.settings))
    error = np.empty((len(QUANTITIES), *shape))
    weight, eps, passed = (np.empty((len(names), len(setup.settings))) for _ in range(3))
    for f, name in enumerate(names):
        for p, precision in enumerate(setup.precisions):
            for s, setting in enumerate(setup.settings):
                at = (
                    f,
                    list(golden["dtype"]).index(precision),
                    list(golden["setting"]).index(setting),
                )
                theirs = [golden[key][at] for key in ("y", "running_mean", "running_var", "eval_y")]
                rate = golden["momentum"][at] if name == "PyTorch" else 1 - golden["momentum"][at]
                convention = Convention(
                    float(golden["eps"][at]), float(rate), unbiased=name == "PyTorch"
                )
                ours = _ours(convention, batches.astype(precision))
                scale = np.sqrt(var + convention.eps)
                kappa = np.maximum(1, np.abs(batches).max(axis=(0, 1)) / scale.min(axis=0))
                u = UNIT["float32" if name in KERAS else precision]  # Keras computes in float32
                bound = theory.normalization_round_off(m, u, kappa, name in ONE_PASS)
                largest = scale.max(axis=0)
                bounds = (bound, bound * largest, bound * np.maximum(1, np.square(largest)), bound)
                for q, (a, b, allowed) in enumerate(zip(ours, theirs, bounds, strict=True)):
                    error[q, f, p, s] = np.max(np.abs(a - b) / allowed)
                if precision == "float64":
                    weight[f, s] = (
                        theirs[1][0, 1] / mean[0, 1]
                    )  # the running mean starts at 0; the unit with mean 5
                    x, y = (
                        batches[0, :, 3] - mean[0, 3],
                        theirs[0][0, :, 3],
                    )  # the unit with the smallest variance
                    eps[f, s] = np.sum(x * x) / np.sum(y * y) - var[0, 3]
                    passed[f, s] = golden["momentum"][at]
    return xr.Dataset(
        {
            "error": (("quantity", "framework", "precision", "setting"), error,
                      _number("largest distance between the engine and the framework, over the bound for round-off")),
            "new_weight": (("framework", "setting"), weight, _number("weight of a new batch in the running mean, measured")),
            "eps": (("framework", "setting"), eps, _number("ε, measured")),
            "momentum": (("framework", "setting"), passed, _number("momentum, as the layer holds it")),
        },
        coords={"quantity": list(QUANTITIES), "framework": names, "precision": list(setup.precisions),
                "setting": list(setup.settings)},
    )  # fmt: skip


def _ours(convention: Convention, batches: np.ndarray) -> tuple[np.ndarray, ...]:
    """Outputs in training (step, sample, feature), running statistics (step, feature), and the last batch evaluated."""
    layer = Standardize(convention=convention)
    params, state, _ = layer.init(
        [np.random.default_rng(0)], batches.shape[2], batches.dtype
    )  # draws nothing
    outputs, means, variances = [], [], []
    for x in batches:
        y, _, state = layer.forward(params, state, x[None], training=True)
        outputs.append(y[0])
        means.append(state["running_mean"][0])
        variances.append(state["running_var"][0])
    evaluated, _, _ = layer.forward(params, state, batches[-1:], training=False)
    return np.stack(outputs), np.stack(means), np.stack(variances), evaluated[0]


def _sizes(setup: Setup, golden: dict) -> xr.Dataset:
    """What one batch of every size adds to the running variance, over the variance that it was divided by."""
    names, sizes = _frameworks(golden), list(golden["size"])
    default = list(golden["dtype"]).index("float64"), list(golden["setting"]).index("default")
    factor = np.empty((len(names), len(setup.sizes)))
    for f, name in enumerate(names):
        momentum = golden["momentum"][(f, *default)]
        weight = momentum if name == "PyTorch" else 1 - momentum
        for k, m in enumerate(setup.sizes):
            var = weight * golden[f"input_size_{m}"].var(axis=0)
            entered = golden["size_running_var"][f, sizes.index(m)] - (1 - weight)
            factor[f, k] = np.sum(entered * var) / np.sum(
                var * var
            )  # over four units, the large ones counting most
    theories = np.stack(
        [theory.running_variance(np.array(setup.sizes), unbiased) for unbiased in (True, False)]
    )
    return xr.Dataset(
        {
            "factor": (("framework", "size"), factor, _number("what enters the running variance, over the batch variance")),
            "factor_theory": (("variance", "size"), theories, _number("the same, closed form")),
        },
        coords={"framework": names, "size": np.array(setup.sizes, dtype=np.int32), "variance": ["unbiased", "biased"]},
    )  # fmt: skip


def _example(setup: Setup, golden: dict) -> xr.Dataset:
    """The batch 1, 2, 3, 4, of mean 2.5 and variance 1.25 or 1.667, with the momentum that is passed."""
    momenta = golden["example_momentum"]
    return xr.Dataset(
        {
            "example_running_var": (("framework", "example_momentum"), golden["example_running_var"],
                                    _number("running variance after the batch 1, 2, 3, 4")),
            "example_weight": (("framework", "example_momentum"), golden["example_running_mean"] / 2.5,
                               _number("weight of the new batch in the running mean")),
        },
        coords={"framework": _frameworks(golden), "example_momentum": momenta},
    )  # fmt: skip


def _offset(setup: Setup, golden: dict) -> xr.Dataset:
    """Float32 data of standard deviation near 1, ever farther from zero: the variance that each framework finds."""
    x, names = golden["input_offset"], _frameworks(golden)
    layer = Standardize(convention=Convention(eps=1e-5, rate=1.0, unbiased=False))
    data = x.astype(np.float32)[None]
    params, state, _ = layer.init([np.random.default_rng(0)], x.shape[1], data.dtype)
    y, _, state = layer.forward(params, state, data, training=True)
    found = np.concatenate([golden["offset_running_var"], state["running_var"].astype(float)])
    outputs = np.concatenate([golden["offset_y"], y.astype(float)])
    m = x.shape[0]
    correction = np.array(
        [theory.running_variance(m, name == "PyTorch") for name in [*names, OURS]]
    )
    return xr.Dataset(
        {
            "variance_ratio": (("source", "offset"), found / correction[:, None] / x.var(axis=0),
                               _number("batch variance in float32, over the true one")),
            "finite": (("source", "offset"), np.isfinite(outputs).all(axis=1).astype(np.int32),
                       _number("whether all outputs are finite numbers")),
            "output_std": (("source", "offset"), outputs.std(axis=1), _number("standard deviation of the outputs")),
            "distance": ("offset", np.abs(x).max(axis=0) / x.std(axis=0), _number("largest |x| over its standard deviation")),
        },
        coords={"source": [*names, OURS], "offset": golden["offset"]},
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ what is claimed

Measure = Callable[[xr.Dataset], Measurement]


def _weight(frameworks: tuple[str, ...]) -> Measure:
    """Weight of the new batch if momentum 0.1 is passed."""
    return lambda results: spread(
        results["example_weight"].sel(framework=list(frameworks), example_momentum=0.1).values
    )


def _error(frameworks: tuple[str, ...], precision: str, quantity: str | None = None) -> Measure:
    """The largest distance from the engine as a share of what round-off allows: settings, quantities and interfaces."""

    def measure(results):
        at = results["error"].sel(framework=list(frameworks), precision=precision)
        return spread((at if quantity is None else at.sel(quantity=quantity)).values)

    return measure


def _float64_error(frameworks: tuple[str, ...]) -> Measure:
    """The same in float64, as a share of what float64's round-off allows, also where the study allows float32's."""
    unit = {
        name: UNIT["float32"] / UNIT["float64"] if name in KERAS else 1.0 for name in frameworks
    }

    def measure(results):
        at = results["error"].sel(precision="float64")
        return spread(
            np.concatenate(
                [at.sel(framework=name).values.ravel() * unit[name] for name in frameworks]
            )
        )

    return measure


def _against_bessel(frameworks: tuple[str, ...]) -> Measure:
    """What enters the running variance over m/(m − 1) times the batch variance, at every batch size."""
    return lambda results: spread(
        (
            results["factor"].sel(framework=list(frameworks))
            / results["factor_theory"].sel(variance="unbiased")
        ).values
    )


def _disagreement(size: int) -> Measure:
    """The largest running variance over the smallest, less 1, for the same batch."""

    def measure(results):
        factor = results["factor"].sel(size=size)
        return exact(factor.max().item() / factor.min().item() - 1)

    return measure


def _default(variable: str, frameworks: tuple[str, ...]) -> Measure:
    return lambda results: spread(
        results[variable].sel(framework=list(frameworks), setting="default").values
    )


def _variance_off(source: str, offset: float = 1000.0) -> Measure:
    """Relative error of the float32 variance."""
    return lambda results: exact(
        abs(results["variance_ratio"].sel(source=source, offset=offset).item() - 1)
    )


def _largest_output_std(source: str) -> Measure:
    return lambda results: exact(results["output_std"].sel(source=source).max().item())


ALL = {"PyTorch": ("PyTorch",), "Keras": KERAS, "Flax": FLAX, "ONNX": ("ONNX",)}
SHORT = {"PyTorch": "pytorch", "Keras": "keras", "Flax": "flax", "ONNX": "onnx"}

CLAIMS = (
    Claim(
        id="momentum-means-the-same",
        says="Momentum 0.1 in PyTorch is momentum 0.1 in Keras.",
        source="reader",
        cases=tuple(
            Case(f"{name}, weight of the new batch", _weight(ALL[name]), lambda m: m.within(0.1, relative=0.01),
                 "within 1 % of 0.1, which it is in PyTorch")
            for name in ("Keras", "Flax", "ONNX")
        ),
        verdict="refuted",
        figure="conventions-momentum",
        because="PyTorch multiplies the new value by momentum, the others the old one: pass one minus it.",
    ),
    Claim(
        id="frameworks-agree-on-the-variance",
        says="All frameworks mean the same by the variance of a batch.",
        source="reader",
        cases=(
            Case("what a batch is divided by, as far as its outputs tell",
                 _error(tuple(NAMES.values()), "float64", "train"), lambda m: m.below(1),
                 "outputs as with the divisor m, within the bound for round-off, in every framework and setting"),
            Case("what enters the running variance, m = 4", _disagreement(4), lambda m: m.below(0.01),
                 "largest within 1 % of the smallest"),
            Case("what enters the running variance, m = 64", _disagreement(64), lambda m: m.below(0.01),
                 "largest within 1 % of the smallest"),
        ),
        verdict="depends",
        figure="conventions-running-variance",
        because="All divide by the biased variance; for the running variance PyTorch takes the unbiased one.",
    ),
    Claim(
        id="running-variance-is-unbiased",
        says="The running variance averages unbiased variances, as the paper writes.",
        source="ioffe2015",
        cases=tuple(
            Case(name, _against_bessel(ALL[name]), lambda m: m.within(1, absolute=1e-4),
                 "m/(m − 1) times the batch variance to 1e-4 at every batch size")
            for name in ALL
        ),
        verdict="depends",
        figure="conventions-running-variance",
        because="PyTorch corrects by m/(m − 1); Keras, Flax and ONNX do not.",
    ),
    Claim(
        id="three-numbers-are-enough",
        says="The weight of a new batch, ε and Bessel's correction are all that frameworks differ in, but for round-off.",
        source="reader",
        cases=tuple(
            Case(f"{name}, {precision}", _error(ALL[name], precision), lambda m: m.below(1),
                 "outputs, running statistics and evaluation within the bound for round-off, in every setting")
            for name in ALL for precision in ("float64", "float32")
        ),
        verdict="supported",
        figure="conventions-agreement",
        because="With these three set, the engine's outputs lie within round-off of every framework's on moderate data.",
    ),
    Claim(
        id="float64-is-float64",
        says="Given float64 data and float64 layers, every framework computes in float64.",
        source="reader",
        cases=tuple(
            Case(name, _float64_error(ALL[name]), lambda m: m.below(1), "within the bound for float64's round-off, in every setting")
            for name in ALL
        ),
        verdict="depends",
        figure="conventions-agreement",
        because="Keras 3 casts to float32 on the way and back at the end, so its float64 results have float32's digits.",
    ),
    Claim(
        id="epsilon-is-the-same",
        says="The default ε is 1e-5 everywhere.",
        source="reader",
        cases=tuple(
            Case(name, _default("eps", ALL[name]), lambda m: m.within(1e-5, relative=0.01), "within 1 % of 1e-5") for name in ALL
        ),
        verdict="depends",
        figure="conventions-momentum",
        because="PyTorch, Flax and ONNX use 1e-5, Keras a hundred times as much.",
    ),
    Claim(
        id="float32-variance-is-safe",
        says="In float32 every framework finds the variance of a batch, wherever its mean lies.",
        source="reader",
        cases=tuple(
            Case(f"{source}, mean 1000 standard deviations from zero", _variance_off(source), lambda m: m.below(0.01),
                 "within 1 % of the true variance")
            for source in NAMES.values()
        ),
        verdict="depends",
        figure="conventions-offset",
        because="E[x²] − E[x]² subtracts two large numbers; Flax by default and Keras on some backends compute it so.",
    ),
)  # fmt: skip

VALUES: dict[str, Measure] = {
    "worst_float64": lambda results: exact(results["error"].sel(precision="float64").max().item()),
    "worst_float32": lambda results: exact(results["error"].sel(precision="float32").max().item()),
    "one_pass_ratio": lambda results: exact(
        results["variance_ratio"].sel(source="Keras on PyTorch", offset=1e4).item()
    ),
    "flax_ratio": lambda results: exact(
        results["variance_ratio"].sel(source="Flax linen", offset=1000.0).item()
    ),
    "flax_output_std": _largest_output_std("Flax linen"),
    "our_variance_off": _variance_off(OURS, 1e4),
    "disagreement_4": _disagreement(4),
    "disagreement_64": _disagreement(64),
}
for _name, _key in SHORT.items():
    VALUES |= {
        f"eps_{_key}": _default("eps", ALL[_name]),
        f"momentum_{_key}": _default("momentum", ALL[_name]),
        f"weight_{_key}": _default("new_weight", ALL[_name]),
        f"tenth_{_key}": _weight(ALL[_name]),
        f"factor_{_key}": lambda results, name=_name: spread(
            results["factor"].sel(framework=list(ALL[name]), size=4).values
        ),
        f"example_{_key}": lambda results, name=_name: spread(
            results["example_running_var"]
            .sel(framework=list(ALL[name]), example_momentum=0.1 if name == "PyTorch" else 0.9)
            .values
        ),
        f"example_verbatim_{_key}": lambda results, name=_name: spread(
            results["example_running_var"]
            .sel(framework=list(ALL[name]), example_momentum=0.1)
            .values
        ),
    }
