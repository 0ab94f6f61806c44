"""Can γ and β undo the normalization?

Numbers of three distributions go through batch norm with γ = σ and β = μ of the population, and
what comes out is compared with what went in: with fixed statistics, as in evaluation mode, with and
without ε in γ; with the statistics of each batch, as in training; and with the best γ and β of all.
"""

import numpy as np

from experiments.claims import Case, above, below, depends, refuted, supported, within
from experiments.results import Near, ratio, table, value
from experiments.runs import Runs, normal
from experiments.study import Settings, call, setting
from experiments.theory import transform as theory
from experiments.training import batch_norm

ROUND_OFF = 1e-24  # of squares: a few float64 operations make 1e-15 standard deviations
MEAN, STD = 3.0, 2.0  # of the population with batch statistics; no result depends on them
PAIR_BATCHES = (2, 8, 64)  # batch sizes for which inputs are shown against outputs
DRAW = {  # each with mean 0 and variance 1
    "uniform": lambda rng, shape: rng.uniform(-np.sqrt(3), np.sqrt(3), shape),
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "exponential": lambda rng, shape: rng.exponential(size=shape) - 1,
}
KURTOSIS = {"uniform": 1.8, "gaussian": 3.0, "exponential": 9.0}


class Setup(Settings):
    runs: int = setting(16, "independent repetitions, each with a random stream of its own")
    batches: tuple[int, ...] = setting((2, 4, 8, 16, 32, 64, 128, 256), "batch sizes m")
    draws: int = setting(4096, "random batches of each run, size and distribution")
    distributions: tuple[str, ...] = setting(("uniform", "gaussian", "exponential"), "of inputs")
    epsilons: tuple[float, ...] = setting((1e-5, 1e-3), "ε under the root: PyTorch's, Keras's")
    sigmas_per_decade: int = setting(12, "standard deviations σ of the input, from 1e-3 to 10")
    samples: int = setting(256, "samples of each run with fixed statistics")
    shown: int = setting(320, "points of each panel that shows inputs against outputs")
    seed: int = setting(4, "every random stream is spawned from it")


QUICK = Setup(batches=(2, 8, 64, 256), draws=128, sigmas_per_decade=4)
FULL, PAPER = Setup(), Setup(runs=64, draws=16_384)


def points(s):
    """Batch statistics at each size, fixed statistics, and some inputs with what comes back."""
    batches = {f"batch-{m:03d}": call(batch_statistics, s, batch=m) for m in s.batches}
    return {**batches, "fixed": call(fixed_statistics, s), "pairs": call(pairs, s)}


def undone(x):
    """Normalized and undone (sample, batch), where every column is a batch: x̂ and y."""
    model = batch_norm((1, x.shape[1]), gamma=STD, beta=MEAN, eps=0.0)
    y, saved, _ = model.forward(x[None], training=True)
    return saved[0]["xhat"][0], y[0]


def batch_statistics(batch, draws, distributions, runs):
    """What is left of the inputs with batch statistics, by distribution."""
    read = []
    for d, distribution in enumerate(distributions):
        for rng in runs.part(batch, d).streams():
            x = MEAN + STD * DRAW[distribution](rng, (batch, draws))
            xhat, y = undone(x)
            square = np.square((y - x) / STD)
            gamma = (x * xhat).mean()  # least squares: x̂ has mean 0 and mean square 1
            best = np.square((gamma * xhat + x.mean() - x) / STD).mean()
            mean_part = np.square((x.mean(axis=0) - MEAN) / STD).mean()
            scale_part = np.square(x.std(axis=0) / STD - 1).mean()
            # A uniform distribution reaches 1.7 standard deviations only: nothing of it is large.
            far = square[x > MEAN + 2 * STD]
            large = far.mean() if far.size else 0.0
            read.append((square.mean(), best, gamma / STD, mean_part, scale_part, large))
    error, best, gamma, mean_part, scale_part, large = np.array(read).T
    one, of = "variance of the input", "mean squared error"
    leading = theory.undo_error_large_batch(batch, np.array([KURTOSIS[d] for d in distributions]))
    found = {
        "error": (error, f"{of} of γ = σ, β = μ", one),
        "best_error": (best, f"{of} of the best γ and β", one),
        "best_gamma": (gamma, "the best γ", "standard deviation of the input"),
        "mean_part": (mean_part, "the part that is lost with the batch means", one),
        "scale_part": (scale_part, "the part that is lost with the batch standard deviations", one),
        "large_error": (large, f"{of} of inputs 2 standard deviations above the mean", one),
        "error_theory": (theory.undo_error(batch), "2(1 − √(2/m) Γ(m/2)/Γ((m−1)/2))", one, "batch"),
        "best_error_theory": (theory.best_undo_error(batch), "for the best γ", one, "batch"),
        "error_large_batch": (leading, "(κ+3)/(4m)", one, "distribution batch"),
    }
    return table(found, distribution=distributions, batch=batch, run=runs)


