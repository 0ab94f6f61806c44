"""Conditions share weights and batches; the accumulated gradient notices what it is there to notice."""

from __future__ import annotations

import numpy as np

from experiments.engine.accumulation import accumulated
from experiments.studies import batch_size
from tests import quick


def test_conditions_share_weights_and_batches(monkeypatch) -> None:
    seen = {}

    def spy(net, params, state, stream, optimizer, at, parts):
        images, labels = next(iter(stream))
        seen[spy.key] = params[0]["weight"].copy(), images.copy(), labels.copy()
        return iter([(max(at), params, state)])

    monkeypatch.setattr(batch_size, "train_in_parts", spy)
    for spy.key, point in batch_size.points(batch_size.QUICK).items():
        if point.part != "gradient":
            batch_size.run(point)
    names = {key.rsplit("-", 1)[0] for key in seen if "parts" not in key}
    assert len(names) == len(batch_size.NORMS)
    for key, (weight, images, labels) in seen.items():
        size = 32 if "parts" in key else int(key.rsplit("-", 1)[1])
        first = seen[f"none-{size}"]
        assert np.array_equal(weight, first[0]) and np.array_equal(images, first[1])
        assert np.array_equal(labels, first[2]) and labels.shape[1] == size


def test_gradients_are_equal_without_batch_statistics_only() -> None:
    found = quick.results("batch_size")["gradient_difference"]
    for norm in batch_size.NORMS:
        values = found.sel(norm=norm).values
        assert (values > 0.01).all() if norm == "batch norm" else (values < 1e-12).all(), norm


def test_a_mean_taken_for_a_sum_is_noticed(monkeypatch) -> None:
    def summed(net, params, state, images, labels, parts):
        grads, state = accumulated(net, params, state, images, labels, parts)
        return [{name: g * parts for name, g in layer.items()} for layer in grads], state

    monkeypatch.setattr(batch_size, "accumulated", summed)
    results = batch_size.run(batch_size.points(batch_size.QUICK)["gradient"])
    assert (results["gradient_difference"] > 0.1).all()
