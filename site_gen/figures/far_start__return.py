"""Where γ and β are at the end, against where they started."""

import pandas as pd

from experiments.results import only, rows
from experiments.studies.far_start import LEARNED

TITLE = "A γ that starts small grows; a γ or a β that starts large stays"
TAGS = ("gamma and beta",)
CLAIMS = ("gamma-beta-come-back",)

GREEK = {"gamma": "γ", "beta": "β"}
COLOURS = {"first": "input", "last": "batch norm"}  # of hidden layers


def data(results):
    """Mean and quantiles over units and runs of |γ| or β at the end, by start, in two layers."""
    found, over, given = [], ["run", "unit"], results.sel(start=results["start"] != LEARNED)
    for parameter, other, usual in (("gamma", "start_beta", 0), ("beta", "start_gamma", 1)):
        some = given.sel(start=given[other] == usual)
        end = some["end"].sel(parameter=parameter).isel(layer=[0, -1]).astype(float)
        end = end.assign_coords(start=some[f"start_{parameter}"].values, layer=list(COLOURS))
        end = (abs(end) if parameter == "gamma" else end).sortby("start")
        low, high = (end.quantile(share, over).drop_vars("quantile") for share in (0.05, 0.95))
        found.append(rows(end.mean(over), low=low, high=high))
    table, steps = pd.concat(found, ignore_index=True), int(results["step"][-1])
    return table.assign(steps=steps, runs=results.sizes["run"])


def alt(data):
    said = []
    for parameter, some in only(data, layer="last").groupby("parameter", sort=False):
        ends = ", ".join(f"{row.start:g} to {row.end:.2g}" for row in some.itertuples())
        said.append(f"{GREEK[parameter]} {ends}")
    return f"Start and mean end in the last hidden layer: {'; '.join(said)}."


def caption(data):
    return f"""Mean of |γ| (left) and of β (right) after {data["steps"].iloc[0]} steps, in the first
    and in the last hidden layer, against the value from which all of them started; the bands hold
    nine units in ten of {data["runs"].iloc[0]} runs. On the dotted line nothing has changed."""


def draw(data, theme):
    figure, panels = theme.panels(data, "parameter", width_ratios=(3, 2))
    for ax, parameter, some in panels:
        ends = [some["start"].min(), some["start"].max()]
        theme.theory(ax, ends, ends, color=theme.muted, linestyle=":")
        for layer, of in some.groupby("layer"):
            theme.curve(ax, of, "start", "end", COLOURS[layer], fmt="o-", markersize=4)
            if parameter == "gamma":
                at, dy = of.iloc[0][["start", "end"]], 12 if layer == "last" else 16
                theme.label(ax, *at, f"{layer} hidden layer", COLOURS[layer], dx=2, dy=dy)
        ax.set(xlabel=f"{GREEK[parameter]} at the start")
    left, _, some = panels[0]
    left.set(xscale="log", yscale="log", ylabel="at the end")
    theme.ticks(left, some["start"].unique(), some["start"].unique())
    return figure