def fixed_statistics(samples, epsilons, sigmas_per_decade, runs):
    """Evaluation mode, with γ = σ and with γ = √(σ²+ε)."""
    sigmas = np.logspace(-3, 1, 4 * sigmas_per_decade + 1)
    z = normal(runs.part(1_000_001).streams(copies=sigmas.size), samples)
    sigma = runs.each(sigmas)[:, None]
    mean, x = 1.5 * sigma, (1.5 * sigma + sigma * z)[..., None]

    def error(gamma, eps):
        y = batch_norm(sigma.shape, gamma, mean, mean, sigma, eps).outputs(x)
        return np.square(y - x).sum(axis=(1, 2)) / np.square(sigma * z).sum(axis=1)

    errors = [[error(gamma, e) for gamma in (sigma, np.sqrt(sigma**2 + e))] for e in epsilons]
    expected = theory.undo_error_epsilon(sigmas, np.array(epsilons)[:, None])
    found = {
        "fixed_error": (errors, "squared error over squared distance from the mean"),
        "fixed_error_theory": (expected, "(1 − σ/√(σ²+ε))²", "1", "eps sigma"),
    }
    return table(found, eps=epsilons, gamma=["sigma", "root"], sigma=sigmas, run=runs)


def pairs(shown, seed):
    """Inputs and what comes back: for all batch sizes the same numbers, grouped anew."""
    x = MEAN + STD * normal(Runs(seed, 1).part(1_000_002).streams(), shown)[0]
    back = np.array([undone(x.reshape(-1, m).T)[1].T.ravel() for m in PAIR_BATCHES])
    x, back, unit = (x - MEAN) / STD, (back - MEAN) / STD, "standard deviations from the mean"
    found = {"pair_input": (x, "input", unit, "sample")}
    found["pair_output"] = back, "normalized and undone", unit
    return table(found, pair_batch=PAIR_BATCHES, sample=range(shown))


# ------------------------------------------------------------------------------------------ claims


def lost(variable, m, distribution="gaussian"):
    """What batches of one size lose on average."""
    return value(variable, distribution=distribution, batch=m).mean()


ERROR, BEST = (value(name, distribution="gaussian") for name in ("error", "best_error"))
KNOWN, NEARLY_ONE = ERROR / value("error_theory"), within(1, relative=0.05)
FIXED = value("fixed_error", gamma="root").every()
KERAS, PYTORCH = (  # γ = σ = 0.01
    value("fixed_error", gamma="sigma", sigma=Near(0.01), eps=eps).every() for eps in (1e-3, 1e-5)
)
BETTER = "best γ and β: error over that of σ and μ"

CLAIMS = {
    "gamma-beta-undo-it": depends(
        "With γ = σ and β = μ, batch norm gives back its input: it can represent the "
        "identity, and no capacity is lost.",
        source="ioffe2015",
        cases=tuple(
            Case(f"{when}, squared error", measure, below(0.01, "% of the variance"))
            for when, measure in (
                ("fixed statistics, γ = √(σ²+ε)", FIXED),
                ("fixed statistics, γ = σ = 0.01, ε = 1e-3", KERAS),
                *((f"batch statistics, m = {m}", lost("error", m)) for m in (2, 8, 64, 256)),
            )
        ),
        because="Fixed statistics can be undone; those of a batch move from batch to batch, while "
        "γ and β stay where they are.",
    ),
    "undoing-is-exact-in-eval-mode": supported(
        "In evaluation mode γ and β undo the normalization exactly.",
        source="reader",
        cases=(Case("γ = √(σ²+ε), squared error, every σ and ε", FIXED, below(ROUND_OFF)),),
        because="A fixed mean and a fixed standard deviation make a straight line, and γ and β are "
        "another one.",
    ),
    "undo-error-is-known": supported(
        "With batch statistics, undoing misses Gaussian inputs by 2(1 − E σ_B/σ) of their "
        "variance on average.",
        source="reader",
        cases=tuple(
            Case(f"batch of {m}, over the closed form", KNOWN.at(batch=m).mean(), NEARLY_ONE)
            for m in (2, 8, 64, 256)
        ),
        because="The error of the mean and that of the standard deviation add up, and both have "
        "exact expectations.",
    ),
    "training-finds-the-undo": refuted(
        "If γ = σ and β = μ do not undo it, some other γ and β do, and training can find them.",
        source="reader",
        cases=tuple(
            Case(f"batch of {m}, {BETTER}", ratio(BEST.at(batch=m), ERROR.at(batch=m)), below(0.5))
            for m in (2, 8, 64)
        ),
        because="One pair of numbers cannot give back a mean and a standard deviation that differ "
        "from batch to batch.",
    ),
    "large-values-are-destroyed": depends(
        "Standardizing destroys large values that matter.",
        source="post",
        cases=tuple(
            Case(f"{when}, undone, squared error", measure, above(0.01, "% of the variance"))
            for when, measure in (
                ("fixed statistics", FIXED),
                *((f"batch of {m}, values above 2σ", lost("large_error", m)) for m in (8, 64)),
            )
        ),
        because="A change of units destroys nothing; what is lost is how large a value was beside "
        "other batches.",
    ),
}

VALUES = {
    "error_pair": lost("error", 2),
    "error_eight": lost("error", 8),
    "error_sixty_four": lost("error", 64),
    "best_pair": lost("best_error", 2),
    "best_eight": lost("best_error", 8),
    "best_gamma_pair": lost("best_gamma", 2),
    "mean_part_eight": lost("mean_part", 8),
    "scale_part_eight": lost("scale_part", 8),
    "exponential_sixty_four": lost("error", 64, "exponential"),
    "large_value_eight": lost("large_error", 8),
    "fixed": FIXED,
    "fixed_sigma_keras": KERAS,
    "fixed_sigma_pytorch": PYTORCH,
}
