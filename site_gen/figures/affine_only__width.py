"""Test accuracy by width, for what is trained: γ and β, the last layer, everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Over random features, γ and β alone learn the more the wider the network"
TAGS = ("γ and β", "training", "random features")

COLOURS = {"γ and β": "batch norm", "last layer": "input", "everything": "neutral"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every choice, width and run: accuracy at the rate whose mean is highest, and the parameters that move."""
    found = []
    for choice in COLOURS:
        for width in results["width"].values.tolist():
            at = results.sel(choice=choice, width=width).transpose("rate", "run")
            k = int(at["accuracy"].mean("run").values.argmax())
            found.append(pd.DataFrame({"choice": choice, "width": width, "trained": int(at["trained"]), "rate": float(at["rate"][k]),
                                       "run": results["run"].values, "accuracy": at["accuracy"].values[k]}))  # fmt: skip
    return pd.concat(found, ignore_index=True)


def alt(data: pd.DataFrame) -> str:
    means, low, high = (
        data.groupby(["choice", "width"])["accuracy"].mean(),
        data["width"].min(),
        data["width"].max(),
    )
    told = [
        f"{choice} from {means[choice, low]:.2f} to {means[choice, high]:.2f}" for choice in COLOURS
    ]
    return f"Test accuracy from width {low} to {high}: " + ", ".join(told) + "."


def caption(data: pd.DataFrame) -> str:
    wide = data[data["width"] == data["width"].max()].groupby("choice")["trained"].first()
    return (f"Test accuracy in evaluation mode at the best learning rate, two hidden layers with batch norm and ReLU; what is not trained stays random. Mean and 95 % interval of {data['run'].nunique()} paired runs. "
            f"In the widest network {wide['γ and β']} numbers are γ and β, {wide['last layer']} are in the last layer, {wide['everything']} in all. The line at the bottom is chance.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    from scipy.stats import t

    figure, ax = theme.figure(height=3.8)
    for choice, key in COLOURS.items():
        groups = data[data["choice"] == choice].groupby("width")["accuracy"]
        mean, runs = groups.mean(), groups.size()
        half = t.ppf(0.975, runs - 1) * groups.std() / runs**0.5
        colour = theme.colour(key)
        theme.band(ax, mean.index, mean - half, mean + half, colour)
        ax.plot(mean.index, mean, "o-", color=colour, markersize=5)
        theme.label(ax, mean.index[-1], mean.iloc[-1], choice, colour, dx=9)
    widths = sorted(data["width"].unique())
    ax.axhline(0.1, color=theme.muted, linewidth=1, zorder=1)
    ax.set(xscale="log", ylim=(0, 1), xlim=(min(widths) * 0.9, max(widths) * 1.45), xlabel="units in each hidden layer", ylabel="test accuracy")  # fmt: skip
    ax.set_xticks(widths, labels=[str(w) for w in widths])
    ax.minorticks_off()
    return figure
