"""Tables, what is measured of them, and what is drawn of them."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from experiments.claims import above, below, within
from experiments.measures import statistics
from experiments.results import (
    FIRST,
    LAST,
    Near,
    combine,
    difference,
    nearest,
    only,
    quartiles,
    ratio,
    rows,
    summary,
    table,
    value,
)
from experiments.runs import Runs

RATES = (0.1, 1.0, 10.0)


@pytest.fixture
def results() -> xr.Dataset:
    numbers = np.random.default_rng(0).random((2, 3, 5)) + np.array([0, 1, 0])[:, None]
    found = {
        "accuracy": (numbers, "accuracy"),
        "time": (np.arange(5.0), "how long", "steps", "run"),
    }
    return table(found, norm=["none", "batch norm"], rate=RATES, run=Runs(0, 5))


def test_a_table_has_dimensions_units_and_words() -> None:
    found = table(
        {"loss": (np.arange(6.0), "loss", "nats"), "size": (4, "units", "1", "norm")},
        norm="batch norm",
        rate=RATES[:2],
        run=Runs(0, 3, first=4),
    )
    assert found["loss"].dims == ("norm", "rate", "run") and found["loss"].shape == (1, 2, 3)
    assert found["loss"].attrs == {"long_name": "loss", "units": "nats"}
    assert found["loss"].sel(rate=1.0, run=4).item() == 3
    assert found["size"].dims == ("norm",) and found["size"].attrs["units"] == "1"
    assert found["run"].dtype == np.int32 and found["norm"].values.tolist() == ["batch norm"]


@pytest.mark.parametrize("variable", [np.arange(6.0), (np.arange(6.0),)])
def test_a_variable_without_words_is_told(variable) -> None:
    with pytest.raises(ValueError, match="loss has no words; write `"):
        table({"loss": variable}, run=Runs(0, 6))


@pytest.mark.parametrize("shape", [(2, 3), (3, 2, 2), (7,), (2, 2, 3, 1, 2)])
def test_values_that_do_not_fit_are_told_with_both_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match=r"variable 'loss' has values of shape .*rate \(2\) × run \(3\)"
    ):
        table(
            {"loss": (np.zeros((*shape, 5)), "loss", "1", "rate run")}, rate=(1, 2), run=Runs(0, 3)
        )


def test_axes_in_another_order_are_refused() -> None:
    with pytest.raises(ValueError, match="variable 'loss'"):
        table({"loss": (np.zeros((3, 2)), "loss")}, rate=(1, 2), run=Runs(0, 3))


def test_entries_are_chosen_by_value_place_neighbour_and_function(results) -> None:
    accuracy = results["accuracy"]
    for where, expected in (
        ({"norm": "none", "rate": 1.0}, accuracy[0, 1]),
        ({"norm": LAST, "rate": FIRST}, accuracy[1, 0]),
        ({"norm": "none", "rate": Near(8)}, accuracy[0, 2]),
        ({"norm": "none", "rate": lambda found: found["rate"].values[1]}, accuracy[0, 1]),
        ({"norm": "none", "rate": (0.1, 10.0)}, accuracy[0, [0, 2]]),
    ):
        assert np.array_equal(value("accuracy", **where)(results), expected)
    assert np.array_equal(value("accuracy", norm="none").best("rate")(results), accuracy[0, 1])
    assert (
        value("accuracy", norm="none").best("rate").coordinate("rate").exact()(results).estimate
        == 1
    )


def test_what_is_measured_is_what_the_statistics_give(results) -> None:
    one, two = (
        value("accuracy", norm="none", rate=1.0),
        value("accuracy", norm="batch norm", rate=1.0),
    )
    a, b = one(results).values, two(results).values
    for measure, expected in (
        (one.mean(), statistics.mean(a)),
        (one.median(), statistics.median(a)),
        (one.every(), statistics.spread(a)),
        ((one > 1.5).share(), statistics.share(a > 1.5)),
        (value("time", run=3).exact(), statistics.exact(3, "steps")),
        (ratio(one, two), statistics.paired_ratio(a, b)),
        (difference(one, two), statistics.paired_difference(a, b)),
        ((one / two).mean(), statistics.mean(a / b)),
        (abs(one - two).every(), statistics.spread(np.abs(a - b))),
        (one.map(np.log).mean(), statistics.mean(np.log(a))),
        (
            value("accuracy", norm="none").over("rate", "max").mean(),
            statistics.mean(results["accuracy"][0].values.max(axis=0)),
        ),
    ):
        assert measure(results) == expected


def test_units_go_with_what_is_measured(results) -> None:
    time = value("time")
    assert time.mean()(results).unit == "steps" and (time - time).mean()(results).unit == "steps"
    assert (time / 2).mean()(results).unit == "steps" and time.mean("rad")(results).unit == "rad"
    accuracy = value("accuracy", norm="none", rate=1.0)
    assert (time * accuracy).mean()(results).unit == "steps"
    assert ((time + 1) / (time + 1)).mean()(results).unit == ""
    assert difference(time, time)(results).unit == "steps"


def test_a_summary_has_the_interval_of_the_claim(results) -> None:
    found = summary(results["accuracy"])
    assert list(found) == ["norm", "rate", "accuracy", "low", "high", "runs"] and len(found) == 6
    row = found[(found["norm"] == "batch norm") & (found["rate"] == 10)].iloc[0]
    measured = value("accuracy", norm="batch norm", rate=10.0).mean()(results)
    assert (row["accuracy"], row["low"], row["high"]) == (
        measured.estimate,
        measured.low,
        measured.high,
    )
    whole = summary(results["accuracy"], over=["rate", "run"])
    assert whole["runs"].tolist() == [15, 15]


def test_rows_hold_what_was_chosen_too(results) -> None:
    found = rows(results["accuracy"].sel(rate=1.0), results["time"])
    assert {"norm", "run", "rate", "accuracy", "time"} == set(found) and len(found) == 10
    assert (found["rate"] == 1.0).all()


def test_rows_name_their_columns(results) -> None:
    found = rows(results["accuracy"].sel(rate=1.0, drop=True), seconds=results["time"])
    assert list(found) == ["norm", "run", "accuracy", "seconds"] and len(found) == 10


def test_results_are_merged_along_their_coordinates() -> None:
    parts = {
        f"b-{b}": table({"x": (np.full(3, float(b)), "x")}, b=b, run=Runs(0, 3)) for b in (8, 2)
    }
    merged = combine(parts)
    assert merged.x.sel(b=8).values.tolist() == [8.0, 8.0, 8.0]
    assert merged.sizes == {"b": 2, "run": 3}


def test_a_geometric_summary_is_exp_of_that_of_the_logarithm(results) -> None:
    found, logs = summary(results["accuracy"], geometric=True), summary(np.log(results["accuracy"]))
    columns = ["accuracy", "low", "high"]
    assert found[columns].values == pytest.approx(np.exp(logs[columns].values))
    assert (found["runs"] == 5).all()


def test_the_worst_of_several_means_is_the_one_nearest_to_breaking_the_rule(results) -> None:
    of = value("accuracy", norm="none")
    means = [of.at(rate=rate).mean()(results) for rate in RATES]  # the second is larger by one
    assert of.worst(below(1))(results) == of.worst(within(0, absolute=2))(results) == means[1]
    assert of.worst(above(1))(results) == min(means, key=lambda m: m.low)
    assert of.worst(within(5, relative=0.1))(results) == min(means, key=lambda m: m.low)


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


def test_the_steps_at_which_all_were_read() -> None:
    """One network was trained for longer than the other."""
    values = [[0.1, 0.2, np.nan], [0.3, 0.4, 0.5]]
    results = xr.Dataset({"loss": (("norm", "step"), values)}, {"norm": [0, 1], "step": [1, 2, 3]})
    steps = value("loss").complete("step").coordinate("step")
    assert steps(results).values.tolist() == [1, 2]
    assert value("loss", norm=1, step=steps)(results).values.tolist() == [0.3, 0.4]
    assert value("loss", norm=1).complete("step")(results).values.tolist() == [0.3, 0.4, 0.5]


def test_quartiles_of_the_runs() -> None:
    values = np.arange(10.0).reshape(2, 5)[:, ::-1]
    cosine = xr.DataArray(values, {"step": [1, 2], "norm": "none"}, ("step", "run"), "cosine")
    found = quartiles(cosine)
    assert found["cosine"].tolist() == [2, 7]
    assert found["low"].tolist() == [1, 6] and found["high"].tolist() == [3, 8]
    assert found["step"].tolist() == [1, 2]
    assert set(found["runs"]) == {5} and set(found["norm"]) == {"none"}


def test_the_rows_that_have_these_entries() -> None:
    """Also after the table was written and read, which may change a last digit."""
    data = pd.DataFrame({"norm": ["a", "a", "b"], "eps": [1e-5, 1e-3 * (1 + 1e-15), 1e-3]})
    assert only(data, norm="a").index.tolist() == [0, 1]
    assert only(data, norm=["b", "c"]).index.tolist() == [2]
    assert only(data, eps=1e-3).index.tolist() == [1, 2]
    assert only(data, norm="a", eps=1e-5).index.tolist() == [0]
    assert only(data[:0], norm="a").empty
    with pytest.raises(ValueError, match="no norm of these rows 'aa'; did you mean a"):
        only(data, norm="aa")
    with pytest.raises(ValueError, match=r"no eps of these rows '0.0'"):
        only(data, norm="a", eps=0.0)


def test_the_row_nearest_by_ratio() -> None:
    data = pd.DataFrame({"step": [0, 1, 10, 100], "y": [0.0, 1.0, 2.0, 3.0]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a build would print them
        assert nearest(data, step=0.01)["y"] == 1
    assert nearest(data, step=30)["y"] == 2  # a factor of 3; 100 is 3.3 times as much
    assert nearest(data, step=33)["y"] == 3
    with pytest.raises(ValueError, match="no row to be nearest to step = 3"):
        nearest(data[:0], step=3)


@pytest.mark.parametrize("choose", [only, nearest])
def test_a_column_that_a_table_lacks_is_told_with_the_one_that_was_meant(choose) -> None:
    with pytest.raises(ValueError, match="there is no column 'stp'; did you mean step"):
        choose(pd.DataFrame({"step": [1], "y": [0.0]}), stp=1)


def test_a_reduction_over_what_is_missing_is_undefined_and_cannot_be_measured() -> None:
    """Otherwise the mean of one condition would silently be over other steps than another's."""
    results = xr.Dataset({"shift": (("step", "run"), [[1.0, 2.0], [np.nan, 4.0]])})
    over = value("shift").over("step", "mean")
    assert np.isnan(over(results).values[0]) and over(results).values[1] == 3
    with pytest.raises(ValueError, match="1 of 2 runs are not finite"):
        over.mean()(results)
    assert value("shift").complete("step").over("step", "mean")(results).values.tolist() == [1, 2]
