"""One training step's shift by both definitions, through training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Over training as a whole, batch norm reduces the shift by one definition and raises it by the other"
TAGS = ("internal covariate shift", "gradients", "distributions")
CLAIMS = ("bn-reduces-covariate-shift", "less-shift-is-faster")

LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}
CASES = ("sigmoids, small rate", "sigmoids, main rate")
KINDS = {
    "spreads": "inputs of a layer, in their own std",
    "relative": "gradient of a layer, in parts of itself",
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Shift in one step, mean over layers, with its interval over runs, by definition, case, network and step."""
    rows = []
    for kind in KINDS:
        for case in CASES:
            for norm in LABELS:
                at = results.sel(case=case, norm=norm)
                at = at.sel(step=at["loss"].notnull().any("run"))
                for step in at["step"].values:
                    values = at[kind].sel(step=step).mean("layer").values
                    half = (
                        student.ppf(0.975, values.size - 1)
                        * values.std(ddof=1)
                        / np.sqrt(values.size)
                    )
                    rows.append({"definition": kind, "case": case, "network": norm, "step": int(step), "shift": values.mean(),
                                 "low": values.mean() - half, "high": values.mean() + half, "runs": values.size})  # fmt: skip
    return pd.DataFrame(rows)


def alt(data: pd.DataFrame) -> str:
    means = data[data["case"] == CASES[1]].groupby(["definition", "network"])["shift"].mean()
    return (f"Two panels against training steps at the main rate. Left, how far a layer’s inputs move in a step, in their own standard deviations: on average "
            f"{means['spreads', 'none']:.2f} without batch norm, {means['spreads', 'batch norm']:.2f} with. Right, how far its gradient moves in parts of "
            f"itself: {means['relative', 'none']:.2f} without, {means['relative', 'batch norm']:.2f} with. Dashed lines at a small rate have the same order.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"What one training step of the layers before a layer does to it, on the same networks: how far the distributions of its inputs move (left), and how "
            f"far the gradient of its weights moves, $‖G′ − G‖/‖G‖$ (right). Mean over the layers from the second to the last and over {data['runs'].iloc[0]} "
            f"runs, with 95 % bands; solid at the main rate, dashed at the small one.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.8)
    for ax, (kind, title) in zip(axes, KINDS.items(), strict=True):
        for (case, network), rows in data[
            (data["definition"] == kind) & (data["step"] > 0)
        ].groupby(["case", "network"]):
            colour = theme.colour(network)
            theme.band(ax, rows["step"], rows["low"].clip(lower=1e-4), rows["high"], colour)
            ax.plot(
                rows["step"],
                rows["shift"],
                color=colour,
                linestyle="--" if case == CASES[0] else "-",
            )
        ax.set(xscale="log", yscale="log", xlabel="training steps", title=title)
    axes[0].set(ylabel="shift in one step")
    axes[0].set_ylim(top=4 * data.loc[data["definition"] == "spreads", "high"].max())
    for network, y in (("none", 0.94), ("batch norm", 0.86)):
        theme.label(
            axes[0],
            0.03,
            y,
            LABELS[network],
            theme.colour(network),
            transform="axes fraction",
            dx=0,
        )
    return figure
