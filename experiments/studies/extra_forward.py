"""Does a second forward pass before the backward pass change the running statistics?

A layer of batch norm sees a batch once, and again, as with gradient checkpointing. What came out:
each pass moves the statistics by a share α of the way that is left; the gradient for γ is the same.
"""

from dataclasses import replace

import numpy as np

from experiments.claims import Case, below, depends, within
from experiments.engine.affine import Affine
from experiments.engine.loss import half_squared_error
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.results import Near, table, value
from experiments.runs import normal
from experiments.study import Settings, call, setting
from experiments.training import backpropagate, seen, start


class Setup(Settings):
    rates: tuple[float, ...] = setting((0.01, 0.03, 0.1, 0.3), "α, the weight of a new batch")
    batch: int = setting(32, "samples in a batch")
    units: int = setting(16, "units of the layer")
    runs: int = setting(16, "random batches")
    seed: int = setting(35, "every random stream is spawned from it")


QUICK, FULL, PAPER = Setup(rates=(0.1, 0.3), runs=4), Setup(), Setup(runs=64)


def points(s):
    return {f"rate-{rate:g}": call(repeat, s, rate=rate) for rate in s.rates}


def repeat(rate, batch, units, runs):
    """Show a new layer one batch twice, the same batches at every rate; it learns to return it."""
    x = 1 + 2 * normal(runs.noise(), batch, units)
    network = Network((Standardize(replace(PYTORCH, rate=rate)), Affine()))
    new = start(network, runs, units, dtype=x.dtype)
    steps = [backpropagate(model, x, x, loss=half_squared_error) for model in (new, seen(new, x))]
    goal = np.concatenate([x.mean(axis=1), x.var(axis=1, ddof=1)], axis=1)
    way, *left = (
        np.linalg.norm(np.concatenate([*state[0].values()], axis=1) - goal, axis=1)
        for state in (new.state, *(step.next_state for step in steps))
    )
    gradient, again = (step.grads[1]["gamma"] for step in steps)
    found = {
        "gone": (1 - np.array(left) / way, "share of the way to the batch's statistics"),
        "change": (abs(again - gradient).max(axis=1), "of the gradient for γ", "1", "rate run"),
    }
    return table(found, rate=rate, passes=(1, 2), run=runs)


ONCE, TWICE = (value("gone", rate=Near(0.1), passes=k) for k in (1, 2))
MORE, CHANGE = ((TWICE - ONCE) / ONCE).every(), value("change").over("rate", "max").every()
CLAIMS = {
    "recomputing-changes-nothing": depends(
        "Computing a forward pass again before the backward pass, as gradient checkpointing "
        "does, changes nothing but the time and memory of a step.",
        source="reader",
        cases=(
            Case("change of the gradient for γ, at any α", CHANGE, within(0)),
            Case("statistics: second move over the first, at α near 0.1", MORE, below(0.01, "%")),
        ),
        because="In training mode a layer normalizes with its batch, which is the same in both "
        "passes, and averages it in at each.",
    ),
}
VALUES = {"once": ONCE.mean(), "twice": TWICE.mean()}
