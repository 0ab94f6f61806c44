"""What do momentum, ε and the running variance mean in each framework?

PyTorch, Keras (on three backends), Flax (both of its interfaces) and ONNX were run on the same
batches, once, and what came out is bundled with the project. Here the settings are inferred from
what the layers did, without asking their documentation.
"""

import numpy as np

from experiments.claims import Case, below, depends, refuted, within
from experiments.data.conventions import load
from experiments.measures.frameworks import FRAMEWORKS, VARIANTS, new_weight, over_bound, place
from experiments.results import table, value
from experiments.study import Settings, call, setting
from experiments.theory import inference as theory


class Setup(Settings):
    settings: tuple[str, ...] = setting(
        ("default", "low", "high"),
        "nothing passed; momentum 1/8 and ε 2^−13; momentum 3/4 and ε 1/16",
    )
    batches: tuple[int, ...] = setting(
        (2, 3, 4, 6, 8, 16, 32, 64), "batch sizes m for what enters the running variance"
    )


QUICK, FULL, PAPER = Setup(batches=(2, 4, 8, 64)), Setup(), Setup()


def points(s):
    """Training with every setting, one batch of every size, and an example by hand."""
    return {"steps": call(steps, s), "sizes": call(sizes, s), "example": call(example, s)}


def steps(settings):
    """Settings as training in float64 shows them."""
    read = [[measured(name, setting) for setting in settings] for name in VARIANTS]
    weight, eps, momentum, error = np.moveaxis(read, -1, 0)
    off = "largest distance of training outputs from the engine's, over the bound for round-off"
    found = {
        "new_weight": (weight, "weight of a new batch in the running mean, measured"),
        "eps": (eps, "ε, measured"),
        "momentum": (momentum, "momentum, as the layer holds it"),
        "train_error": (error, off),
    }
    return table(found, framework=VARIANTS, setting=settings)


def measured(name, setting):
    """Weight of a new batch, ε, momentum, and how far training outputs are from the engine's."""
    golden, at = load(), place(name, "float64", setting)
    x, y = golden["input_batches"][0], golden["y"][at][0]
    # Running means start at 0: the weight is read off the unit with mean 5; ε is read off the unit
    # with the smallest variance.
    weight = golden["running_mean"][at][0, 1] / x[:, 1].mean()
    squares = np.square(x[:, 3] - x[:, 3].mean()).sum()
    eps = squares / np.square(y[:, 3]).sum() - x[:, 3].var()
    return weight, eps, golden["momentum"][at], over_bound(name, "float64", setting)[0]


def sizes(batches):
    """What one batch of every size adds to the running variance, over what it was divided by."""
    factor = [[entered(name, m) for m in batches] for name in VARIANTS]
    expected = [theory.running_variance(batches, unbiased) for unbiased in (True, False)]
    words = "what enters the running variance, over the batch variance"
    found = {
        "factor": (factor, words, "1", "framework size"),
        "factor_theory": (expected, "the same, closed form", "1", "variance size"),
    }
    return table(found, framework=VARIANTS, size=batches, variance=["unbiased", "biased"])


def entered(name, m):
    """The same for one size, over four units, the large ones counting most."""
    golden, weight = load(), new_weight(name, "float64", "default")
    stored = golden["size_running_var"][VARIANTS.index(name), list(golden["size"]).index(m)]
    var = weight * golden[f"input_size_{m}"].var(axis=0)
    return np.sum((stored - (1 - weight)) * var) / np.sum(var * var)


def example():
    """The batch 1, 2, 3, 4, of mean 2.5 and variance 1.25 or 1.667, with momentum as passed."""
    golden = load()
    var, weight = golden["example_running_var"], golden["example_running_mean"] / 2.5
    found = {
        "example_running_var": (var, "running variance after the batch 1, 2, 3, 4"),
        "example_weight": (weight, "weight of the new batch in the running mean"),
    }
    return table(found, framework=VARIANTS, example_momentum=golden["example_momentum"])


