"""One gradient taken apart into what the backward pass removes and what it sends back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from experiments.results import rows
from site_gen.theme import Theme

TITLE = "A gradient that arrives, the two parts that go, and the part that gets back"
TAGS = ("transform", "gradients")
CLAIMS = ("gradient-norm-identity", "gradient-norm-root")
ID = "jacobian-parts"

PARTS = {
    "arrives": "arrives",
    "constant": "moves all: removed",
    "stretch": "stretches: removed",
    "returns": "gets back",
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """A row for every part and sample: its normalized value and its entry of the gradient."""
    gradient = results["part"].sel(kind=list(PARTS)).rename(kind="part").rename("gradient")
    return rows(gradient, results["part_input"].rename("normalized"))


def shares(data: pd.DataFrame) -> pd.Series:
    """Squared length of each part over that of the whole."""
    squares = data["gradient"].pow(2).groupby(data["part"]).sum()
    return squares / squares["arrives"]


def alt(data: pd.DataFrame) -> str:
    of = 100 * shares(data)
    return (
        f"Four panels of stems over the normalized values of {data['sample'].nunique()} samples: "
        f"the gradient that arrives; a constant, {of['constant']:.0f} % of its squared length; a "
        f"straight line through the origin, {of['stretch']:.0f} %; and the rest, "
        f"{of['returns']:.0f} %, which has no trend."
    )


def caption(data: pd.DataFrame) -> str:
    back = data[data["part"] == "returns"]
    along = max(abs(back["gradient"].sum()), abs((back["gradient"] * back["normalized"]).sum()))
    return (
        f"A made-up gradient of {len(back)} samples at $\\varepsilon = 0$, times $\\sigma$. The two "
        f"removed parts hold {100 * (1 - shares(data)['returns']):.0f} % of its squared length, far "
        "above the $2/m$ of a random one, for it was made to ask for a move and a stretch. What gets "
        f"back has no mean and no slope: both sums are below {max(along, 1e-15):.0e}."
    )


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, panels = theme.panels(data, "part", height=2.9, sharex=True, sharey=True)
    side = 0.3 + np.abs(data["normalized"]).max()
    reach = 1.15 * np.abs(data["gradient"]).max()
    for ax, part, of in panels:
        colour = theme.muted if "removed" in PARTS[part] else theme.colour("gradient")
        theme.level(ax, y=0, zorder=1.5)
        ax.vlines(of["normalized"], 0, of["gradient"], color=colour, linewidth=1.2)
        theme.points(ax, of, "normalized", "gradient", colour)
        ax.set(xlim=(-side, side), ylim=(-reach, reach), xticks=range(-2, 3, 2))
        ax.set_title(PARTS[part], size="medium")
    figure.supxlabel("normalized value x̂ of the sample", size="medium")
    panels[0][0].set_ylabel("entry of the gradient")
    return figure
