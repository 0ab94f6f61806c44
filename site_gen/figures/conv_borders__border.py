"""Where moving before the network differs from moving after it."""

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm

from experiments.measures.equivariance import inside
from experiments.results import rows

TITLE = "In training, batch norm carries the break at the edge to every pixel"
TAGS = ("transform", "convolution", "shifts")
CLAIMS = ("batch-norm-networks-commute-with-shifts", "zero-padding-disturbs-only-the-edge")
ID = "conv-statistics-border"

PANELS = {
    "no normalization": ("none", "all"),
    "batch norm, evaluation": ("channel", "evaluation"),
    "batch norm, training": ("channel", "all"),
}
FLOOR = 1e-5  # below it nothing is drawn


def data(results):
    """A row for every pixel of every panel: the difference with zero padding over the output."""
    maps = results["where_error"].sel(padding="zero", drop=True)
    found = [
        rows(maps.sel(statistics=statistics, move=move, drop=True).rename("difference"))
        for statistics, move in PANELS.values()
    ]
    table = pd.concat(found, keys=PANELS, names=["panel"]).reset_index("panel")
    return table.reset_index(drop=True).assign(runs=results.sizes["run"])


def _image(data, panel):
    rows = data[data["panel"] == panel]
    return rows.pivot(index="row", columns="column", values="difference").to_numpy()


def _middle(data, panel):
    """Root mean square over the middle 18 × 18 pixels, where no edge reaches."""
    return np.sqrt(np.square(inside(_image(data, panel))).mean())


def alt(data):
    plain, evaluation, training = (_middle(data, panel) for panel in PANELS)
    return f"""Three maps of where a network with zero padding breaks the shift. Without
    normalization and with batch norm in evaluation only the rim differs, and the middle 18 by 18
    pixels by {plain:.0f} and {evaluation:.0f}; with batch norm in training they differ by
    {100 * training:.2f} % of the output."""


def caption(data):
    return f"""Two convolutions with zero padding. Colour: difference between moving the digits
    before the network and after it, over the size of what comes out (root mean squares over
    {data["runs"].iloc[0]} random networks, all their channels and digits), by pixel; paper: below
    $10^{{-5}}$. The digits move by up to three pixels, so the rim is that wide and two more. With
    batch statistics the middle differs by {100 * _middle(data, "batch norm, training"):.2f} %."""


def draw(data, theme):
    figure, axes = theme.figure(cols=3, height=2.9)
    for ax, panel in zip(axes, PANELS, strict=True):
        image = np.ma.masked_less(_image(data, panel), FLOOR)
        drawn = ax.imshow(image, cmap=theme.cmap, norm=LogNorm(FLOOR, 1))
        ax.set(title=panel, xticks=[], yticks=[])
        ax.grid(visible=False)
        ax.spines[:].set_visible(True)
    figure.colorbar(drawn, ax=axes, label="difference", shrink=0.8)
    return figure