# ------------------------------------------------------------------------------------------ claims


def every(variable, name, **where):
    """What is measured of all variants of a framework."""
    return value(variable, framework=FRAMEWORKS[name], **where).every()


FACTOR = value("factor")
OVER_BESSEL = FACTOR / value("factor_theory", variance="unbiased")
DISAGREEMENT = FACTOR.over("framework", "max") / FACTOR.over("framework", "min") - 1
BIASED = "outputs, every framework and setting: distance from those with the divisor m"
ENTERS = "what enters the running variance"
APART, NEAR = "largest minus smallest", below(0.01, "% of the smallest")
OVER = "over m/(m − 1) times the batch variance, every batch size"
SAME, RIGHT_EPS = within(1, absolute=1e-4), within(1e-5, relative=0.01)
TENTH, PASSED = within(0.1, relative=0.01), {"example_momentum": 0.1}

CLAIMS = {
    "momentum-means-the-same": refuted(
        "Momentum 0.1 in PyTorch is momentum 0.1 in Keras.",
        source="reader",
        cases=tuple(
            Case(f"{name}, weight of the new batch", every("example_weight", name, **PASSED), TENTH)
            for name in ("Keras", "Flax", "ONNX")
        ),
        because="PyTorch multiplies the new value by momentum, the others the old one: pass one "
        "minus it.",
    ),
    "frameworks-agree-on-the-variance": depends(
        "All frameworks mean the same by the variance of a batch.",
        source="reader",
        cases=(
            Case(BIASED, value("train_error").every(), below(1, "times the bound for round-off")),
            Case(f"{ENTERS}, m = 4, {APART}", DISAGREEMENT.at(size=4).exact(), NEAR),
            Case(f"{ENTERS}, m = 64, {APART}", DISAGREEMENT.at(size=64).exact(), NEAR),
        ),
        because="All divide by the biased variance; for the running variance PyTorch takes the "
        "unbiased one.",
    ),
    "running-variance-is-unbiased": depends(
        "The running variance averages unbiased variances, as the paper writes.",
        source="ioffe2015",
        cases=tuple(
            Case(f"{name}, {ENTERS}, {OVER}", OVER_BESSEL.at(framework=variants).every(), SAME)
            for name, variants in FRAMEWORKS.items()
        ),
        because="PyTorch corrects by m/(m − 1); Keras, Flax and ONNX do not.",
    ),
    "epsilon-is-the-same": depends(
        "The default ε is 1e-5 everywhere.",
        source="reader",
        cases=tuple(
            Case(f"{name}, default ε", every("eps", name, setting="default"), RIGHT_EPS)
            for name in FRAMEWORKS
        ),
        because="PyTorch, Flax and ONNX use 1e-5, Keras a hundred times as much.",
    ),
}

KEYS, VARIANCE = {name.lower(): name for name in FRAMEWORKS}, "example_running_var"
VALUES = {
    **{f"eps_{key}": every("eps", n, setting="default") for key, n in KEYS.items()},
    **{f"momentum_{key}": every("momentum", n, setting="default") for key, n in KEYS.items()},
    **{f"weight_{key}": every("new_weight", n, setting="default") for key, n in KEYS.items()},
    **{f"factor_{key}": every("factor", n, size=4) for key, n in KEYS.items()},
    **{f"example_{key}": every(VARIANCE, n, example_momentum=0.9) for key, n in KEYS.items()},
    "example_pytorch": every(VARIANCE, "PyTorch", **PASSED),  # which means the same
    "example_verbatim_keras": every(VARIANCE, "Keras", **PASSED),
    **{f"tenth_{key}": every("example_weight", n, **PASSED) for key, n in KEYS.items()},
    **{f"disagreement_{m}": DISAGREEMENT.at(size=m).exact() for m in (4, 64)},
}
