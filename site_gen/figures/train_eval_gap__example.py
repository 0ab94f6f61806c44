"""Where one fixed example lands in training mode, depending on its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "In training mode an example’s value depends on its neighbours"
TAGS = ("train and eval", "batch size", "noise")
CLAIMS = ("eval-ignores-neighbours",)
MISSING = dict.fromkeys(
    ("low", "median", "high"), "rows of the closed form lie between those that are measured"
)


def data(results: xr.Dataset) -> pd.DataFrame:
    """Median and central 95 % of an example's values for every batch size, measured and in closed form; and rows in between
    that hold the closed form only, for a smooth line."""  # fmt: skip
    measured, expected = results["example_value"].mean("run"), results["example_value_theory"]
    columns = {}
    for quantile, name in zip(results["quantile"].values, ("low", "median", "high"), strict=True):
        columns[name] = (
            measured.sel(quantile=quantile, drop=True).rename(example_batch="batch").to_series()
        )
        columns[f"{name}_theory"] = (
            expected.sel(quantile=quantile, drop=True).rename(curve_batch="batch").to_series()
        )
    table = pd.DataFrame(columns).dropna(subset="low_theory").reset_index()
    table = table[table["batch"] <= int(results["example_batch"].max())]
    return table.sort_values(["example", "batch"], ignore_index=True).assign(
        runs=results.sizes["run"]
    )


def _row(data: pd.DataFrame, example: float, batch: int) -> pd.Series:
    return data[(data["example"] == example) & (data["batch"] == batch)].iloc[0]


def alt(data: pd.DataFrame) -> str:
    small, large = (_row(data, 1.0, m) for m in (data["batch"].min(), data["batch"].max()))
    return (f"Bands around the values 0, 1 and 2 that narrow as batches grow. An example one standard deviation above the mean lands between "
            f"{small['low']:.2f} and {small['high']:.2f} in batches of {small['batch']:.0f}, and between {large['low']:.2f} and "
            f"{large['high']:.2f} in batches of {large['batch']:.0f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"An example 0, 1 or 2 standard deviations above the mean of a Gaussian population, normalized together with neighbours drawn anew "
            f"each time. Points: median and central 95 % of its values in training mode, means of {data['runs'].iloc[0]} runs; bands and "
            f"lines: the closed form, a transformed non-central $t$ distribution. Dotted: its one value in eval mode.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.9)
    examples = sorted(data["example"].unique())
    batches = sorted(data.dropna()["batch"].unique())
    for k, (example, colour) in enumerate(
        zip(examples, theme.sequence(len(examples)), strict=True)
    ):
        rows = data[data["example"] == example]
        shift = 1.05 ** (k - (len(examples) - 1) / 2)  # side by side where the ranges overlap
        theme.band(ax, rows["batch"], rows["low_theory"], rows["high_theory"], colour)
        ax.plot(
            rows["batch"],
            rows["median_theory"],
            color=theme.colour("theory"),
            linewidth=1,
            zorder=1.9,
        )
        seen = rows.dropna()
        ax.vlines(seen["batch"] * shift, seen["low"], seen["high"], color=colour, linewidth=1.2)
        ax.plot(seen["batch"] * shift, seen["median"], "o", color=colour)
        ax.axhline(example, color=colour, linewidth=1, linestyle=":", zorder=1.8)
        theme.label(ax, batches[-1] * 1.12, example, f"eval mode: {example:g}", colour, dx=6)
    ax.set(
        xscale="log",
        xlim=(batches[0] / 1.12, batches[-1] * 1.12),
        xlabel="batch size m",
        ylabel="normalized value x̂",
    )
    ax.set_xticks(batches, [str(m) for m in batches])
    ax.minorticks_off()
    return figure
