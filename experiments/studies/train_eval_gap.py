"""Why do training mode and evaluation mode disagree, even when the running statistics have converged?

Two settings in which nothing is left to converge: twenty normalizations in a row that see one and the
same batch for ever, with Bessel's correction in the running variance (PyTorch) and without (Keras,
Flax), and one fixed example among neighbours drawn anew. ε = 0, so that closed forms are exact.

What came out: with the correction, every layer divides by a variance that is too large by m/(m−1), so
the output shrinks geometrically with depth. Without, the modes agree on that one batch. In training
mode one example's value is a random variable; in evaluation mode it is a number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.engine.network import Network
from experiments.engine.standardize import Convention, Standardize
from experiments.results import Value, table, value
from experiments.runs import Runs, normal
from experiments.studies.neighbours import example, half_width, octave
from experiments.study import Case, Claim, below, call, setting, within
from experiments.theory.inference import eval_variance_fixed_batch
from experiments.training import Model, seen, start

# Whether the running variance has the divisor m − 1 (PyTorch) and not m (Keras, Flax).
CONVENTIONS = {"unbiased": True, "biased": False}


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    runs: int = setting(16, "independent runs; both conventions see the same batches")
    batches: tuple[int, ...] = setting((4, 8, 16, 32, 64, 128), "sizes of the one batch")
    layers: int = setting(20, "normalizations in a row")
    features: int = setting(16, "units of each")
    steps: int = setting(100, "updates of the running statistics")
    running_rate: float = setting(0.3, "their update rate: the start fades to round-off")
    example_batch: int = setting(64, "batch size around the one example")
    examples: tuple[float, ...] = setting((1.0,), "where it stands, in standard deviations")
    neighbours: int = setting(4000, "draws of the rest of its batch, in each run")
    seed: int = setting(2, "every random stream is spawned from it")


QUICK = Setup(batches=(4, 64), features=2, neighbours=1000)
FULL = Setup()
PAPER = Setup(runs=64, batches=(2, 4, 8, 16, 32, 64, 128, 256, 512), neighbours=20000)


def points(s: Setup) -> dict:
    """One batch for ever, of every size; and one example among neighbours."""
    found = {f"fixed-{m}": call(fixed, s, batch=m) for m in s.batches}
    return found | {"example": call(among_neighbours, s)}


def stack(layers: int, running_rate: float, unbiased: bool) -> Network:
    """Normalizations in a row, with ε = 0."""
    return Network((Standardize(Convention(0.0, running_rate, unbiased)),) * layers)


def normalized(model: Model, x: np.ndarray, training: bool = False) -> list[np.ndarray]:
    """What every normalization of a network puts out."""
    return [saved["xhat"] for saved in model.forward(x, training)[1] if "xhat" in saved]


def by_layer(
    name: str, measured: list, words: str, closed: Callable, batch: int, runs: Runs
) -> xr.Dataset:
    """A standard deviation at every normalization, and the closed form."""
    depths = np.arange(1, len(measured[0]) + 1)
    expected = [np.sqrt(closed(depths, batch, unbiased)) for unbiased in CONVENTIONS.values()]
    found = {
        name: (measured, words, "1", "convention batch layer run"),
        f"{name}_theory": (expected, f"{words}, closed form", "1", "convention batch layer"),
    }
    return table(found, convention=list(CONVENTIONS), batch=batch, layer=depths, run=runs)


def fixed(batch, layers, features, steps, running_rate, runs) -> xr.Dataset:
    """One batch for ever: the running statistics become its own, and still the modes differ."""
    x, read = 3.0 + 2.0 * normal(runs.part(0, batch).streams(), batch, features), []
    for unbiased in CONVENTIONS.values():
        model = start(stack(layers, running_rate, unbiased), runs, features, dtype=float)
        for _ in range(steps):
            model = seen(model, x)
        both = zip(normalized(model, x), normalized(model, x, training=True), strict=True)
        read.append([(e.std(axis=1) / t.std(axis=1)).mean(axis=1) for e, t in both])
    words, closed = (
        "standard deviation in eval mode, over training mode's",
        eval_variance_fixed_batch,
    )
    between, depths = octave(batch), np.arange(1, layers + 1)
    curve = np.sqrt(closed(depths, between[:, None], unbiased=True))
    line = {"fixed_std_curve": (curve, "the closed form with the correction")}
    found = by_layer("fixed_std", read, words, closed, batch, runs)
    return found.merge(table(line, curve_batch=between, layer=depths))


def among_neighbours(example_batch, examples, neighbours, runs) -> xr.Dataset:
    """One example among neighbours, as `neighbours` measures it."""
    return example(example_batch, examples, neighbours, runs)


# ------------------------------------------------------------------------------------------ claims


def std(variable: str, m: int, layer: int, convention: str = "unbiased") -> Value:
    """A standard deviation in eval mode."""
    return value(variable, convention=convention, batch=m, layer=layer)


CLAIMS = (
    Claim(
        "converged-means-equal",
        says="Once the running statistics have converged, eval mode gives what training mode gives.",
        source="reader",
        verdict="depends",
        cases=(
            *(
                Case(
                    f"{words}, standard deviation over training mode’s",
                    std("fixed_std", 64, 20, convention).every(),
                    within(1, relative=0.01),
                )
                for words, convention in (
                    (
                        "one batch for ever, 20 normalizations, m = 64, Bessel’s correction (PyTorch)",
                        "unbiased",
                    ),
                    ("the same without the correction (Keras, Flax)", "biased"),
                )
            ),
            Case(
                "one example, one standard deviation from the mean, fresh neighbours, m = 64, how far "
                "from the middle 95 % of its values in training mode reach",
                half_width(1.0, 64).mean(),
                below(0.01),
            ),
        ),
        because="It holds on one batch for ever without the correction. With it each layer's divisor "
        "differs, and among fresh neighbours training mode uses each batch's own statistics, which "
        "no average equals.",
    ),
)

VALUES = {
    "deep_std": std("fixed_std", 64, 20).every(),
    "deep_std_biased": std("fixed_std", 64, 20, "biased").every(),
    "deep_variance": std("fixed_std", 64, 20).map(np.square).every(),
    "one_layer_std": std("fixed_std", 64, 1).every(),
    "small_batch_std": std("fixed_std", 4, 1).every(),
    "small_batch_deep_std": std("fixed_std", 4, 20).every(),
    "fixed_error": abs(value("fixed_std") / value("fixed_std_theory") - 1).every(),
}
