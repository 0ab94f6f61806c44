"""Two starts, a hundred times apart in length, come to the same length and the same angle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from site_gen.theme import Animation, Theme

TITLE = "Weight decay brings all lengths together, and with them the angle of a step"
TAGS = ("effective learning rate", "weight decay")
CLAIMS = ("start-is-forgotten",)

MOVING, HOLD = 100, 15  # frames


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every frame and start: step, length and angle (radians), means over runs, and the closed forms."""
    last = results.sizes["start_step"] - 1
    # Denser at the beginning, where the short weights jump.
    steps = np.unique(np.round(last * (np.arange(MOVING) / (MOVING - 1)) ** 2.5).astype(int))
    tables = []
    for start in sorted(results["start"].values):
        one = results.sel(start=start).isel(start_step=steps)
        tables.append(pd.DataFrame({
            "frame": np.arange(len(steps)), "step": steps, "start": start,
            "length": one["start_length"].mean("run").values, "angle": one["start_turn"].mean("run").values,
            "length_theory": one["start_length_theory"].values, "angle_theory": float(one["start_turn_theory"]),
            "rate": float(one["start_rate"]), "decay": float(one["start_decay"]), "runs": results.sizes["run"],
        }))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _ends(data: pd.DataFrame, frame: int) -> pd.Series:
    return data[data["frame"] == frame].set_index("start")["length"]


def alt(data: pd.DataFrame) -> str:
    first, last = (_ends(data, frame) for frame in (0, data["frame"].max()))
    return (f"Animation: the length of weights that start at {first.iloc[0]:g} jumps up in the first step, that of weights that start at {first.iloc[-1]:g} "
            f"decays; after {data['step'].max()} steps both are {last.mean():.2f}, and both turn by the same angle a step, "
            f"{np.degrees(data['angle_theory'].iloc[0]):.1f} degrees.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    rate, decay = data["rate"].iloc[0], data["decay"].iloc[0]
    return (f"SGD with $\\eta = {rate:g}$ and $\\lambda = {decay:g}$, means over {data['runs'].iloc[0]} runs. Thin lines: the recurrence with the mean squared "
            f"gradient of the second half, and $\\sqrt{{2\\eta\\lambda}}$. Long weights hardly turn until decay has shortened them, which takes "
            f"about $1/(\\eta\\lambda) = {1 / (rate * decay):.0f}$ steps for each factor of $e$; short weights are thrown far "
            f"out by their first gradient.")  # fmt: skip


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    from site_gen.theme import Animation

    figure, (left, right) = theme.figure(cols=2, height=3.6)
    curves = [rows.reset_index(drop=True) for _, rows in data.groupby("start")]
    colours = [theme.colour("input"), theme.colour("batch norm")]
    last = data["step"].max()
    heads, tails, artists = [], [], []
    for rows, colour in zip(curves, colours, strict=True):
        left.plot(
            rows["step"],
            rows["length_theory"],
            color=theme.colour("theory"),
            linewidth=1,
            zorder=1.9,
        )
        for ax, first in ((left, rows["length"][0]), (right, np.degrees(rows["angle"][0]))):
            tails += ax.plot([0], [first], color=colour, linewidth=2.4)
            heads += ax.plot([0], [first], "o", color=colour, markersize=9, clip_on=False)
    angle = np.degrees(data["angle_theory"].iloc[0])
    right.axhline(angle, color=theme.colour("theory"), linewidth=1, zorder=1.9)
    theme.label(
        right,
        last,
        angle,
        "√(2ηλ)",
        theme.colour("theory"),
        dx=0,
        dy=-10,
        ha="right",
        weight="normal",
    )
    high, low = data["length"].max(), data["length"].min()
    left.set(
        yscale="log", ylim=(low / 1.5, 1.5 * high), xlabel="step", ylabel="length of the weights"
    )
    right.set(yscale="log", xlabel="step", ylabel="angle of a step (degrees)",
              ylim=(np.degrees(data["angle"].min()) / 1.5, 1.5 * np.degrees(data["angle"].max())))  # fmt: skip
    for ax in (left, right):
        ax.set_xlim(-0.03 * last, 1.03 * last)
    left.set_yticks([0.1, 1, 10], labels=["0.1", "1", "10"])
    right.set_yticks([0.1, 1, 10, 90], labels=["0.1", "1", "10", "90"])
    for ax in (left, right):
        ax.minorticks_off()
    for rows, colour, dy in zip(curves, colours, (-10, 10), strict=True):
        start = rows.iloc[0]
        theme.label(
            left,
            last * 0.04,
            start["length"],
            f"start at {start['start']:g}",
            colour,
            dx=6,
            dy=dy * 0.2,
        )
    readout = theme.label(
        right, 1, 0.96, "", theme.ink, transform="axes fraction", ha="right", dx=0
    )
    artists = [*tails, *heads, readout]

    def update(i: int) -> None:
        frame = min(i, len(curves[0]) - 1)
        for k, rows in enumerate(curves):
            for column, which in (("length", 2 * k), ("angle", 2 * k + 1)):
                values = rows[column] if column == "length" else np.degrees(rows[column])
                tails[which].set_data(rows["step"][: frame + 1], values[: frame + 1])
                heads[which].set_data([rows["step"][frame]], [values[frame]])
        readout.set_text(f"step {rows['step'][frame]:,}")

    frames = len(curves[0]) + HOLD
    return Animation(figure, artists, frames, update, fps=20, poster=len(curves[0]) - 1)
