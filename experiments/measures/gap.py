"""What training mode and eval mode put out, once the running statistics have nothing left to learn.

Normalizations in a row, random blocks with batch norm, and one example among neighbours; everywhere
ε = 0, so that closed forms are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import xarray as xr

from experiments.engine.activations import ReLU
from experiments.engine.dense import Dense
from experiments.engine.initialization import he_normal
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Convention, Standardize
from experiments.results import FIRST, LAST, Value, table, value
from experiments.runs import Runs, normal
from experiments.theory.inference import eval_variance_fixed_batch
from experiments.training import Model, block, seen, start

# Whether the running variance has the divisor m − 1 (PyTorch) and not m (Keras, Flax).
CONVENTIONS = {"unbiased": True, "biased": False}
QUANTILES = (0.025, 0.5, 0.975)


def stack(layers: int, running_rate: float, unbiased: bool) -> Network:
    """Normalizations in a row."""
    return Network((Standardize(Convention(0.0, running_rate, unbiased)),) * layers)


def settled_blocks(
    unbiased: bool, batch: int, layers: int, width: int, steps: int, rate: float, runs: Runs
) -> tuple[Model, Callable[[int], np.ndarray]]:
    """Random blocks of dense, batch norm and ReLU that have seen enough batches, and more samples.

    The samples are what a function of their number draws.
    """
    rngs, weights = runs.part(2, batch).streams(), runs.part(100, batch).streams()
    dense = Dense(width, bias=False, weights=he_normal)
    blocks = block(dense, (Standardize(Convention(0.0, rate, unbiased)),), ReLU()) * layers
    network = Network(blocks)
    model = Model(network, *network.init(weights, width, np.float32))

    def fresh(samples: int) -> np.ndarray:
        return normal(rngs, samples, width).astype(np.float32)

    for _ in range(steps):
        model = seen(model, fresh(batch))
    return model, fresh


def normalized(model: Model, x: np.ndarray, training: bool = False) -> list[np.ndarray]:
    """What every normalization of a network puts out."""
    return [saved["xhat"] for saved in model.forward(x, training)[1] if "xhat" in saved]


def by_layer(
    name: str, measured: list, words: str, closed: Callable, batch: int, runs: Runs
) -> xr.Dataset:
    """A standard deviation at every normalization, by convention and run, and the closed form."""
    depths = np.arange(1, len(measured[0]) + 1)
    expected = [np.sqrt(closed(depths, batch, unbiased)) for unbiased in CONVENTIONS.values()]
    found = {
        name: (measured, words, "1", "convention batch layer run"),
        f"{name}_theory": (expected, f"{words}, closed form", "1", "convention batch layer"),
    }
    return table(found, convention=list(CONVENTIONS), batch=batch, layer=depths, run=runs)


def one_batch(batch, layers, features, steps, running_rate, runs) -> xr.Dataset:
    """One batch for ever: the running statistics become its own, and still the modes differ."""
    x, read = 3.0 + 2.0 * normal(runs.part(0, batch).streams(), batch, features), []
    for unbiased in CONVENTIONS.values():
        model = start(stack(layers, running_rate, unbiased), runs, features, dtype=float)
        for _ in range(steps):
            model = seen(model, x)
        both = zip(normalized(model, x), normalized(model, x, training=True), strict=True)
        read.append([(e.std(axis=1) / t.std(axis=1)).mean(axis=1) for e, t in both])
    words = "standard deviation in eval mode, over training mode's"
    return by_layer("fixed_std", read, words, eval_variance_fixed_batch, batch, runs)


def one_example(batch, examples, neighbours, runs) -> xr.Dataset:
    """Where one example lands in training mode, over draws of the rest of its batch."""
    alone, read = Network((Standardize(replace(PYTORCH, eps=0.0)),)), []
    for one in runs.groups(1):  # all runs together would take much memory
        model = start(alone, one, neighbours, dtype=float)
        # Every "feature" is another draw of the batch.
        x = normal(one.part(3, batch).streams(), batch, neighbours)
        for z in examples:
            x[:, 0] = z
            read.append(np.quantile(model.outputs(x, training=True)[0, 0], QUANTILES))
    values = np.reshape(read, (len(runs), len(examples), -1)).T
    found = {"example_value": (values, "quantile of its value")}
    along = {"quantile": QUANTILES, "example": examples, "example_batch": batch}
    return table(found, **along, run=runs)


def octave(m: int) -> np.ndarray:
    """Batch sizes from m to just below 2 m, for a smooth line of a closed form."""
    return np.unique(np.linspace(m, 2 * m, 8, endpoint=False).astype(np.int32))


def std(variable: str, m: int, layer: int, convention: str = "unbiased") -> Value:
    """A standard deviation in eval mode, of the tables that `by_layer` makes."""
    return value(variable, convention=convention, batch=m, layer=layer)


def half_width(z: float, m: int) -> Value:
    """Half the width of the range that holds 95 % of the values of `one_example`."""
    at = {"example": z, "example_batch": m}
    low, high = (value("example_value", quantile=end, **at) for end in (FIRST, LAST))
    return (high - low) / 2
