"""What do the other examples of a batch do to one example's output?

One fixed example stands among neighbours that are drawn anew, in batches of many sizes; and one
goes through a random network of dense, batch norm and ReLU blocks beside two different sets of
neighbours, when the running statistics have long seen enough batches. Everywhere ε = 0.
"""

import numpy as np

from experiments.claims import Case, below, supported
from experiments.measures.gap import QUANTILES, half_width, octave, one_example, settled_blocks
from experiments.results import table, value
from experiments.study import Settings, call, setting
from experiments.theory.inference import example_quantile


class Setup(Settings):
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


QUICK, FULL = Setup(batches=(8, 64), neighbours=1000, width=16, steps=150), Setup()
PAPER = Setup(
    runs=64,
    neighbours=20_000,
    network_batches=(16, 64, 256),
    width=256,
    steps=2000,
    running_rate=0.01,
)


def points(s):
    """One example by itself, and one in a network, at every batch size."""
    return {
        **{f"example-{m}": call(example, s, batch=m) for m in s.batches},
        **{f"curve-{m}": call(curve, s, batch=m) for m in s.batches},
        **{f"network-{m}": call(change, s, batch=m) for m in s.network_batches},
    }


def example(batch, examples, neighbours, runs):
    """Where one example lands in training mode, over draws of the rest of its batch."""
    return one_example(batch, examples, neighbours, runs)


def curve(batch, examples):
    """Where the closed form says that one example lands, up to the next batch size."""
    sizes = octave(batch)
    expected = [[example_quantile(p, z, sizes) for z in examples] for p in QUANTILES]
    found = {"example_value_theory": (expected, "closed form")}
    return table(found, quantile=QUANTILES, example=examples, curve_batch=sizes)


def change(batch, layers, width, steps, running_rate, runs):
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

CHANGED = "20 blocks of dense, batch norm, ReLU, relative change of the output in every instance"

CLAIMS = {
    "eval-ignores-neighbours": supported(
        "In eval mode an example's output does not depend on what else is in the batch.",
        source="overview",
        cases=(Case(CHANGED, value("network_eval_change").every(), below(1e-12)),),
        because="With fixed statistics batch norm is the same straight line for every example.",
    ),
}

VALUES = {
    "network_train_change": value("network_train_change", batch=64).mean(),
    "example_width": half_width(1.0, 64).mean(),
    "example_width_small": half_width(1.0, 8).mean(),
}
