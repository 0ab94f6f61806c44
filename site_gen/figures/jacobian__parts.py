"""One gradient taken apart into what the backward pass removes and what it sends back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "A gradient that arrives, the two parts that go, and the part that gets back"
TAGS = ("transform", "gradients")
CLAIMS = ("gradient-norm-identity", "gradient-norm-root")

PARTS = {
    "arrives": "arrives",
    "constant": "moves all: removed",
    "stretch": "stretches: removed",
    "returns": "gets back",
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every part and sample: the sample's normalized value and its entry of the gradient."""
    table = results[["part", "part_input"]].to_dataframe().reset_index()
    table = table.rename(columns={"kind": "part", "part": "gradient", "part_input": "normalized"})
    table["order"] = table["part"].map(list(PARTS).index)
    return table.sort_values(["order", "sample"], ignore_index=True)[
        ["part", "sample", "normalized", "gradient"]
    ]


def _shares(data: pd.DataFrame) -> pd.Series:
    squares = data["gradient"].pow(2).groupby(data["part"]).sum()
    return squares / squares["arrives"]


def alt(data: pd.DataFrame) -> str:
    shares = _shares(data)
    return (f"Four panels of stems over the normalized values of {data['sample'].nunique()} samples: the gradient that arrives; a constant, "
            f"{100 * shares['constant']:.0f} % of its squared length; a straight line through the origin, {100 * shares['stretch']:.0f} %; and the rest, "
            f"{100 * shares['returns']:.0f} %, which has no trend.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    shares = _shares(data)
    back = data[data["part"] == "returns"]
    along = max(abs(back["gradient"].sum()), abs((back["gradient"] * back["normalized"]).sum()))
    return (f"A made-up gradient of {len(back)} samples at $\\varepsilon = 0$, times $\\sigma$. The two removed parts hold {100 * (1 - shares['returns']):.0f} % of "
            f"its squared length, far above the $2/m$ of a random one, for it was made to ask for a move and a stretch. What gets back has no mean and no "
            f"slope: both sums are below {max(along, 1e-15):.0e}.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=4, height=2.9, sharex=True, sharey=True)
    side = 0.3 + np.abs(data["normalized"]).max()
    reach = 1.15 * np.abs(data["gradient"]).max()
    for ax, (part, title) in zip(axes, PARTS.items(), strict=True):
        rows = data[data["part"] == part]
        colour = theme.muted if part in ("constant", "stretch") else theme.colour("gradient")
        ax.axhline(0, color=theme.muted, linewidth=1, zorder=1.5)
        ax.vlines(rows["normalized"], 0, rows["gradient"], color=colour, linewidth=1.2)
        ax.plot(rows["normalized"], rows["gradient"], "o", color=colour)
        ax.set(xlim=(-side, side), ylim=(-reach, reach), xticks=range(-2, 3, 2))
        ax.set_title(title, size="medium")
    figure.supxlabel("normalized value x̂ of the sample", size="medium")
    axes[0].set_ylabel("entry of the gradient")
    return figure
