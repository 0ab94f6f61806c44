"""From γ = 0 nothing below the output moves."""

from __future__ import annotations

import pytest

from experiments.studies import gamma_zero as study
from tests import quick


def test_from_gamma_zero_nothing_below_the_output_moves() -> None:
    results = quick.results("gamma_zero")
    assert results["zero_change"].values.tolist() == [0.0] * study.QUICK.runs
    assert results["zero_accuracy"].values == pytest.approx(0.1)


def test_another_start_would_be_seen_to_move(monkeypatch: pytest.MonkeyPatch) -> None:
    real = study.set_affine
    monkeypatch.setattr(study, "set_affine", lambda model, gamma, beta: real(model, 0.1, beta))
    (point,) = study.points(study.QUICK).values()
    assert (point()["zero_change"] > 0).all()
