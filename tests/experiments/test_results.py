"""What is drawn stands in the rows to which it belongs."""

from __future__ import annotations

import numpy as np
import xarray as xr

from experiments.measures import statistics
from experiments.results import LAST, summary, value


def test_a_summary_has_the_mean_and_interval_of_every_entry_in_its_own_row() -> None:
    """Also where the coordinates are in another order in the results than in the variable."""
    values = np.random.default_rng(0).normal(np.arange(6.0).reshape(2, 3, 1), 1.0, (2, 3, 5))
    results = xr.Dataset(
        {"loss": (("rate", "step", "run"), values)},
        {"run": range(5), "step": [0, 1, 2], "rate": [0.1, 1.0]},
    )
    for row in summary(results["loss"]).itertuples():
        entry = results["loss"].sel(rate=row.rate, step=row.step).values
        found = statistics.mean(entry)
        assert (row.loss, row.low, row.high) == (found.estimate, found.low, found.high)
        assert row.runs == entry.size


def test_a_run_that_never_gets_there_counts_as_all_its_steps() -> None:
    steps_to = ("run", [4.0, np.inf], {"units": "steps"})
    results = xr.Dataset({"steps_to": steps_to}, {"step": [0, 10, 50]})
    counted = value("steps_to").capped(value("step", step=LAST))
    assert counted(results).values.tolist() == [4.0, 50.0]
    assert counted.median()(results).unit == "steps"
