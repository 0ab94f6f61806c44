"""Only what is chosen moves, and all choices start alike."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.engine.parameters import leaves
from experiments.engine.sgd import SGD
from experiments.studies import affine_only
from tests import quick

MOVING = {
    "γ and β": {"gamma", "beta"},
    "last layer": {"weight", "bias"},
    "everything": {"gamma", "beta", "weight", "bias"},
}


@pytest.mark.parametrize("choice", affine_only.CHOICES)
def test_what_moves(choice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after, update = {}, {}, SGD.update

    def spy(self, params, grads, velocity, buffers=None):
        for path, p in leaves(params):
            before.setdefault(path, p.copy())
        update(self, params, grads, velocity, buffers)
        after.update({path: p.copy() for path, p in leaves(params)})

    monkeypatch.setattr(SGD, "update", spy)
    affine_only.run(affine_only.Point(choice, 8, affine_only.QUICK))
    moved = {path for path in before if not np.array_equal(before[path], after[path])}
    assert {name for _, name in moved} == MOVING[choice]
    last = max(path[0] for path in before)
    if choice == "last layer":
        assert {index for index, _ in moved} == {last}
    if choice == "γ and β":
        assert len(moved) == 4 and last not in {index for index, _ in moved}


def test_all_choices_start_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    starts = []

    def stop(network, params, state, batches, optimizer, at, instruments):
        x, labels = next(iter(batches))
        starts.append([p.copy() for _, p in leaves(params)] + [x.copy(), labels.copy()])
        return iter([(0, {"accuracy": np.zeros(len(labels))})])

    monkeypatch.setattr(affine_only, "train", stop)
    for choice in affine_only.CHOICES:
        affine_only.run(affine_only.Point(choice, 8, affine_only.QUICK))
    for other in starts[1:]:
        for one, two in zip(starts[0], other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_parameters_are_counted() -> None:
    trained = quick.results("affine_only")["trained"]
    for width in affine_only.QUICK.widths:
        at = trained.sel(width=width)
        assert at.sel(choice="γ and β") == 4 * width
        assert at.sel(choice="last layer") == 10 * width + 10
        assert at.sel(choice="everything") == 49 * width + width**2 + 14 * width + 10
