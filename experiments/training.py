"""What nearly every training study needs: networks, initial models, batches and readings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from experiments import suggest
from experiments.data.batches import batches as batches
from experiments.data.batches import batches_by_class as batches_by_class
from experiments.data.batches import batches_of_each as batches_of_each
from experiments.data.samples import Data, Samples
from experiments.data.samples import load as load
from experiments.engine.adam import Adam, AdamW
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.initialization import he_normal, lecun_normal
from experiments.engine.layer import Layer
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.optimizer import Optimizer
from experiments.engine.parameters import Path, leaves, mapped
from experiments.engine.residual import Residual
from experiments.engine.sgd import SGD
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.standardize_groups import StandardizeGroups
from experiments.engine.train import Model as Model
from experiments.engine.train import Moment as Moment
from experiments.engine.train import backpropagate as backpropagate
from experiments.engine.train import train as train
from experiments.runs import Runs

# Name of a normalization → its layers.
NORMS: dict[str, tuple[Layer, ...]] = {
    "none": (),
    "batch norm": (Standardize(), Affine()),
    "layer norm": (StandardizeFeatures(), Affine()),
    "group norm": (StandardizeGroups(4), Affine()),
}
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "SGD": SGD,
    "momentum": partial(SGD, momentum=0.9),
    "Adam": Adam,
    "AdamW": AdamW,
}


def layers_of(norm: str | tuple[Layer, ...]) -> tuple[Layer, ...]:
    """The layers of a normalization: those of a name of `NORMS`, or the layers that are given.

    Raises
    ------
    ValueError
        If there is none of this name.
    """
    if isinstance(norm, str) and norm not in NORMS:
        raise ValueError(suggest.unknown("normalization", norm, NORMS))
    return NORMS[norm] if isinstance(norm, str) else norm


def block(
    linear: Layer, norm: str | tuple[Layer, ...], activation: Layer | None
) -> tuple[Layer, ...]:
    """A linear layer, its normalization (a name of `NORMS`, or layers) and its activation."""
    return (linear, *layers_of(norm), *((activation,) if activation else ()))


def residual_block(
    width: int,
    norm: str | tuple[Layer, ...],
    activation: Layer,
    norm_last: bool = False,
    weights: Callable[..., np.ndarray] = he_normal,
) -> Residual:
    """x + W activation(norm(x)), a block of a residual network; or x + norm(W activation(x)).

    `norm` is a name of `NORMS`, or layers.
    """
    between = layers_of(norm)
    branch = activation, Dense(width, bias=False, weights=weights)
    return Residual((*branch, *between) if norm_last else (*between, *branch))


def mlp(
    hidden: Sequence[int],
    norm: str | tuple[Layer, ...],
    activation: Layer,
    classes: int = 10,
    weights: Callable[..., np.ndarray] = lecun_normal,
    bias: bool | None = None,
) -> Network:
    """Dense layers, each with normalization and activation, and a dense layer of classes on top.

    Parameters
    ----------
    hidden : sequence of int
        Units of the hidden layers.
    norm : str or tuple of layers
        A name of `NORMS`, or the layers between a dense layer and its activation.
    activation : Layer
    classes : int
        Outputs of the last layer.
    weights : callable
        Initialization of hidden layers (`experiments.engine.initialization`); the last layer's is
        always LeCun's.
    bias : bool, optional
        Whether hidden dense layers have a bias; by default only without normalization, since β
        would replace it.
    """
    between = layers_of(norm)
    bias = not between if bias is None else bias
    layers = [
        layer
        for width in hidden
        for layer in block(Dense(width, bias=bias, weights=weights), between, activation)
    ]
    return Network((*layers, Dense(classes)))


def batch_norm(
    shape: tuple[int, int],
    gamma: float | np.ndarray = 1.0,
    beta: float | np.ndarray = 0.0,
    mean: float | np.ndarray = 0.0,
    std: float | np.ndarray = 1.0,
    eps: float = PYTORCH.eps,
) -> Model:
    """Batch norm by itself, with these parameters and running statistics, in float64.

    Parameters
    ----------
    shape : (int, int)
        Number of runs and of units.
    gamma, beta : float or ndarray
        A number, or one for every run and unit.
    mean, std : float or ndarray
        The same: μ and σ of evaluation mode.
    eps : float
        ε under the root.
    """
    network = Network((Standardize(replace(PYTORCH, eps=eps)), Affine()))

    def full(number: float | np.ndarray) -> np.ndarray:
        return np.full(shape, number, dtype=float)

    running = {"running_mean": full(mean), "running_var": full(std**2)}
    affine = {"gamma": full(gamma), "beta": full(beta)}
    return Model(network, [{}, affine], [running, {}])


def start(
    network: Network, runs: Runs, features: int, copies: int = 1, dtype: type = np.float32
) -> Model:
    """A network with the initial weights of each run, for so many conditions side by side."""
    return Model(network, *network.init(runs.weights(copies), features, dtype))


def paired(
    network: Network, data: Data, batch: int, runs: Runs, copies: int = 1
) -> tuple[Model, Iterator[tuple[np.ndarray, np.ndarray]]]:
    """The initial model and endless batches: the same for all conditions with these runs.

    Parameters
    ----------
    network : Network
    data : Data
        The weights have its precision.
    batch : int
        Samples in a batch.
    runs : Runs
    copies : int
        So many conditions side by side, condition by condition.
    """
    model = start(network, runs, data.features, copies, data.train.x.dtype)
    return model, batches(data.train.x, data.train.labels, batch, runs.order(copies))


def optimizer_of(name: str, rate: float | np.ndarray, frozen: tuple[Path, ...] = ()) -> Optimizer:
    """An optimizer by its name: "SGD", "momentum" (SGD with μ = 0.9), "Adam" or "AdamW".

    Raises
    ------
    ValueError
        If there is none of this name.
    """
    if name not in OPTIMIZERS:
        raise ValueError(suggest.unknown("optimizer", name, OPTIMIZERS))
    return OPTIMIZERS[name](rate, frozen=frozen)


def gamma_and_beta(model: Model) -> np.ndarray:
    """A copy of γ and β, (parameter, layer, run, unit); all normalized layers have one width."""
    layers = [layer for layer in model.params if "gamma" in layer]
    return np.stack([[layer[name] for layer in layers] for name in ("gamma", "beta")])


def set_affine(model: Model, gamma: float | np.ndarray, beta: float | np.ndarray) -> None:
    """Set every γ and every β of a network, all alike: one value for all runs, or one for each."""
    for (*_, name), p in leaves(model.params):
        if name in ("gamma", "beta"):
            p[:] = np.reshape(gamma if name == "gamma" else beta, (-1, 1))


def seen(model: Model, x: np.ndarray) -> Model:
    """The model after one batch in training mode, which updates its running statistics."""
    return replace(model, state=model.forward(x, training=True)[2])


def repeated(model: Model, copies: int) -> Model:
    """The same runs for so many conditions side by side, copy by copy."""
    params, state = (
        mapped(lambda a: np.concatenate([a] * copies), tree) for tree in (model.params, model.state)
    )
    return Model(model.network, params, state)


def hidden_weights(model: Model) -> tuple[Path, ...]:
    """Paths of the weights of all layers but the last."""
    paths = [path for path, _ in leaves(model.params) if path[-1] == "weight"]
    return tuple(paths[:-1])


def enlarged(model: Model, factors: np.ndarray) -> Model:
    """The same with the hidden weights of each run multiplied by its factor, (run,)."""
    changed = model.copy()
    of = dict(leaves(changed.params))
    for path in hidden_weights(model):
        of[path] *= factors.astype(of[path].dtype).reshape(-1, *(1,) * (of[path].ndim - 1))
    return changed


# ------------------------------------------------------------------------------------------ reading


def accuracy(
    model: Model, samples: Samples, training: bool = False, lost: float | None = None
) -> np.ndarray:
    """The share of samples classified correctly, (run,); in training mode they are one batch.

    A run that answers with inf or nan counts as `lost`, such as 0.1 for guessing among ten classes.
    """
    logits = model.outputs(samples.x[None], training)
    right = (logits.argmax(axis=2) == samples.labels).mean(axis=1)
    return right if lost is None else np.where(np.isfinite(logits).all(axis=(1, 2)), right, lost)


def loss(model: Model, samples: Samples, training: bool = False) -> np.ndarray:
    """Mean cross-entropy over samples in nats, (run,); in training mode they are one batch."""
    return softmax_cross_entropy(model.outputs(samples.x[None], training), samples.labels[None])[0]


def gradient_lengths(moment: Moment, paths: Sequence[Path]) -> list[np.ndarray]:
    """‖∂L/∂p‖ of the next batch for each of some parameters: (parameter, run)."""
    grads = dict(leaves(moment.grads))
    squares = [np.square(grads[path].astype(float)) for path in paths]
    return [np.sqrt(one.sum(axis=tuple(range(1, one.ndim)))) for one in squares]


def log_steps(last: int, readings: int, *more: int) -> list[int]:
    """Steps to read at: 0, at most `readings` up to the last at equal ratios, and `more`."""
    spaced = np.geomspace(1, last, readings).round().astype(int).tolist()
    return sorted({0, *spaced, *more})


def square_steps(last: int, readings: int) -> list[int]:
    """Steps to read at, at most `readings` from 0 to the last: the k-th in proportion to k²."""
    spaced = np.linspace(0, 1, readings) ** 2 * last
    return sorted(set(spaced.round().astype(int).tolist()))


def last_steps(steps: int, readings: int, apart: int = 1) -> range:
    """The last `readings` steps, so far apart; what is read there is averaged."""
    return range(steps - apart * (readings - 1), steps + 1, apart)


def first_reached(read: np.ndarray, steps: Iterable[int], targets: Sequence[float]) -> np.ndarray:
    """The first step at which a reading reaches each target, or ∞: (step, run) → (target, run)."""
    reached = np.asarray(read) >= np.asarray(targets, dtype=float)[:, None, None]
    return np.where(reached.any(axis=1), np.asarray(list(steps))[reached.argmax(axis=1)], np.inf)


def first_crossed(read: np.ndarray, steps: Sequence[int], target: float) -> np.ndarray:
    """When a reading first reaches a target, on straight lines between steps, or ∞: (run,).

    Parameters
    ----------
    read : ndarray, shape (step, run)
    steps : sequence of int
        When it was read.
    target : float
    """
    read, steps = np.asarray(read), np.asarray(steps, dtype=float)
    reached, run = read >= target, np.arange(read.shape[1])
    at = reached.argmax(axis=0)
    before = np.maximum(at - 1, 0)
    rise, missing = read[at, run] - read[before, run], target - read[before, run]
    part = np.where(rise > 0, missing / np.where(rise > 0, rise, 1), 1.0)
    between = steps[before] + part * (steps[at] - steps[before])
    return np.where(reached.any(axis=0), between, np.inf)
