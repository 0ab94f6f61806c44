"""From arrays to a labelled table, and from a table to what claims measure and figures draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from experiments import suggest
from experiments.measures import statistics
from experiments.measures.statistics import Measurement
from experiments.runs import Runs

Measure = Callable[[xr.Dataset], Measurement]

# Units of measure. Others ("variance of the input") only say what a pure number is relative to.
UNITS = ("steps", "nats", "nat", "bits", "rad", "°", "points", "pixel", "pixels", "seconds")

# -------------------------------------------------------------------------------- arrays → a table


def table(variables: Mapping[str, tuple[Any, ...]], **coordinates: Any) -> xr.Dataset:
    """A table of results: arrays with named dimensions, a unit, and words that say what they are.

    Parameters
    ----------
    variables : mapping of name to tuple
        (values, words), (values, words, unit) or (values, words, unit, dimensions). The default
        unit is "1", a pure number. Dimensions are one string, such as "rate run"; by default all
        coordinates in their order. The values may lack axes of length one, and neighbouring axes
        may be merged, as training gives them: (rate × run,) for "rate run".
    **coordinates
        Dimension → its entries: a number or a word for one, a sequence for several, or the `Runs`.

    Raises
    ------
    ValueError
        If values do not fit their dimensions; names the variable and both shapes.
    """
    along = {name: _coordinate(values) for name, values in coordinates.items()}
    data = {}
    for name, variable in variables.items():
        if not (isinstance(variable, tuple) and len(variable) > 1):
            raise ValueError(f'{name} has no words; write `(values, "what it is", unit)`')
        values, words, *more = variable
        unit = more[0] if more else "1"
        dims = tuple(more[1].split()) if len(more) > 1 else tuple(along)
        values = np.asarray(values)
        shape = _fitting(name, values.shape, dims, along)
        data[name] = (dims, values.reshape(shape), {"long_name": words, "units": unit})
    return xr.Dataset(data, coords=along)


def combine(parts: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Merge the results of a study's points along their coordinates, sorted by name."""
    ordered = [parts[name] for name in sorted(parts)]
    if len(ordered) == 1:
        return ordered[0]
    return xr.merge(ordered, join="outer", compat="no_conflicts", combine_attrs="override")


def _coordinate(values: Any) -> np.ndarray:
    if isinstance(values, Runs):
        return values.numbers
    found = np.atleast_1d(np.asarray(values))
    return found.astype(np.int32) if found.dtype.kind in "iu" else found


def _fitting(
    name: str, shape: tuple[int, ...], dims: tuple[str, ...], along: Mapping[str, np.ndarray]
) -> tuple[int, ...]:
    """The full shape of values: axes of length one are inserted, and merged axes are split."""
    if len(shape) == len(dims) and all(
        dim not in along or len(along[dim]) == size for dim, size in zip(dims, shape, strict=True)
    ):
        return shape
    if all(dim in along for dim in dims):
        sizes = tuple(len(along[dim]) for dim in dims)
        if _parts([size for size in shape if size > 1], [size for size in sizes if size > 1]):
            return sizes
    told = " × ".join(f"{dim} ({len(along[dim])})" if dim in along else dim for dim in dims)
    raise ValueError(
        f"the variable {name!r} has values of shape {shape}, which is not {told or 'one number'}"
    )


def _parts(axes: list[int], sizes: list[int]) -> bool:
    """Whether every axis is a product of neighbouring sizes, in their order."""
    rest = list(sizes)
    for axis in axes:
        count = next((k for k in range(1, len(rest) + 1) if prod(rest[:k]) == axis), 0)
        if not count:
            return False
        del rest[:count]
    return not rest


# -------------------------------------------------------------------- a table → what is measured


@dataclass(frozen=True)
class Place:
    """An entry along a dimension by its place, whatever stands there."""

    index: int


@dataclass(frozen=True)
class Near:
    """The entry of a dimension that is nearest to a number."""

    number: float


FIRST, LAST = Place(0), Place(-1)


