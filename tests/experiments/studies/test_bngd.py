"""Rates that arrive in a few steps, and a wrong gradient, with which none does."""

from __future__ import annotations

import pytest

from experiments.measures import least_squares
from experiments.runs import Runs
from experiments.studies import bngd

RATES = (0.1, 1, 10)


def share_arrived() -> list[float]:
    """Of runs with batch norm, at each of the rates."""
    found = bngd.sweep(100.0, 8, rates=13, scale_rate=1.0, steps=300, goal=0.01, runs=Runs(12, 16))
    return [float(bngd.at(rate, bngd.ARRIVED)(found).mean()) for rate in RATES]


def test_a_gradient_without_the_second_term_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batch statistics taken for constants: w grows no longer as it should, and nothing settles."""
    assert min(share_arrived()) > 0.5
    right = least_squares.normalized_step

    def step(w, gamma, rate, scale_rate, variances, u):
        loss, _, _ = right(w, gamma, rate, scale_rate, variances, u)
        s = (variances * w * w).sum(axis=-1) ** 0.5
        return loss, w + (rate * gamma / s)[..., None] * variances * u, gamma

    monkeypatch.setattr(least_squares, "normalized_step", step)
    assert max(share_arrived()) < 0.5
