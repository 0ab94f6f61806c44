"""Change of a network's hidden outputs while only its last layer is meant to be trained, by the way batch norm is frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Without gradients for γ and β the outputs move all the same"
TAGS = ("freezing", "running statistics", "fine-tuning")
CLAIMS = ("freezing-parameters-freezes-the-layer", "freezing-both-freezes-the-layer")

COLOURS = {
    "batch, trained": "batch norm",
    "batch, frozen": "input",
    "running, trained": "gradient",
    "running, frozen": "neutral",
}
LABELS = {"batch, trained": "batch statistics, γ and β trained", "batch, frozen": "batch statistics, γ and β frozen",
          "running, trained": "fixed statistics, γ and β trained", "running, frozen": "all frozen"}  # fmt: skip


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row a run, way, shift of the new data and step: the relative change of the hidden outputs on the old digits."""
    return results["change"].to_dataframe().reset_index()


def _end(data: pd.DataFrame, way: str, shift: str = "inverted") -> float:
    return float(
        data[
            (data["way"] == way) & (data["shift"] == shift) & (data["step"] == data["step"].max())
        ]["change"].mean()
    )


def alt(data: pd.DataFrame) -> str:
    return (f"The hidden outputs move by {_end(data, 'batch, frozen'):.1f} times their own length with batch statistics and frozen γ and β, by "
            f"{_end(data, 'running, trained'):.2f} with fixed statistics and trained γ and β, and by {_end(data, 'running, frozen'):.0f} with both frozen.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Change of the hidden outputs on the old digits in evaluation, over their length, while a new last layer is trained on inverted digits and all weights before it "
            f"are frozen. Lines: means of {data['run'].nunique()} networks; bands: 95 % intervals. Dotted: frozen γ and β, batch statistics, and new data like the old.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    from scipy.stats import t

    figure, ax = theme.figure(height=3.8)
    end = data["step"].max()
    for way, condition in COLOURS.items():
        rows = data[
            (data["way"] == way) & (data["shift"] == "inverted") & (data["step"] > 0)
        ].pivot(index="step", columns="run", values="change")
        mean = rows.mean(axis=1)
        half = t.ppf(0.975, rows.shape[1] - 1) * rows.std(axis=1) / rows.shape[1] ** 0.5
        theme.band(ax, rows.index, mean - half, mean + half, theme.colour(condition))
        ax.plot(rows.index, mean, "o-", color=theme.colour(condition), linewidth=1.2)
    same = (
        data[(data["way"] == "batch, frozen") & (data["shift"] == "none") & (data["step"] > 0)]
        .groupby("step")["change"]
        .mean()
    )
    ax.plot(same.index, same, ":", color=theme.colour(COLOURS["batch, frozen"]))
    top = _end(data, "batch, trained")
    for k, (way, condition) in enumerate(COLOURS.items()):
        if way.startswith("batch"):
            theme.label(ax, 1, top, LABELS[way], theme.colour(condition), dx=0, dy=-18 * k)
    theme.label(
        ax,
        end,
        _end(data, "running, trained"),
        LABELS["running, trained"],
        theme.colour(COLOURS["running, trained"]),
        dx=0,
        dy=13,
        ha="right",
    )
    theme.label(
        ax,
        end,
        0,
        LABELS["running, frozen"],
        theme.colour(COLOURS["running, frozen"]),
        dx=0,
        dy=-11,
        ha="right",
    )
    ax.set(
        xscale="log",
        xlabel="steps of training the new last layer",
        ylabel="change of the hidden outputs",
    )
    ax.set_ylim(bottom=-0.12 * top)
    return figure
