"""How much of its final distance from the start a layer's γ has gone, over training."""

from __future__ import annotations

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from experiments.results import summary
from experiments.studies.gamma_beta_settling import FULL, PARAMETERS
from site_gen.theme import Theme

TITLE = "Whether γ and β settle early depends on the learning rate"
TAGS = ("gamma and beta", "learning rate")
CLAIMS = ("gamma-beta-settle-early",)
ID = "gamma-beta-drift-settling"

MARK = FULL.settled  # the share of training after which the claim looks


def data(results: xr.Dataset) -> pd.DataFrame:
    """Distance from the start in parts of the final one, by parameter, rate and training."""
    away = results["distance"].isel(layer=-1, drop=True).sel(parameter=list(PARAMETERS))
    share = (away / away.isel(step=-1, drop=True)).transpose("parameter", "rate", "step", "run")
    found, steps = summary(share, name="share"), int(results["step"][-1])
    return found.assign(training=found["step"] / steps, steps=steps)


def alt(data: pd.DataFrame) -> str:
    near = (data["training"] - MARK).abs()
    at, said = data[near == near.min()], []
    for parameter, greek in PARAMETERS.items():
        of = at[at["parameter"] == parameter]
        shares = ", ".join(f"{row.share:.0%} at rate {row.rate:g}" for row in of.itertuples())
        said.append(f"{greek} {shares}")
    return (
        "Share of the final distance from the start over training. After a tenth of the steps: "
        f"{'; '.join(said)}."
    )


def caption(data: pd.DataFrame) -> str:
    return (
        "Distance of all γ (left) and all β (right) of the last hidden layer from where they "
        "started, root mean square over units, in parts of the distance after "
        f"{data['steps'].iloc[0]} steps. The vertical line is a tenth of training; what moves at a "
        "constant pace in one direction lies on the dotted line. Means of "
        f"{data['runs'].iloc[0]} runs with 95 % bands."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, panels = theme.panels(data, "parameter", height=3.8, sharey=True)
    rates = list(data["rate"].unique())
    colours = theme.sequence(len(rates))
    for ax, parameter, of_parameter in panels:
        theme.theory(ax, [0, 1], [0, 1], color=theme.muted, linestyle=":")
        theme.level(ax, x=MARK, linewidth=0.8)
        for rate, colour in zip(rates, colours, strict=True):
            of = of_parameter[of_parameter["rate"] == rate]
            theme.curve(ax, of, "training", "share", colour)
        ax.set(
            xlabel="share of training", title=f"{PARAMETERS[parameter]} of the last hidden layer"
        )
        ax.set(ylim=(0, None), xlim=(0, 1))
    left = panels[0][0]
    left.set_ylabel("share of the final distance")
    for k, (rate, colour) in enumerate(zip(rates, colours, strict=True)):
        place = {"transform": "axes fraction", "dx": 0, "ha": "right"}
        theme.label(left, 0.97, 0.05 + 0.075 * k, f"rate {rate:g}", colour, **place)
    return figure
