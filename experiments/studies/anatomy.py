"""What exactly does one batch normalization compute?

Small batches go through batch norm in float64, and what comes out is compared with the formulas: a
worked example that is often copied; inputs of every size against ε; and γ as it sweeps.
"""

import numpy as np

from experiments.claims import Case, below, depends, refuted, supported, within
from experiments.results import Near, table, value
from experiments.runs import Runs, normal
from experiments.study import Settings, call, setting
from experiments.theory import transform as theory
from experiments.training import batch_norm

ROUND_OFF = 1e-12  # sums of at most 1,024 float64 terms of order one: 1,024 * 2**-53 is 1.1e-13
EXAMPLE = (-1.5, -0.5, 0.5, 1.5)
BETA = 0.5  # while γ sweeps


class Setup(Settings):
    runs: int = setting(16, "random instances of every identity")
    batch: int = setting(32, "samples in a batch")
    features: int = setting(8, "units; each is normalized on its own")
    line: int = setting(20, "samples of the batch that the animation follows")
    epsilons: tuple[float, ...] = setting((1e-5, 1e-3), "ε under the root: PyTorch's, Keras's")
    sigmas_per_decade: int = setting(20, "input standard deviations, from 1e-4 to 10")
    gammas: int = setting(25, "values of γ from -3 to 3")
    seed: int = setting(1, "every random stream is spawned from it")


QUICK, FULL = Setup(sigmas_per_decade=5, gammas=13), Setup()
PAPER = Setup(runs=64, sigmas_per_decade=40)


def points(s):
    return {"example": call(example, s), "epsilon": call(epsilon, s), "sweep": call(sweep, s)}


def example(line, seed):
    """Four numbers through every step of the transform; and a batch for the animation."""
    x = np.array(EXAMPLE)[None, :, None]
    stages = {
        "input": x,
        "minus the mean": x - x.mean(),
        "over the standard deviation": batch_norm((1, 1), eps=0.0).outputs(x, training=True),
        "times two plus three": batch_norm((1, 1), 2.0, 3.0, eps=0.0).outputs(x, training=True),
        "times two plus three, without normalizing": 2.0 * x + 3.0,
        "times a half, without normalizing": 0.5 * x,
    }
    values = np.stack([stage[0, :, 0] for stage in stages.values()])
    sample_std = values.std(axis=1, ddof=1)
    batch = np.sort(4.0 + 1.6 * normal(Runs(seed, 1).part(3).streams(), line, 1), axis=1)
    normalized = batch_norm((1, 1)).outputs(batch, training=True)
    found = {
        "example": (values, "value of the sample", "1", "stage sample"),
        "example_std": (values.std(axis=1), "population standard deviation", "1", "stage"),
        "example_sample_std": (sample_std, "sample standard deviation", "1", "stage"),
        "line_input": (batch, "a batch to follow through the transform", "1", "line_sample"),
        "line_normalized": (normalized, "the same, normalized", "1", "line_sample"),
    }
    return table(found, stage=list(stages), sample=range(4), line_sample=range(line))


def epsilon(batch, epsilons, sigmas_per_decade, runs):
    """Standard deviation of the normalized batch for inputs of every size."""
    sigmas = np.logspace(-4, 1, 5 * sigmas_per_decade + 1)
    z = normal(runs.part(0).streams(copies=sigmas.size), batch, 1)
    z = (z - z.mean(axis=1, keepdims=True)) / z.std(axis=1, keepdims=True)
    x = runs.each(sigmas)[:, None, None] * z
    outputs = [batch_norm((len(x), 1), eps=eps).outputs(x, training=True) for eps in epsilons]
    std, words = [y.std(axis=(1, 2)) for y in outputs], "standard deviation of the normalized batch"
    expected = theory.output_std(1.0, sigmas, np.array(epsilons)[:, None])
    found = {
        "normalized_std": (std, f"population {words}"),
        "normalized_std_theory": (expected, "σ/√(σ²+ε)", "1", "eps sigma"),
    }
    return table(found, eps=epsilons, sigma=sigmas, run=runs)


