"""How far γ goes in a step, and how far in total against rate times steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "A smaller rate makes smaller steps, and more of them on the same way"
TAGS = ("gamma and beta", "learning rate", "internal covariate shift")
CLAIMS = ("large-rate-shifts-early-only", "small-rate-shifts-less")


def data(results: xr.Dataset) -> pd.DataFrame:
    """Way of γ of the last hidden layer by rate and step: in total, and a step since the reading before; geometric means over runs."""
    rates = sorted(
        float(name.split()[1]) for name in results["condition"].values if name.startswith("rate ")
    )
    steps = results["step"].values
    rows = []
    for rate in rates:
        ways = (
            results["way"]
            .sel(condition=f"rate {rate:g}", parameter="gamma")
            .isel(layer=-1)
            .transpose("step", "run")
            .values
        )
        total = np.exp(np.log(ways[1:]).mean(axis=1))
        a_step = np.exp(np.log(np.diff(ways, axis=0) / np.diff(steps)[:, None]).mean(axis=1))
        for k, step in enumerate(steps[1:]):
            rows.append({"rate": rate, "step": int(step), "middle": (steps[k] + step + 1) / 2, "a_step": a_step[k], "total": total[k],
                         "runs": ways.shape[1]})  # fmt: skip
    return pd.DataFrame(rows)


def _ends(data: pd.DataFrame) -> pd.DataFrame:
    return data.groupby("rate")[["a_step", "total"]].agg(["first", "last"])


def alt(data: pd.DataFrame) -> str:
    ends = _ends(data)
    told = ", ".join(
        f"{row['a_step', 'first']:.0e} and {row['a_step', 'last']:.0e} at rate {rate:g}"
        for rate, row in ends.iterrows()
    )
    return (f"Left: how far γ moves in a step, first and last: {told}. Right: the total way against rate times steps; the curves of the small rates lie on one "
            f"another, up to {ends['total', 'last'].iloc[0]:.2f} at the end of the smallest.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"γ of the last hidden layer, mean over units, geometric means of {data['runs'].iloc[0]} runs. Left: the length of a step. Right: the length of the whole "
            f"way, against the learning rate times the number of steps: rates of different size are compared where a smooth path would have come equally far. "
            f"All rates were trained for {data['step'].max()} steps.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.8)
    rates = sorted(data["rate"].unique())
    for rate, colour in zip(rates, theme.sequence(len(rates)), strict=True):
        rows = data[data["rate"] == rate]
        left.plot(rows["middle"], rows["a_step"], color=colour)
        right.plot(rate * rows["step"], rows["total"], color=colour)
        nudge = {0: -4, 1: 4}.get(rates.index(rate), 0)
        theme.label(
            left,
            rows["middle"].iloc[-1],
            rows["a_step"].iloc[-1],
            f"rate {rate:g}",
            colour,
            dy=nudge,
        )
        first = rows.iloc[0]
        right.plot([rate * first["step"]], [first["total"]], "o", color=colour, markersize=4)
    left.set(xscale="log", yscale="log", xlabel="training step", title="way of γ in a step")
    right.set(xscale="log", yscale="log", xlabel="learning rate × steps", title="way of γ in total")
    return figure
