"""The accumulated gradient notices what it is there to notice."""

from __future__ import annotations

from experiments.engine.parameters import mapped
from experiments.studies import batch_size
from experiments.training import NORMS
from tests import quick


def test_gradients_are_equal_without_batch_statistics_only() -> None:
    found = quick.results("batch_size")["gradient_difference"]
    for norm in NORMS:
        values = found.sel(norm=norm).values
        assert (values > 0.01).all() if norm == "batch norm" else (values < 1e-12).all(), norm


def test_a_mean_taken_for_a_sum_is_noticed(monkeypatch) -> None:
    def summed(model, x, labels, parts=1):
        moment = right(model, x, labels, parts=parts)
        mapped(lambda g: g.__imul__(parts), moment.grads)
        return moment

    right = batch_size.backpropagate
    monkeypatch.setattr(batch_size, "backpropagate", summed)
    results = quick.points("batch_size")["layer-norm-gradient"]()
    assert (results["gradient_difference"] > 0.1).all()