def select(array: xr.DataArray, results: xr.Dataset, **where: Any) -> xr.DataArray:
    """Entries by dimension: a value, a list or a slice of values, a `Place` or a `Near`.

    Each may also be a function of the results that returns one of these.
    """
    for dim, chosen in where.items():
        chosen = chosen(results) if callable(chosen) else chosen
        chosen = chosen.values if isinstance(chosen, xr.DataArray) else chosen
        if isinstance(chosen, Place):
            array = array.isel({dim: chosen.index})
        elif isinstance(chosen, Near):
            array = array.sel({dim: chosen.number}, method="nearest")
        else:
            array = array.sel({dim: list(chosen) if isinstance(chosen, tuple) else chosen})
    return array


class Value:
    """A quantity of the results, such as the accuracy of each run under one condition.

    It is a function of the results. Arithmetic gives further quantities, entry by entry; `mean`,
    `median`, `share`, `every` and `exact` give what a claim measures and a page quotes: a number
    with its interval.
    """

    def __init__(self, read: Callable[[xr.Dataset], xr.DataArray | np.ndarray | float]) -> None:
        self.read = read

    def __call__(self, results: xr.Dataset) -> xr.DataArray:
        """The entries."""
        found = self.read(results)
        return found if isinstance(found, xr.DataArray) else xr.DataArray(found)

    # What is measured ----------------------------------------------------------------------------

    def mean(self, unit: str | None = None) -> Measure:
        """The mean over all entries, with a 95 % interval; finite entries only."""
        return self._measure(statistics.mean, unit)

    def median(self, unit: str | None = None) -> Measure:
        """The median of all entries, with a 95 % interval; they may be infinite."""
        return self._measure(statistics.median, unit)

    def every(self, unit: str | None = None) -> Measure:
        """The median of all entries, with an interval that covers every one of them."""
        return self._measure(statistics.spread, unit)

    def share(self) -> Measure:
        """The share of entries that are true, with an exact 95 % interval."""
        return lambda results: statistics.share(self(results).values)

    def exact(self, unit: str | None = None) -> Measure:
        """The only entry, which was computed and not sampled."""
        return self._measure(lambda values, unit: statistics.exact(values.item(), unit), unit)

    def worst(self, rule: Any) -> Measure:
        """The mean over runs, at the entry of the other dimensions where it is closest to breaking
        a rule, or breaks it most; what counts is the end of its 95 % interval."""

        def measure(results: xr.Dataset) -> Measurement:
            array = self(results)
            others = [dim for dim in array.dims if dim != "run"]
            samples = array.transpose(*others, "run").values.reshape(-1, array.sizes["run"])
            found = [statistics.mean(some, _unit(array)) for some in samples]
            return max(found, key=lambda m: max(m.high - rule.high, rule.low - m.low))

        return measure

    def _measure(
        self, statistic: Callable[[np.ndarray, str], Measurement], unit: str | None
    ) -> Measure:
        def measure(results: xr.Dataset) -> Measurement:
            array = self(results)
            return statistic(array.values, _unit(array) if unit is None else unit)

        return measure

    # Further quantities --------------------------------------------------------------------------

    def map(self, change: Callable[[Any], Any]) -> Value:
        """`change` of the array of entries, such as `np.log`; a pure number."""
        return Value(lambda results: _plain(change(self(results))))

    def over(self, dim: str, reduce: str) -> Value:
        """The "mean", "max", "min", "sum", "median", … along a dimension; undefined where an entry
        is missing, unless `complete` left those out."""

        def read(results: xr.Dataset) -> xr.DataArray:
            array = self(results)
            strict = {} if array.dtype == bool else {"skipna": False}
            return _like(array, getattr(array, reduce)(dim, **strict))

        return Value(read)

    def best(self, dim: str, lowest: bool = False) -> Value:
        """The entries where the mean over runs is highest (or lowest) along a dimension."""

        def read(results: xr.Dataset) -> xr.DataArray:
            array = self(results)
            means = array.mean([other for other in array.dims if other != dim]).values
            return array.isel({dim: int(np.argmin(means) if lowest else np.argmax(means))})

        return Value(read)

    def capped(self, most: Value | float) -> Value:
        """Entries, at most `most`: a run that never gets there counts as all its steps."""
        return self._with(most, np.minimum, keeps=True)

    def at(self, **where: Any) -> Value:
        """Entries chosen further, as by `value`."""
        return Value(lambda results: select(self(results), results, **where))

    def complete(self, dim: str) -> Value:
        """Entries where nothing is missing along a dimension: the steps at which all were read."""
        return Value(lambda results: self(results).dropna(dim))

    def coordinate(self, dim: str) -> Value:
        """Where, along a dimension, the entries were chosen."""
        return Value(lambda results: self(results)[dim])

    def __add__(self, other: Value | float) -> Value:
        return self._with(other, lambda a, b: a + b, keeps=True)

    def __sub__(self, other: Value | float) -> Value:
        return self._with(other, lambda a, b: a - b, keeps=True)

    def __mul__(self, other: Value | float) -> Value:
        return self._with(other, lambda a, b: a * b, keeps=None)

    def __truediv__(self, other: Value | float) -> Value:
        return self._with(other, lambda a, b: a / b, keeps=None)

    def __abs__(self) -> Value:
        return Value(lambda results: _like(self(results), abs(self(results))))

    def __gt__(self, other: Value | float) -> Value:
        return self._with(other, lambda a, b: a > b)

    def __ge__(self, other: Value | float) -> Value:
        return self._with(other, lambda a, b: a >= b)

    def __lt__(self, other: Value | float) -> Value:
        return self._with(other, lambda a, b: a < b)

    def __le__(self, other: Value | float) -> Value:
        return self._with(other, lambda a, b: a <= b)

    def _with(
        self,
        other: Value | float,
        combine: Callable[[Any, Any], Any],
        keeps: bool | None = False,
    ) -> Value:
        """Combine both; `keeps` the unit or not, or (None) only if the other is a pure number."""

        def read(results: xr.Dataset) -> xr.DataArray:
            array = self(results)
            second = other(results) if isinstance(other, Value) else other
            found = combine(array, second)
            kept = not _unit(second) if keeps is None else keeps
            return _like(array, found) if kept else _plain(found)

        return Value(read)


