"""How weights of different first length grow with batch norm, and how fast they learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Short weights grow within a few steps; long ones stay long, and learn slowly"
TAGS = ("initialization", "effective learning rate", "training")
CLAIMS = ("large-weights-learn-slowly", "size-mends-itself")

CONDITIONS = ("batch norm", "batch norm, rate × k²")
SHOWN = (0.01, 0.1, 1.0, 10.0, 100.0)


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every condition with batch norm, size and step: the squared length (geometric mean) and the test accuracy (mean)."""
    of = results.sel(condition=list(CONDITIONS), factor=list(SHOWN))
    table = np.exp(np.log(of["length"]).mean("run")).to_dataframe(name="length").reset_index()
    accuracy = of["accuracy"].mean("run").to_dataframe(name="accuracy").reset_index()
    return table.merge(accuracy, on=["condition", "factor", "step"]).assign(
        runs=results.sizes["run"]
    )


def _rows(data: pd.DataFrame, condition: str, factor: float) -> pd.DataFrame:
    return data[(data["condition"] == condition) & (data["factor"] == factor)].sort_values("step")


def alt(data: pd.DataFrame) -> str:
    small, large = (_rows(data, "batch norm", factor)["length"] for factor in (SHOWN[0], SHOWN[-1]))
    spread = [
        data[(data["condition"] == c) & (data["step"] == data["step"].max())]["accuracy"]
        for c in CONDITIONS
    ]
    return (f"Three panels over training steps. Squared length of the hidden weights: from k = {SHOWN[0]:g} it grows by a factor of "
            f"{small.iloc[-1] / small.iloc[0]:.0f}, from k = {SHOWN[-1]:g} by {large.iloc[-1] / large.iloc[0]:.4f}. Test accuracy: at the end between "
            f"{spread[0].min():.0%} and {spread[0].max():.0%} at one rate, and between {spread[1].min():.0%} and {spread[1].max():.0%} with the rate times k².")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"With batch norm, from $k$ times He's weights. Left: squared length of all hidden weights over the one expected of He's. Middle: test "
            f"accuracy at one learning rate. Right: the same with the rate of the hidden weights multiplied by $k^2$; the lines lie on top of each "
            f"other. Means of {data['runs'].iloc[0]} paired runs.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (length, plain, scaled) = theme.figure(cols=3, height=3.6)
    last = data["step"].max()
    for factor, colour in zip(SHOWN, theme.sequence(len(SHOWN)), strict=True):
        rows = _rows(data, "batch norm", factor)
        length.plot(rows["step"], rows["length"], color=colour)
        plain.plot(rows["step"], rows["accuracy"], color=colour)
        at = rows.iloc[(rows["step"] - 10).abs().argmin()]
        theme.label(
            length,
            at["step"],
            at["length"],
            f"k = {factor:g}",
            colour,
            dx=0,
            dy=-9 if factor < 1 else 9,
            ha="center",
        )
        rows = _rows(data, CONDITIONS[1], factor)
        scaled.plot(rows["step"], rows["accuracy"], color=colour)
    length.set(yscale="log", title="squared length / He’s", yticks=[1e-4, 1e-2, 1, 1e2, 1e4])
    plain.set(title="accuracy, one rate", ylim=(0, 1))
    scaled.set(title="accuracy, rate × k²", ylim=(0, 1))
    for ax in (length, plain, scaled):
        ax.set(xscale="symlog", xlim=(0, last * 1.2), xlabel="training step")
        ax.set_xticks([0, 10, 100], ["0", "10", "100"])
        ax.minorticks_off()
    for factor, colour in zip(SHOWN, theme.sequence(len(SHOWN)), strict=True):
        if factor in (0.1, 1.0, 100.0):
            rows = _rows(data, "batch norm", factor)
            at = rows.iloc[(rows["step"] - 17).abs().argmin()]
            above = factor < 1
            theme.label(plain, at["step"], at["accuracy"], f"{factor:g}" if factor < 100 else "10 and 100", colour,
                        dx=-4 if above else 4, dy=8 if above else -8, ha="right" if above else "left")  # fmt: skip
    return figure
