"""The study reads what it says it reads, and is fair to the network without batch norm."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from experiments.studies import ics_distribution as study
from tests import quick


@pytest.fixture
def results() -> xr.Dataset:
    return quick.results("ics_distribution")


def test_all_rates_are_read_at_the_same_steps_as_far_as_they_go() -> None:
    for setup in (study.QUICK, study.FULL, study.PAPER):
        points = [point.keywords for point in study.points(setup).values()]
        steps = {point["rate"]: point["at"] for point in points}
        main = steps[setup.rate]
        assert main[0] == 0 and main[-1] == setup.steps
        shorter = tuple(step for step in main if step <= setup.sweep_steps)
        for rate in set(setup.rates) - {setup.rate}:
            assert steps[rate] == shorter


def test_what_enters_the_sigmoid_is_normalized_scaled_and_shifted(results) -> None:
    """Before the first step γ = 1 and β = 0; a normal distribution of width 1 is 2.07 wide here."""
    band = results["band"].sel(norm="batch norm", rate=study.QUICK.rate)
    normalized, entering = (band.sel(place=place) for place in ("normalized", "sigmoid input"))
    assert np.array_equal(normalized.sel(step=0), entering.sel(step=0))
    assert not np.allclose(normalized.isel(step=-1), entering.isel(step=-1), atol=0.1)
    width = entering.sel(step=0, percentile=85) - entering.sel(step=0, percentile=15)
    assert ((width > 1.5) & (width < 2.6)).all()
    middle = normalized.sel(percentile=50)
    assert (abs(middle) < 0.6).all()  # no further than a standard deviation from a mean of zero
    assert results["band"].sel(norm="none", place="normalized").isnull().all()


def test_paths_start_at_zero_and_never_get_shorter(results) -> None:
    read = results[["travelled", "spreads"]].sel(rate=study.QUICK.rate).stack(of=("norm", "place"))
    for path in read.dropna("of", how="all").values():
        assert (path.sel(step=0) == 0).all()
        assert (path.diff("step") > 0).all()


def test_the_way_after_the_target_starts_where_the_plain_network_reaches_it(results) -> None:
    start = study.steps_to("none")(results).values
    path = results["travelled"].sel(norm="batch norm", rate=study.QUICK.rate, place="sigmoid input")
    expected = [
        float(path.isel(run=run, step=-1) - path.isel(run=run).sel(step=int(step)))
        for run, step in enumerate(start)
    ]
    assert study.moved_after(results, "batch norm").values.tolist() == expected


def test_batch_norm_is_ahead_early_and_its_distribution_is_wider_from_the_start(results) -> None:
    main = results.sel(rate=float(study.MAIN(results)))
    early = main["accuracy"].sel(step=slice(0, 100)).isel(step=-1).mean("run")
    assert early.sel(norm="batch norm") > early.sel(norm="none") + 0.3
    width = main["band"].sel(place="sigmoid input", step=0).mean("run")
    width = width.sel(percentile=85) - width.sel(percentile=15)
    assert width.sel(norm="none") < 0.2 < 1 < width.sel(norm="batch norm")
