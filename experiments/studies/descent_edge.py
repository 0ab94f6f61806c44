"""Where is the edge of stability of plain gradient descent on least squares?

The least squares of `bngd` without a batch norm, at learning rates near two over the largest
eigenvalue of the Hessian: by what factor does a step multiply the distance from the solution, in
the end? What came out: below that edge it shrinks the distance and above it stretches it, in every
run, by the factor of the textbook.
"""

import numpy as np

from experiments.claims import Case, above, below, supported
from experiments.measures.least_squares import plain_step, task
from experiments.results import table, value
from experiments.study import Settings, call, setting
from experiments.theory.optimization import descent_factor

STEP = "factor of a step on the distance"


class Setup(Settings):
    runs: int = setting(16, "random solutions u and random starts")
    features: int = setting(8, "inputs; their variances fall evenly, by ratio, from 1")
    conditions: tuple[float, ...] = setting(
        (4.0, 25.0, 100.0), "condition numbers: largest variance over smallest"
    )
    shares: tuple[float, ...] = setting(
        (0.5, 0.9, 0.99, 0.999, 1.001, 1.01, 1.1, 1.5), "learning rates, as shares of 2/λₘₐₓ"
    )
    steps: int = setting(20_000, "of gradient descent")
    seed: int = setting(12, "every random stream is spawned from it")


QUICK, FULL, PAPER = Setup(steps=3000), Setup(), Setup(runs=64)


def points(s):
    return {f"condition-{c:g}": call(descend, s, condition=c) for c in s.conditions}


def descend(condition, features, shares, steps, runs):
    """By what factor a step multiplies the distance from u, in the second half of the steps."""
    variances, u, start = task(condition, features, runs)
    rate = np.tile(np.array(shares) * 2 / variances.max(), (len(runs), 1))
    off = np.repeat(start[:, None], len(shares), axis=1) - u[:, None]
    half, logs = steps // 2, np.zeros(rate.shape)
    for step in range(steps):
        # Measured from u, and brought back to length 1, which a linear map allows: nothing over- or
        # underflows.
        _, off = plain_step(off, rate, variances, np.zeros_like(off))
        length = np.linalg.norm(off, axis=2)
        off /= length[..., None]
        if step >= half:
            logs += np.log(length)
    factor = np.exp(logs / (steps - half))
    expected = descent_factor(np.array(shares) * 2, np.array([1.0, 1 / condition]))
    found = {
        "factor": (factor, f"{STEP} from the solution", "1", "condition run share"),
        "factor_theory": (expected, "largest |1 − η λ|", "1", "condition share"),
    }
    return table(found, condition=condition, share=shares, run=runs)


# ------------------------------------------------------------------------------------------ claims

FACTOR = value("factor", condition=100.0)
ERROR = abs(value("factor") - value("factor_theory")).over("share", "max")
# What the other components still add to the factor: the logarithm of how much larger one started,
# e^10 at most, over the 10,000 steps of the second half.
LEFT_OVER, LESS, MORE = below(1e-3), below(1), above(1)
END = f"{STEP} in the end, in every run"
RATES = "rates from 0.5 to 1.5 of the edge, largest difference"

CLAIMS = {
    "descent-has-an-edge": supported(
        "On least squares, gradient descent without batch norm is stable for rates below "
        "2/λₘₐₓ and for no others.",
        source="cai2019",
        cases=tuple(
            Case(f"η = {a:g} · 2/λₘₐₓ, {END}", FACTOR.at(share=a).every(), LESS if a < 1 else MORE)
            for a in FULL.shares
        ),
        because="Along the steepest direction a step multiplies the distance by 1 − ηλₘₐₓ, whose "
        "size is one at the edge.",
    ),
    "descent-factor": supported(
        "In the end, a step of gradient descent multiplies the distance from the solution by "
        "max |1 − ηλ|.",
        source="reader",
        cases=tuple(
            Case(f"condition number {c:g}, {RATES}", ERROR.at(condition=c).every(), LEFT_OVER)
            for c in FULL.conditions
        ),
        because="Each direction has a factor of its own, and the largest is left over.",
    ),
}

VALUES = {}
