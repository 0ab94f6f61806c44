"""Why do training and evaluation mode disagree, even when running statistics have converged?

Two settings in which nothing is left to converge: twenty normalizations in a row that see one and
the same batch for ever, with Bessel's correction in the running variance (PyTorch) and without
(Keras, Flax), and one fixed example among neighbours drawn anew. ε = 0, so that closed forms are
exact.
"""

import numpy as np

from experiments.claims import Case, below, depends, within
from experiments.measures.gap import half_width, octave, one_batch, one_example, std
from experiments.results import table, value
from experiments.study import Settings, call, setting
from experiments.theory.inference import eval_variance_fixed_batch


class Setup(Settings):
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


QUICK, FULL = Setup(batches=(4, 64), features=2, neighbours=1000), Setup()
PAPER = Setup(runs=64, batches=(2, 4, 8, 16, 32, 64, 128, 256, 512), neighbours=20000)


def points(s):
    """One batch for ever, of every size, and its closed form; and one example among neighbours."""
    found = {f"fixed-{m}": call(fixed, s, batch=m) for m in s.batches}
    found |= {f"curve-{m}": call(curve, s, batch=m) for m in s.batches}
    return found | {"example": call(example, s)}


def fixed(batch, layers, features, steps, running_rate, runs):
    """One batch for ever: the running statistics become its own."""
    return one_batch(batch, layers, features, steps, running_rate, runs)


def curve(batch, layers):
    """The closed form with the correction, up to the next batch size."""
    sizes, depths = octave(batch), np.arange(1, layers + 1)
    line = np.sqrt(eval_variance_fixed_batch(depths, sizes[:, None], unbiased=True))
    found = {"fixed_std_curve": (line, "the closed form with the correction")}
    return table(found, curve_batch=sizes, layer=depths)


def example(example_batch, examples, neighbours, runs):
    """Where one example lands in training mode, among neighbours drawn anew."""
    return one_example(example_batch, examples, neighbours, runs)


# ------------------------------------------------------------------------------------------ claims

STACK = "one batch for ever, 20 normalizations, m = 64, Bessel’s correction (PyTorch)"
WITHOUT = "the same without the correction (Keras, Flax)"
OVER, NEAR = "standard deviation over training mode’s", within(1, relative=0.01)
EXAMPLE = "one example, one standard deviation from the mean, fresh neighbours, m = 64"
REACH = "how far from the middle 95 % of its values in training mode reach"

CLAIMS = {
    "converged-means-equal": depends(
        "Once the running statistics have converged, eval mode gives what training mode gives.",
        source="reader",
        cases=(
            Case(f"{STACK}, {OVER}", std("fixed_std", 64, 20).every(), NEAR),
            Case(f"{WITHOUT}, {OVER}", std("fixed_std", 64, 20, "biased").every(), NEAR),
            Case(f"{EXAMPLE}, {REACH}", half_width(1.0, 64).mean(), below(0.01)),
        ),
        because="It holds on one batch for ever without the correction. With it each layer's "
        "divisor differs, and among fresh neighbours training mode uses each batch's own "
        "statistics, which no average equals.",
    ),
}

VALUES = {
    "deep_std": std("fixed_std", 64, 20).every(),
    "deep_std_biased": std("fixed_std", 64, 20, "biased").every(),
    "deep_variance": std("fixed_std", 64, 20).map(np.square).every(),
    "one_layer_std": std("fixed_std", 64, 1).every(),
    "small_batch_std": std("fixed_std", 4, 1).every(),
    "fixed_error": abs(value("fixed_std") / value("fixed_std_theory") - 1).every(),
}
