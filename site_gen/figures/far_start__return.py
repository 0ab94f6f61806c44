"""Where γ and β are at the end, against where they started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "A γ that starts small grows; a γ or a β that starts large stays"
TAGS = ("gamma and beta",)
CLAIMS = ("gamma-beta-come-back",)

GREEK = {"gamma": "γ", "beta": "β"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Mean of a layer's |γ| or β at the end, and quantiles over units and runs, by start and layer (first, last)."""
    rows = []
    for start in results["start"].values:
        one = results.sel(start=start)
        gamma, beta = float(one["start_gamma"]), float(one["start_beta"])
        if start == "learned":
            continue
        for parameter, value, other in (("gamma", gamma, beta), ("beta", beta, gamma - 1)):
            if other:
                continue
            for layer, which in (("first", 0), ("last", -1)):
                values = one["end"].sel(parameter=parameter).isel(layer=which)
                values = abs(values) if parameter == "gamma" else values
                rows.append({"parameter": parameter, "layer": layer, "start": value, "end": float(values.mean()),
                             "low": float(values.quantile(0.05)), "high": float(values.quantile(0.95)), "steps": int(results["step"].values[-1]),
                             "runs": values.sizes["run"]})  # fmt: skip
    return pd.DataFrame(rows).sort_values(["parameter", "layer", "start"], ignore_index=True)


def alt(data: pd.DataFrame) -> str:
    told = []
    for parameter, rows in data[data["layer"] == "last"].groupby("parameter", sort=False):
        told.append(
            f"{GREEK[parameter]} "
            + ", ".join(f"{row.start:g} to {row.end:.2g}" for row in rows.itertuples())
        )
    return f"Start and mean end in the last hidden layer: {'; '.join(told[::-1])}."


def caption(data: pd.DataFrame) -> str:
    return (f"Mean of |γ| (left) and of β (right) after {data['steps'].iloc[0]} steps, in the first and in the last hidden layer, against the value from which all of them started; "
            f"the bands hold nine units in ten of {data['runs'].iloc[0]} runs. On the dotted line nothing has changed.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.6, width_ratios=(3, 2))
    colours = {"first": theme.colour("input"), "last": theme.colour("batch norm")}
    for ax, parameter in zip(axes, GREEK, strict=True):
        some = data[data["parameter"] == parameter]
        ends = [some["start"].min(), some["start"].max()]
        ax.plot(ends, ends, color=theme.muted, linewidth=1, linestyle=":")
        for layer, colour in colours.items():
            rows = some[some["layer"] == layer]
            theme.band(ax, rows["start"], rows["low"], rows["high"], colour)
            ax.plot(rows["start"], rows["end"], color=colour, marker="o", markersize=4)
            if parameter == "gamma":
                theme.label(
                    ax,
                    rows["start"].iloc[0],
                    rows["end"].iloc[0],
                    f"{layer} hidden layer",
                    colour,
                    dx=2,
                    dy=12 if layer == "last" else 16,
                )
        ax.set(xlabel=f"{GREEK[parameter]} at the start")
    axes[0].set(xscale="log", yscale="log", ylabel="at the end")
    ticks = sorted(data.loc[data["parameter"] == "gamma", "start"].unique())
    axes[0].set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes[0].set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes[0].minorticks_off()
    return figure
