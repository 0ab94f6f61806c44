"""A trained network as a classifier, in evaluation mode and in training mode.

In training mode a prediction depends on the other samples of its batch, so the batches are part of
what is measured.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from experiments.data.samples import Data
from experiments.engine.buffers import Buffers
from experiments.engine.train import Model, Moment

MODES = ("running", "population", "train")  # statistics of a batch norm at test time


def output_gap(moment: Moment) -> np.ndarray:
    """How far outputs for the next batch are apart in the two modes, relative to those in training
    mode: √(Σ(y_eval − y_train)²/Σ y_train²), (run,); ∞ where they are not finite."""
    apart = moment.outputs(moment.x) - moment.logits
    difference, size = (np.square(a).mean(axis=(1, 2)) for a in (apart, moment.logits))
    found = np.sqrt(difference / size)
    return np.where(np.isfinite(found), found, np.inf)


def predictions(model: Model, x: np.ndarray, training: bool = False) -> np.ndarray:
    """The class with the largest output: (run or 1, sample, feature) → (run, sample).

    In training mode, x is one batch.
    """
    return model.outputs(x, training).argmax(axis=2)


def loss_and_accuracy(model: Model, x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean cross-entropy, in double precision, and accuracy in evaluation mode: (2, run).

    x is (run or 1, sample, feature) and labels (run or 1, sample).
    """
    logits = model.outputs(x).astype(np.float64)
    right = np.take_along_axis(logits, labels[:, :, None], axis=2)[:, :, 0]
    top = logits.max(axis=2)
    losses = top + np.log(np.exp(logits - top[:, :, None]).sum(axis=2)) - right
    return np.stack([losses.mean(axis=1), (logits.argmax(axis=2) == labels).mean(axis=1)])


def predictions_in_batches(
    model: Model, x: np.ndarray, order: np.ndarray, batch: int
) -> np.ndarray:
    """Predictions in training mode, where a sample's batch is its neighbours in `order`.

    Parameters
    ----------
    model : Model
    x : ndarray, shape (sample, feature)
    order : ndarray of int, shape (sample,)
        Indices into x; every `batch` of them in a row form a batch. Those left over at the end form
        the last batch together with the ones before them, which are predicted anew.
    batch : int

    Returns
    -------
    ndarray of int, shape (run, sample)
        In the order of x, or, where `order` leaves samples out, −1 for those.
    """
    runs = model.params[0]["weight"].shape[0]
    found, buffers = np.full((runs, len(x)), -1), Buffers()
    for chosen in batches_of(order, batch):
        found[:, chosen] = model.outputs(x[chosen][None], True, buffers).argmax(axis=2)
    return found


def accuracy_by_mode(
    model: Model, data: Data, batch: int, rng: np.random.Generator
) -> list[np.ndarray]:
    """Test accuracy of each run in all `MODES`; without running statistics they are the same.

    Parameters
    ----------
    model : Model
    data : Data
        "population" has the statistics of all its training samples, as one batch.
    batch : int
        Test samples that are one batch in mode "train".
    rng : Generator
        Draws which ones.
    """
    order, labels = rng.permutation(len(data.test.labels)), data.test.labels
    running = predictions(model, data.test.x[None])
    classes = [running] * len(MODES)
    if any("running_mean" in layer for layer in model.state):
        exact = with_population_statistics(model, data.train.x[None])
        classes[1] = predictions(exact, data.test.x[None])
        classes[2] = predictions_in_batches(model, data.test.x, order, batch)
    return [(found == labels).mean(axis=1) for found in classes]


def batches_of(order: np.ndarray, batch: int) -> Iterator[np.ndarray]:
    """Cut an order into batches of one size; the last reaches back if it would be too small."""
    for start in range(0, len(order), batch):
        yield order[max(0, min(start, len(order) - batch)) :][:batch]


def with_population_statistics(model: Model, x: np.ndarray) -> Model:
    """A model with the mean and variance of all of x, as one batch, for running statistics.

    The statistics of a layer are taken behind layers that are themselves normalized with theirs.
    For networks without nested layers. Wu & Johnson 2021, "precise" statistics.

    Parameters
    ----------
    model : Model
    x : ndarray, shape (run or 1, sample, feature)
    """
    _, saved, _ = model.forward(x, True)
    state = [
        {"running_mean": kept["mean"], "running_var": kept["var"]}
        if "running_mean" in layer
        else layer
        for layer, kept in zip(model.state, saved, strict=True)
    ]
    return Model(model.network, model.params, state)


def change_of_outputs(model: Model, x: np.ndarray, changed: np.ndarray) -> np.ndarray:
    """Root mean square change in training mode, in standard deviations of the outputs, by run.

    Parameters
    ----------
    model : Model
    x, changed : ndarray, shape (sample, feature)
        The samples before and after, each as one batch.
    """
    before, after = (model.outputs(one[None], training=True) for one in (x, changed))
    return np.sqrt(np.square(after - before).mean(axis=(1, 2)) / before.var(axis=(1, 2)))