def _unit(array: Any) -> str:
    """The unit of measure of an array, "" if it is a pure number."""
    unit = array.attrs.get("units", "") if isinstance(array, xr.DataArray) else ""
    return unit if unit in UNITS else ""


def _like(array: xr.DataArray, found: Any) -> Any:
    return found.assign_attrs(units=array.attrs.get("units", ""))


def _plain(found: Any) -> Any:
    return found.drop_attrs() if isinstance(found, xr.DataArray) else found


def value(of: str | Callable[..., Any], *arguments: Any, **where: Any) -> Value:
    """A quantity of the results.

    Parameters
    ----------
    of : str or callable
        The name of a variable, or a function of the results (and of all further arguments).
    **where
        Of a variable: which entries, as in `select`: `value("accuracy", norm="none", rate=LAST)`.
    """
    if callable(of):
        return Value(lambda results: of(results, *arguments, **where))
    return Value(lambda results: select(results[of], results, **where))


def ratio(first: Value, second: Value | float) -> Measure:
    """The geometric mean of first / second over paired runs, with a 95 % interval."""
    return lambda results: statistics.paired_ratio(*_paired(results, first, second))


def difference(first: Value, second: Value | float, unit: str | None = None) -> Measure:
    """The mean of first − second over paired runs, with a 95 % interval."""

    def measure(results: xr.Dataset) -> Measurement:
        found = _unit(first(results)) if unit is None else unit
        return statistics.paired_difference(*_paired(results, first, second), found)

    return measure


def _paired(
    results: xr.Dataset, first: Value, second: Value | float
) -> tuple[np.ndarray, np.ndarray]:
    one = first(results).values
    return one, second(results).values if isinstance(second, Value) else np.full_like(one, second)


# ---------------------------------------------------------------------- a table → what is drawn


