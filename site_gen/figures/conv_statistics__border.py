"""Where moving before the network differs from moving after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "In training, batch norm carries the break at the edge to every pixel"
TAGS = ("transform", "convolution", "shifts")
CLAIMS = ("batch-norm-networks-commute-with-shifts", "zero-padding-disturbs-only-the-edge")

PANELS = {
    "no normalization": ("none", "all"),
    "batch norm, evaluation": ("channel", "evaluation"),
    "batch norm, training": ("channel", "all"),
}
FLOOR = 1e-5  # below it nothing is drawn


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every pixel of every panel: the difference with zero padding over the size of what comes out."""
    tables = []
    for panel, (statistics, move) in PANELS.items():
        values = results["where_error"].sel(
            padding="zero", statistics=statistics, move=move, drop=True
        )
        tables.append(values.to_dataframe(name="difference").reset_index().assign(panel=panel))
    return pd.concat(tables, ignore_index=True).assign(runs=results.sizes["run"])


def _image(data: pd.DataFrame, panel: str) -> np.ndarray:
    return (
        data[data["panel"] == panel]
        .pivot(index="row", columns="column", values="difference")
        .to_numpy()
    )


def _middle(data: pd.DataFrame, panel: str) -> float:
    """Root mean square over the middle 18 × 18 pixels, where no edge reaches."""
    return np.sqrt(np.square(_image(data, panel)[5:-5, 5:-5]).mean())


def alt(data: pd.DataFrame) -> str:
    plain, evaluation, training = (_middle(data, panel) for panel in PANELS)
    return (f"Three maps of where a network with zero padding breaks the shift. Without normalization and with batch norm in evaluation only the rim differs, "
            f"and the middle 18 by 18 pixels by {plain:.0f} and {evaluation:.0f}; with batch norm in training they differ by {100 * training:.2f} % of the output.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Two convolutions with zero padding. Colour: difference between moving the digits before the network and after it, over the size of what comes out (root mean squares over {data['runs'].iloc[0]} "
            f"random networks, all their channels and digits), by pixel; paper: below $10^{{-5}}$. The digits move by up to three pixels, so the rim is that wide and two more. With batch "
            f"statistics the middle differs by {100 * _middle(data, 'batch norm, training'):.2f} %.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    from matplotlib.colors import LogNorm

    figure, axes = theme.figure(cols=3, height=2.9)
    norm = LogNorm(FLOOR, 1)
    for ax, panel in zip(axes, PANELS, strict=True):
        image = _image(data, panel)
        drawn = ax.imshow(np.ma.masked_less(image, FLOOR), cmap=theme.cmap, norm=norm)
        ax.set(title=panel, xticks=[], yticks=[])
        ax.grid(visible=False)
        ax.spines[:].set_visible(True)
    figure.colorbar(drawn, ax=axes, label="difference", shrink=0.8)
    return figure
