"""How much of a gradient's length does batch norm leave?

Random gradients go through the backward pass of random batches of many sizes, at ε = 0 and with
random γ and β, and their squared length behind it is held against two forms of a theorem. One more
gradient, made to ask the batch to move and to spread, is taken apart to look at.
"""

import numpy as np

from experiments.claims import Case, above, below, refuted, supported
from experiments.measures.unit import passes
from experiments.results import table, value
from experiments.runs import Runs
from experiments.study import Settings, call, setting
from experiments.theory import transform as theory

# Products of at most 256 float64 terms of order one: 256 · 2⁻⁵³ is 3e-14.
ROUND_OFF = 1e-12


class Setup(Settings):
    runs: int = setting(16, "random batches of every size")
    batches: tuple[int, ...] = setting((2, 3, 4, 8, 16, 32, 64, 128, 256), "batch sizes m")
    shown: int = setting(16, "samples of the gradient that is taken apart in a figure")
    seed: int = setting(5, "every random stream is spawned from it")


QUICK, FULL, PAPER = Setup(batches=(2, 3, 4, 8, 32)), Setup(), Setup(runs=64)


def points(s):
    return {f"batch-{m}": call(lengths, s, m=m) for m in s.batches} | {"parts": call(parts, s)}


def lengths(m, runs):
    """The squared length of a gradient behind the backward pass, against two forms of a theorem."""
    norm_error, root_bound = np.empty((2, 1, len(runs)))
    for i, rng in enumerate(runs.part(m).streams()):
        sigma = np.exp(rng.uniform(-2, 2))
        x = rng.normal() + sigma * rng.standard_normal(m)
        gamma, beta = rng.choice([-1, 1]) * np.exp(rng.uniform(-2, 2)), rng.normal()
        xhat, *_ = passes(x, np.eye(m), 0.0)
        # a gradient with something along both directions
        g = rng.normal() + rng.normal() * xhat + rng.standard_normal(m)
        *_, dx = passes(x, g[:, None], 0.0, gamma, beta)
        arrives = np.square(gamma / x.std()) * (g @ g)
        returns = np.square(dx).sum() / arrives
        identity = theory.returning_norm_squared(g, xhat, gamma, x.std()) / arrives
        root = identity - (1 / np.sqrt(m) - 1 / m) * np.square(xhat @ g) / (g @ g)
        norm_error[0, i], root_bound[0, i] = abs(returns - identity), root - returns
    off = "distance of a gradient's squared length from the identity, over γ²/σ² times that before"
    bound = "the bound with 1/√m less what it bounds, over γ²/σ² times the squared length before"
    found = {"norm_error": (norm_error, off), "root_bound": (root_bound, bound)}
    return table(found, batch=m, run=runs)


def parts(seed, shown):
    """One gradient taken apart into what is removed and what gets back, to look at."""
    (rng,) = Runs((seed, 1_000_002), 1).streams()
    x = np.sort(rng.standard_normal(shown))
    # It asks the batch to move up and to spread, and each sample for something of its own.
    g = 0.6 + 0.5 * (x - x.mean()) / x.std() + 0.45 * rng.standard_normal(shown)
    xhat, _, dx = passes(x, g[:, None], 0.0)
    taken = {
        "arrives": g,
        "constant": np.full(shown, g.mean()),
        "stretch": xhat * (g * xhat).mean(),
        "returns": dx[:, 0] * x.std(),
    }
    inputs = xhat, "normalized value of the sample", "1", "sample"
    found = {"part": (list(taken.values()), "a gradient and its parts"), "part_input": inputs}
    return table(found, kind=list(taken), sample=range(shown))


# ------------------------------------------------------------------------------------------ claims


SIDES = "difference of the two sides over the squared length times γ²/σ², in every instance"
BOUND = (
    "the bound less what it bounds, over the squared length times γ²/σ², in every instance but for "
    "round-off"
)

CLAIMS = {
    "gradient-norm-identity": supported(
        "Up to the factor γ²/σ², batch norm takes from a gradient’s squared length its "
        "squared products with 1 and with x̂, each over m.",
        source="santurkar2018",
        cases=tuple(
            Case(f"batch of {m}, {SIDES}", value("norm_error", batch=m).every(), below(ROUND_OFF))
            for m in (2, 3, 4, 8, 32)
        ),
        because="The two directions are orthogonal and have squared length m; Pythagoras does the "
        "rest.",
    ),
    "gradient-norm-root": refuted(
        "With the squared product with x̂ over √m in the place of m, it is still an upper bound.",
        source="reader",
        cases=tuple(
            Case(f"batch of {m}, {BOUND}", value("root_bound", batch=m).every(), above(-ROUND_OFF))
            for m in (3, 4, 8, 32)
        ),
        because="It takes away more than there is; for a gradient along x̂ it would make the "
        "squared length negative.",
    ),
}

VALUES = {"norm_error": value("norm_error").every()}