def sweep(batch, features, gammas, runs):
    """Output, gradient to the input and gradient of γ as γ sweeps, for one gradient from above."""
    gamma = np.linspace(-3, 3, gammas)
    rngs = runs.part(1).streams(copies=gammas)
    x, g = normal(rngs, batch, features), normal(rngs, batch, features)
    model = batch_norm((len(x), features), runs.each(gamma)[:, None], BETA)
    y, saved, _ = model.forward(x, training=True)
    dx, grads = model.network.backward(model.params, saved, g)
    mean, length = y.mean(axis=1), np.linalg.norm
    found = {
        "output_std": (y.std(axis=1).mean(axis=1), "standard deviation of the output"),
        "output_mean": (mean.mean(axis=1), "mean of the output at β = 0.5"),
        "mean_off": (np.abs(mean - BETA).max(axis=1), "largest distance of a unit's mean from β"),
        "input_gradient": (length(dx, axis=(1, 2)), "length of ∂L/∂x"),
        "gamma_gradient": (length(grads[1]["gamma"], axis=1), "length of ∂L/∂γ"),
    }
    return table(found, gamma=gamma, run=runs)


# ------------------------------------------------------------------------------------------ claims


EXAMPLE_STD = value("example_std", stage="input").exact()
SAMPLE_STD = value("example_sample_std", stage="input").exact()
SCALED_STD = value("example_std", stage="times two plus three, without normalizing").exact()
NORMALIZED = value("example", stage="over the standard deviation")
STD = value("normalized_std")
STD_AT = {
    f"σ = {s:g}, ε = {e}": STD.at(sigma=Near(s), eps=float(e)).every()
    for s, e in ((1.0, "1e-5"), (0.01, "1e-5"), (0.01, "1e-3"))
}
OFF = abs(STD / value("normalized_std_theory") - 1)  # how far it is from σ/√(σ²+ε)
AT_ZERO = {
    of: (value(of, gamma=Near(0.0)) / value(of, gamma=Near(1.0))).every()
    for of in ("input_gradient", "gamma_gradient")
}
ONE, NONE = within(1, relative=0.01), below(ROUND_OFF, "in every instance")

CLAIMS = {
    "copied-example": refuted(
        "The batch (−1.5, −0.5, 0.5, 1.5) is normalized, so γ = 2 and β = 3 give it a "
        "standard deviation of 2.",
        source="post",
        cases=(
            Case("the standard deviation after γ = 2", SCALED_STD, within(2, relative=0.01)),
            Case("the standard deviation of the four numbers", EXAMPLE_STD, ONE),
            Case("the same with the divisor m − 1", SAMPLE_STD, ONE),
        ),
        because="The four numbers have a mean of zero, but not a standard deviation of one.",
    ),
    "gamma-sets-the-std": depends(
        "γ is the standard deviation of the output.",
        source="post",
        cases=tuple(Case(f"input {at}, output over |γ|", of, ONE) for at, of in STD_AT.items()),
        because="It depends on σ of the input against √ε: the output has |γ|σ/√(σ²+ε), as good as "
        "|γ| well above √ε, and less below.",
    ),
    "what-epsilon-costs-is-known": supported(
        "At γ = 1 the standard deviation of the output is σ/√(σ²+ε).",
        source="reader",
        cases=tuple(
            Case(f"σ = {s:g}, ε = {e:g}, off by", OFF.at(eps=e, sigma=Near(s)).every(), NONE)
            for e in (1e-5, 1e-3)
            for s in (10.0, 1.0, 0.1, 0.01, 0.001)
        ),
        because="Dividing by √(σ²+ε) is all that happens to the deviations from the mean.",
    ),
    "beta-sets-the-mean": supported(
        "β is the mean of the output.",
        source="post",
        cases=(
            Case("distance of the mean from β, γ from −3 to 3", value("mean_off").every(), NONE),
        ),
        because="The normalized batch has mean zero exactly, whatever ε is, so only β is left.",
    ),
    "zero-gamma-is-dead": depends(
        "A unit whose γ has reached zero is dead: it passes no gradient on and cannot recover.",
        source="reader",
        cases=(
            Case("gradient to the input, against γ = 1", AT_ZERO["input_gradient"], NONE),
            Case("gradient of γ itself, against γ = 1", AT_ZERO["gamma_gradient"], NONE),
        ),
        because="Right about the layers below, to which nothing gets through; wrong about γ, whose "
        "own gradient does not contain γ and can move it away again.",
    ),
}

VALUES = {
    "example_std": EXAMPLE_STD,
    "example_sample_std": SAMPLE_STD,
    "example_scaled_std": SCALED_STD,
    "example_outer": NORMALIZED.over("sample", "max").exact(),
    "example_inner": NORMALIZED.at(sample=2).exact(),
    "std_pytorch_small": STD_AT["σ = 0.01, ε = 1e-5"],
    "std_keras_small": STD_AT["σ = 0.01, ε = 1e-3"],
}
