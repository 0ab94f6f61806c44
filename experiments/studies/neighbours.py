"""What do the other examples of a batch do to one example's output?

One fixed example stands among neighbours that are drawn anew, in batches of many sizes; and one example
goes through a random network of twenty dense, batch norm and ReLU blocks beside two different sets of
neighbours, when the running statistics have long seen enough batches. Everywhere ε = 0.

What came out: in training mode one example's value is a random variable with a known distribution, and
its neighbours change most of what a deep network says about it; in evaluation mode it is a number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from experiments.engine.activations import ReLU
from experiments.engine.dense import Dense
from experiments.engine.initialization import he_normal
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Convention, Standardize
from experiments.results import FIRST, LAST, Value, table, value
from experiments.runs import Runs, normal
from experiments.study import Case, Claim, below, call, setting
from experiments.theory.inference import example_quantile
from experiments.training import Model, block, seen, start

QUANTILES = (0.025, 0.5, 0.975)
ALONE = Network((Standardize(replace(PYTORCH, eps=0.0)),))


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    runs: int = setting(16, "independent runs")
    batches: tuple[int, ...] = setting(
        (4, 8, 16, 32, 64, 128, 256), "batch sizes around the one example"
    )
    examples: tuple[float, ...] = setting(
        (0.0, 1.0, 2.0), "where the one example stands, in standard deviations"
    )
    neighbours: int = setting(4000, "draws of the rest of the example's batch, in each run")
    network_batches: tuple[int, ...] = setting((64,), "batch sizes of the random network")
    layers: int = setting(20, "blocks of the random network")
    width: int = setting(64, "units of each")
    steps: int = setting(300, "updates of the running statistics, on fresh batches")
    running_rate: float = setting(0.03, "their update rate: small, so that they are quiet")
    seed: int = setting(2, "every random stream is spawned from it")


QUICK = Setup(batches=(8, 64), neighbours=1000, width=16, steps=150)
FULL = Setup()
PAPER = Setup(
    runs=64,
    neighbours=20000,
    network_batches=(16, 64, 256),
    width=256,
    steps=2000,
    running_rate=0.01,
)


def points(s: Setup) -> dict:
    """One example by itself, and one in a network, at every batch size."""
    return {
        **{f"example-{m}": call(example, s, batch=m) for m in s.batches},
        **{f"network-{m}": call(change, s, batch=m) for m in s.network_batches},
    }


def octave(m: int) -> np.ndarray:
    """Batch sizes from m to just below 2 m, for a smooth line of a closed form."""
    return np.unique(np.linspace(m, 2 * m, 8, endpoint=False).astype(np.int32))


def example(batch, examples, neighbours, runs) -> xr.Dataset:
    """Where one example lands in training mode, over draws of the rest of its batch."""
    read, between = [], octave(batch)
    for one in runs.groups(1):  # all runs together would take much memory
        model = start(ALONE, one, neighbours, dtype=float)
        # Every "feature" is another draw of the batch.
        x = normal(one.part(3, batch).streams(), batch, neighbours)
        for z in examples:
            x[:, 0] = z
            read.append(np.quantile(model.outputs(x, training=True)[0, 0], QUANTILES))
    values = np.reshape(read, (len(runs), len(examples), 1, -1)).T
    expected = [[example_quantile(p, z, between) for z in examples] for p in QUANTILES]
    along = "quantile example"
    found = {
        "example_value": (values, "quantile of its value", "1", f"{along} example_batch run"),
        "example_value_theory": (expected, "closed form", "1", f"{along} curve_batch"),
    }
    sizes = {"example_batch": batch, "curve_batch": between}
    return table(found, quantile=QUANTILES, example=examples, **sizes, run=runs)


def settled_blocks(
    unbiased: bool, batch: int, layers: int, width: int, steps: int, rate: float, runs: Runs
) -> tuple[Model, Callable[[int], np.ndarray]]:
    """A random network whose statistics are those of fresh batches, and what draws more samples."""
    rngs, weights = runs.part(2, batch).streams(), runs.part(100, batch).streams()
    norm = Standardize(Convention(0.0, rate, unbiased))
    dense = Dense(width, bias=False, weights=he_normal)
    network = Network(block(dense, (norm,), ReLU()) * layers)
    model = Model(network, *network.init(weights, width, np.float32))

    def fresh(samples: int) -> np.ndarray:
        return normal(rngs, samples, width).astype(np.float32)

    for _ in range(steps):
        model = seen(model, fresh(batch))
    return model, fresh


def change(batch, layers, width, steps, running_rate, runs) -> xr.Dataset:
    """How much of an example's output changes with its neighbours, in either mode."""
    model, fresh = settled_blocks(True, batch, layers, width, steps, running_rate, runs)
    x, found = fresh(2 * batch), {}
    one, other = x[:, :batch], x[:, [0, *range(batch + 1, 2 * batch)]]
    for training, mode in ((False, "eval"), (True, "train")):
        first, second = (model.outputs(part, training)[:, 0] for part in (one, other))
        changed = np.linalg.norm(first - second, axis=1) / np.linalg.norm(first, axis=1)
        words = f"relative change of an example's output with its neighbours, {mode} mode"
        found[f"network_{mode}_change"] = changed, words
    return table(found, batch=batch, run=runs)


# ------------------------------------------------------------------------------------------ claims


def half_width(z: float, m: int) -> Value:
    """Half the width of the range that holds 95 % of an example's values."""
    at = {"example": z, "example_batch": m}
    low, high = (value("example_value", quantile=end, **at) for end in (FIRST, LAST))
    return (high - low) / 2


def eval_change(results: xr.Dataset) -> xr.DataArray:
    """The change in eval mode, of every network."""
    return results["network_eval_change"].dropna("batch", how="all")


CLAIMS = (
    Claim(
        "eval-ignores-neighbours",
        says="In eval mode an example's output does not depend on what else is in the batch.",
        source="overview",
        verdict="supported",
        cases=(
            Case(
                "20 blocks of dense, batch norm, ReLU, relative change of the output in every instance",
                value(eval_change).every(),
                below(1e-12),
            ),
        ),
        because="With fixed statistics batch norm is the same straight line for every example.",
    ),
)

VALUES = {
    "network_eval_change": value("network_eval_change", batch=64).every(),
    "network_train_change": value("network_train_change", batch=64).mean(),
    "example_width": half_width(1.0, 64).mean(),
    "example_width_small": half_width(1.0, 8).mean(),
}
