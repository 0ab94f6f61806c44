"""Where γ and β are at the end, against where they started."""

from __future__ import annotations

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from experiments.results import rows
from experiments.studies.far_start import LEARNED
from site_gen.theme import Theme

TITLE = "A γ that starts small grows; a γ or a β that starts large stays"
TAGS = ("gamma and beta",)
CLAIMS = ("gamma-beta-come-back",)

GREEK = {"gamma": "γ", "beta": "β"}
COLOURS = {"first": "input", "last": "batch norm"}  # of hidden layers


def data(results: xr.Dataset) -> pd.DataFrame:
    """Mean and quantiles over units and runs of |γ| or β at the end, by start, in two layers."""
    found = []
    over, given = ["run", "unit"], results["start"] != LEARNED
    for parameter, alone in (
        ("gamma", results["start_beta"] == 0),
        ("beta", results["start_gamma"] == 1),
    ):
        some = results.sel(start=alone & given)
        end = some["end"].sel(parameter=parameter).isel(layer=[0, -1]).astype(float)
        end = end.assign_coords(start=some[f"start_{parameter}"].values, layer=list(COLOURS))
        end = (abs(end) if parameter == "gamma" else end).sortby("start")
        low, high = (end.quantile(share, over).drop_vars("quantile") for share in (0.05, 0.95))
        found.append(rows(end.mean(over), low.rename("low"), high.rename("high")))
    about = {"steps": int(results["step"][-1]), "runs": results.sizes["run"]}
    return pd.concat(found, ignore_index=True).assign(**about)


def alt(data: pd.DataFrame) -> str:
    said = []
    for parameter, some in data[data["layer"] == "last"].groupby("parameter", sort=False):
        ends = ", ".join(f"{row.start:g} to {row.end:.2g}" for row in some.itertuples())
        said.append(f"{GREEK[parameter]} {ends}")
    return f"Start and mean end in the last hidden layer: {'; '.join(said)}."


def caption(data: pd.DataFrame) -> str:
    return (
        f"Mean of |γ| (left) and of β (right) after {data['steps'].iloc[0]} steps, in the first and "
        "in the last hidden layer, against the value from which all of them started; the bands hold "
        f"nine units in ten of {data['runs'].iloc[0]} runs. On the dotted line nothing has changed."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, panels = theme.panels(data, "parameter", width_ratios=(3, 2))
    for ax, parameter, some in panels:
        ends = [some["start"].min(), some["start"].max()]
        theme.theory(ax, ends, ends, color=theme.muted, linestyle=":")
        for layer, colour in COLOURS.items():
            of_layer = some[some["layer"] == layer]
            theme.curve(ax, of_layer, "start", "end", colour, fmt="o-", markersize=4)
            if parameter == "gamma":
                at = of_layer.iloc[0][["start", "end"]]
                dy = 12 if layer == "last" else 16
                theme.label(ax, *at, f"{layer} hidden layer", colour, dx=2, dy=dy)
        ax.set(xlabel=f"{GREEK[parameter]} at the start")
    left, _, some = panels[0]
    left.set(xscale="log", yscale="log", ylabel="at the end")
    theme.ticks(left, some["start"].unique(), some["start"].unique())
    return figure
