"""Test accuracy over steps: the plain network at its best rate, batch norm at multiples of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "At the plain network's best rate batch norm leads; at five and thirty times that rate it falls behind"
TAGS = ("speed", "learning rates", "training")
CLAIMS = ("five-and-thirty-times-the-rate",)


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every condition and step: quartiles of the accuracy over runs."""
    accuracy = results["accuracy"].transpose("condition", "step", "run")
    quartiles = {name: accuracy.quantile(q, "run").values.ravel() for name, q in (("accuracy", 0.5), ("lower_quartile", 0.25), ("upper_quartile", 0.75))}  # fmt: skip
    index = pd.MultiIndex.from_product([accuracy["condition"].values.tolist(), accuracy["step"].values.tolist()], names=["condition", "step"])  # fmt: skip
    table = pd.DataFrame(quartiles, index=index).reset_index().assign(runs=results.sizes["run"])
    return table.assign(multiple=[0.0 if c == "none" else float(c) for c in table["condition"]]).drop(columns="condition")  # fmt: skip


def _end(data: pd.DataFrame, multiple: float) -> float:
    return float(data.loc[data["multiple"] == multiple, "accuracy"].iloc[-1])


def alt(data: pd.DataFrame) -> str:
    return (f"Test accuracy over {data['step'].max()} steps. Last: {_end(data, 0):.2f} without batch norm, with it {_end(data, 1):.2f} at the same rate, "
            f"{_end(data, 5):.2f} at five times and {_end(data, 30):.2f} at thirty times.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Test accuracy in evaluation mode, median and quartiles of {data['runs'].iloc[0]} paired runs. Orange: without batch norm at the best rate of the search. "
            f"Blue: with batch norm, at that rate times the number.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.8)
    multiples = sorted(m for m in data["multiple"].unique() if m)
    colours = {
        0.0: theme.colour("none"),
        **dict(zip(multiples, theme.sequence(len(multiples)), strict=True)),
    }
    ends = []
    for multiple, rows in data.groupby("multiple"):
        theme.band(
            ax, rows["step"], rows["lower_quartile"], rows["upper_quartile"], colours[multiple]
        )
        ax.plot(rows["step"], rows["accuracy"], color=colours[multiple], linewidth=1.8)
        ends.append((float(rows["accuracy"].iloc[-1]), multiple))
    height = 1.04
    for value, multiple in sorted(ends, reverse=True):
        height = min(value, height - 0.065)
        text = f"{multiple:g} times" if multiple else "without"
        theme.label(ax, data["step"].max(), height, text, colours[multiple], dx=8)
    ax.set(xlabel="step", ylabel="test accuracy", ylim=(0, 1.0), xlim=(0, data["step"].max()))
    return figure
