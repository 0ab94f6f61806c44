"""The closed form of the rank holds at any widths and batch sizes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from experiments.results import combine
from experiments.studies import rank_collapse as study
from experiments.theory import depth as theory
from tests import quick

OTHER = dataclasses.replace(study.FULL, batch=40, layers=120, skipped=40, runs=6)


def measured(setup: study.Setup):
    return combine({key: point() for key, point in study.points(setup).items()})


def test_the_settled_rank_is_the_mean_over_the_layers_that_are_not_skipped() -> None:
    results = quick.results("rank_collapse")
    for rank, settled in (("rank", "settled"), ("batch_rank", "batch_settled")):
        expected = results[rank].sel(layer=slice(study.QUICK.skipped, None)).mean("layer")
        assert results[settled].values == pytest.approx(
            expected.transpose(*results[settled].dims).values
        )


def test_the_law_holds_at_other_settings() -> None:
    """Other widths and batch sizes than in the full profile, fewer layers and runs."""
    setup = dataclasses.replace(OTHER, widths=(50, 100), batches=(4, 10, 20), layers=160)
    results = measured(setup)
    assert (study.distance(results).mean("run") < 1).all()
    assert study.slope(results, np.sqrt, np.positive).mean() == pytest.approx(1, abs=0.15)


def test_a_wrong_law_is_noticed(monkeypatch) -> None:
    monkeypatch.setattr(theory, "batch_norm_rank", lambda width, n: n / (1 + n**2 / (2 * width)))
    results = measured(dataclasses.replace(OTHER, widths=(100,), batches=(10, 20)))
    case = next(iter(study.CLAIMS.values())).cases[2]
    assert case.rule(case.measure(results)) is False


def test_slopes_are_those_of_powers() -> None:
    results = quick.results("rank_collapse")
    width = results["width"].astype(float)
    exact = results.assign(settled=0 * results["settled"] + 3 * width**0.7)
    assert study.slope(exact, np.log, np.log).values == pytest.approx(0.7)
    exact = results.assign(settled=0 * results["settled"] + 3 * np.sqrt(width) - 1)
    assert study.slope(exact, np.sqrt, np.positive).values == pytest.approx(3)


def test_readings() -> None:
    layers = quick.results("rank_collapse")["layer"].values.tolist()
    assert layers == [0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 24]