def rows(*arrays: xr.DataArray, **named: xr.DataArray) -> pd.DataFrame:
    """A row for every entry of arrays that broadcast: their coordinates, then their values.

    A column has the name of its array, or the one that it is given: `rows(error=results["x"])`.
    """
    arrays = xr.broadcast(*arrays, *(array.rename(name) for name, array in named.items()))
    found = xr.merge([array.to_dataset() for array in arrays], compat="override")
    order = list(arrays[0].dims)  # a Dataset has an order of its own
    if not found.sizes:
        found, order = found.expand_dims("entry"), ["entry"]
    columns = [*arrays[0].dims, *(name for name in found.coords if name not in found.dims)]
    frame = found.to_dataframe(order).reset_index()[[*columns, *found.data_vars]]
    return frame.astype(dict.fromkeys(frame.select_dtypes("float32").columns, float))


def summary(
    array: xr.DataArray, over: str | Sequence[str] = "run", name: str = "", geometric: bool = False
) -> pd.DataFrame:
    """One row for every entry of the other dimensions: the mean over runs, and how many `runs`.

    `low` and `high` are the ends of its 95 % interval, the same as that of claims
    (`experiments.measures.statistics.band`). With `geometric`, mean and interval are those of the
    logarithm, and then exp of them.
    """
    over = [over] if isinstance(over, str) else list(over)
    others = [dim for dim in array.dims if dim not in over]
    stacked = array.transpose(*others, *over)
    samples = stacked.values.reshape(*(array.sizes[dim] for dim in others), -1)
    found = rows(stacked.isel(dict.fromkeys(over, 0), drop=True).rename(name or array.name))
    band = statistics.band(np.log(samples) if geometric else samples, -1)
    for column, values in zip((name or array.name, "low", "high"), band, strict=True):
        found[column] = np.ravel(np.exp(values) if geometric else values)
    return found.assign(runs=samples.shape[-1])


def quartiles(array: xr.DataArray, over: str = "run", name: str = "") -> pd.DataFrame:
    """One row for every entry of the other dimensions: the median over runs, and how many `runs`.

    `low` and `high` are the first and the third quartile.
    """
    one = array.isel({over: 0}, drop=True)
    found = np.quantile(array.values, (0.25, 0.5, 0.75), axis=array.get_axis_num(over))
    low, middle, high = (one.copy(data=values) for values in found)
    columns = (middle.rename(name or array.name), low.rename("low"), high.rename("high"))
    return rows(*columns).assign(runs=array.sizes[over])


def only(data: pd.DataFrame, **where: Any) -> pd.DataFrame:
    """The rows of a table that have these entries: `only(data, norm="none", eps=1e-5)`.

    Entries are a value, or a list of values. Numbers need agree to nine digits only, since a table
    that was written and read again has another last digit.

    Raises
    ------
    ValueError
        If there is no such column, or no row with such an entry.
    """
    for column, chosen in where.items():
        _check_column(data, column)
        entries = data[column]
        if isinstance(chosen, float):
            data = data[np.isclose(entries, chosen, rtol=1e-9, atol=0)]
        else:
            data = data[entries.isin(chosen if isinstance(chosen, list) else [chosen])]
        if data.empty and len(entries):
            known = [str(entry) for entry in entries.unique()]
            raise ValueError(suggest.unknown(f"{column} of these rows", str(chosen), known))
    return data


def nearest(data: pd.DataFrame, **where: float) -> pd.Series:
    """The row whose entry is nearest to a number by ratio: `nearest(data, step=100)`.

    An entry of zero is infinitely far from every number.

    Raises
    ------
    ValueError
        If there is no such column, or no row.
    """
    ((column, number),) = where.items()
    _check_column(data, column)
    if data.empty:
        raise ValueError(f"there is no row to be nearest to {column} = {number:g}")
    with np.errstate(divide="ignore"):
        return data.loc[np.log(data[column] / number).abs().idxmin()]


def _check_column(data: pd.DataFrame, column: str) -> None:
    if column not in data:
        raise ValueError(suggest.unknown("column", column, map(str, data.columns)))
