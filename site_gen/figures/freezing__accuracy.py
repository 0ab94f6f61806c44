"""Accuracy on old and on new digits after fine-tuning, by the way batch norm is frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Statistics that move lose the old digits and gain little on the new ones"
TAGS = ("freezing", "fine-tuning", "accuracy")
CLAIMS = ("frozen-backbone-remembers", "new-task-needs-moving-statistics")

LABELS = {"batch, trained": "batch statistics,\nγ and β trained", "batch, frozen": "batch statistics,\nγ and β frozen",
          "running, trained": "fixed statistics,\nγ and β trained", "running, frozen": "all frozen"}  # fmt: skip


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row a run and way: accuracies on the old digits before and after, and on the new ones after."""
    table = results.sel(shift="inverted")[["old_accuracy", "new_accuracy"]].drop_vars("shift")
    before = table["old_accuracy"].isel(step=0).drop_vars("step").to_dataframe(name="old_before")
    return table.isel(step=-1).drop_vars("step").to_dataframe().join(before).reset_index()


def alt(data: pd.DataFrame) -> str:
    mean = data.groupby("way")[["old_accuracy", "new_accuracy"]].mean()
    return ("Accuracy on old and on inverted digits: " + "; ".join(
        f"{LABELS[way]}: {mean.loc[way, 'old_accuracy']:.2f} and {mean.loc[way, 'new_accuracy']:.2f}" for way in LABELS).replace("\n", " ") + ".")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"After a new last layer was trained on inverted digits: accuracy on the old digits with the old last layer, and on the inverted ones with the new. Points: "
            f"{data['run'].nunique()} networks; ticks: means; line: the old digits before, {data['old_before'].mean():.2f} in the mean.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.6)
    before = data["old_before"].mean()
    ax.axvline(before, color=theme.colour("neutral"), linewidth=1, zorder=1.5)
    ways = list(LABELS)[::-1]
    for k, way in enumerate(ways):
        for column, condition, dy in (
            ("old_accuracy", "neutral", 0.14),
            ("new_accuracy", "positive", -0.14),
        ):
            values = data[data["way"] == way][column]
            ax.plot(values, [k + dy] * len(values), "o", color=theme.colour(condition), alpha=0.45)
            ax.plot(
                [values.mean()] * 2, [k + dy - 0.12, k + dy + 0.12], color=theme.ink, linewidth=1.5
            )
    top = len(ways) - 1
    low = data[["old_accuracy", "new_accuracy"]].min().min()
    theme.label(ax, low, 0.14, "old digits", theme.colour("neutral"), dx=0)
    theme.label(ax, low, -0.14, "inverted digits", theme.colour("positive"), dx=0)
    ax.set_yticks(range(len(ways)), [LABELS[way] for way in ways])
    ax.set(xlabel="accuracy", ylim=(-0.5, top + 0.5))
    return figure
