"""What frameworks computed on the same batches, against what the engine computes on them."""

from __future__ import annotations

import numpy as np

from experiments.data.conventions import load
from experiments.engine.standardize import Convention, Standardize
from experiments.theory import inference as theory

# Framework → the variants of it that were run, in the order in which they are stored.
FRAMEWORKS = {
    "PyTorch": ("PyTorch",),
    "Keras": ("Keras on JAX", "Keras on PyTorch", "Keras on NumPy"),
    "Flax": ("Flax linen", "Flax linen, two passes", "Flax nnx"),
    "ONNX": ("ONNX",),
}
VARIANTS = tuple(name for variants in FRAMEWORKS.values() for name in variants)
# These take the variance as E[x²] − E[x]².
ONE_PASS = ("Keras on PyTorch", "Keras on NumPy", "Flax linen", "Flax nnx")
QUANTITIES = ("train", "running mean", "running variance", "eval")


def place(name: str, precision: str, setting: str) -> tuple[int, int, int]:
    """Where a variant's run stands in the arrays of `experiments.data.conventions`."""
    golden = load()
    precisions, settings = (list(golden[axis]) for axis in ("dtype", "setting"))
    return VARIANTS.index(name), precisions.index(precision), settings.index(setting)


def new_weight(name: str, precision: str, setting: str) -> float:
    """Weight of a new batch that a layer's momentum means: itself in PyTorch, else 1 minus it."""
    momentum = float(load()["momentum"][place(name, precision, setting)])
    return momentum if name == "PyTorch" else 1 - momentum


def engine(convention: Convention, batches: np.ndarray) -> tuple[np.ndarray, ...]:
    """Outputs in training, running means and variances by step; and the last batch evaluated."""
    layer, read = Standardize(convention), []
    _, state, _ = layer.init([None], batches.shape[2], batches.dtype)
    for x in batches:
        y, _, state = layer.forward({}, state, x[None], training=True)
        read.append((y[0], state["running_mean"][0], state["running_var"][0]))
    evaluated = layer.forward({}, state, batches[-1:], training=False)[0][0]
    return *map(np.stack, zip(*read, strict=True)), evaluated


def over_bound(name: str, precision: str, setting: str) -> list[float]:
    """Largest distances between a framework and the engine, over the bounds for round-off.

    The engine has the framework's ε, weight of a new batch and variance; a distance above 1 is a
    difference in meaning. One number for each of `QUANTITIES`.
    """
    golden, at = load(), place(name, precision, setting)
    batches, eps = golden["input_batches"], float(golden["eps"][at])
    convention = Convention(eps, new_weight(name, precision, setting), unbiased=name == "PyTorch")
    ours = engine(convention, batches.astype(precision))
    theirs = [golden[key][at] for key in ("y", "running_mean", "running_var", "eval_y")]
    std, samples = np.sqrt(batches.var(axis=1) + eps), batches.shape[1]
    kappa = np.maximum(1, np.abs(batches).max(axis=(0, 1)) / std.min(axis=0))
    largest = std.max(axis=0)
    # Keras computes in float32 whatever it is given.
    u = theory.unit_round_off("float32" if name in FRAMEWORKS["Keras"] else precision)
    bound = theory.normalization_round_off(samples, u, kappa, name in ONE_PASS)
    bounds = bound, bound * largest, bound * np.maximum(1, np.square(largest)), bound
    three = zip(ours, theirs, bounds, strict=True)
    return [np.max(np.abs(one - other) / most) for one, other, most in three]
