"""What folding batch norm away changes, and which of the two forms is nearer to the truth."""

from __future__ import annotations

import numpy as np

from experiments.engine.folding import fold
from experiments.engine.train import Model
from experiments.theory import inference as theory


def errors(model: Model, x: np.ndarray, precision: str) -> dict[str, np.ndarray]:
    """A dense layer with batch norm against the folded one, and both against exact arithmetic.

    Parameters
    ----------
    model : Model
        `Dense`, `Standardize`, `Affine`, as it is evaluated.
    x : ndarray, shape (run, sample, feature)
    precision : {"float64", "float32", "float16"}
        What both forms are stored and computed in.

    Returns
    -------
    dict of ndarray, shape (run,)
        `over_bound`, the largest distance between outputs of both forms, over what rounding and
        underflow allow; `unfolded` and `folded`, root mean square errors against float64 on the
        same stored numbers; `theory`, that of the
        layer with batch norm if what it stores is rounded, number by number; `offset`, the mean
        over the standard deviation before batch norm, root mean square over units.
    """
    u = theory.unit_round_off(precision)
    model, x = model.astype(precision), x.astype(precision)
    network, params = fold(model.network, model.params, model.state)
    layer = model.outputs(x).astype(float)
    folded = Model(network, params, [{}]).outputs(x).astype(float)

    weight, *rest = numbers(model)
    bias, mean, var, gamma, beta = (a[:, None] for a in rest)
    x = x.astype(float)
    product = x @ weight
    z = product + bias
    factor = gamma / np.sqrt(var + model.network.layers[1].convention.eps)
    scaled = (z - mean) * factor
    exactly = scaled + beta
    size = np.abs(x) @ np.abs(weight) + np.abs(bias) + np.abs(mean)
    bound = allowed(x, np.abs(factor), np.abs(factor) * size + np.abs(beta), precision)

    def rounded(values: np.ndarray) -> np.ndarray:
        return theory.rounding_rms(values, u, axis=1)[:, None]

    before = (product, z) if bias.any() else (product,)  # adding a bias of 0 rounds nothing
    parts = [factor * rounded(part) for part in before]
    parts += [gamma * rounded(scaled / gamma), rounded(scaled), rounded(exactly)]
    return {
        "over_bound": np.max(np.abs(layer - folded) / bound, axis=(1, 2)),
        "unfolded": np.sqrt(np.mean(np.square(layer - exactly), axis=(1, 2))),
        "folded": np.sqrt(np.mean(np.square(folded - exactly), axis=(1, 2))),
        "theory": np.sqrt(np.mean(sum(np.square(part) for part in parts), axis=(1, 2))),
        "offset": np.sqrt(np.mean(np.square(z.mean(axis=1)) / z.var(axis=1), axis=1)),
    }


def allowed(x: np.ndarray, factor: np.ndarray, size: np.ndarray, precision: str) -> np.ndarray:
    """How far apart rounding and underflow may bring outputs of this size."""
    u, smallest = theory.unit_round_off(precision), theory.smallest_number(precision)
    bound = theory.fold_round_off(x.shape[2], u, min(u, 2.0**-24), size)
    # Half of the smallest number is lost where a result underflows: each folded weight, and a few
    # results in both.
    return bound + smallest / 2 * (np.abs(x).sum(axis=2, keepdims=True) + 3 * factor + 6)


def numbers(model: Model) -> list[np.ndarray]:
    """Weight, bias, running mean and variance, γ and β in float64, as they are stored."""
    dense, running, affine = model.params[0], model.state[1], model.params[2]
    stored = (dense["weight"], dense["bias"], running["running_mean"], running["running_var"])
    return [a.astype(float) for a in (*stored, affine["gamma"], affine["beta"])]
