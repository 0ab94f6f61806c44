"""A batch on a number line: subtract, divide, scale, shift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from site_gen.theme import Animation, Theme

TITLE = "One batch norm on a number line: subtract, divide, scale, shift"
TAGS = ("transform", "γ and β")

STEPS = ("x", "− mean", "÷ std", "× γ", "+ β")
# How the film goes: frames, then step, share of the mean taken away, share of the division done, γ, β at their end.
SCRIPT = (
    (8, 0, 0, 0, 1, 0),
    (10, 1, 1, 0, 1, 0), (3, 1, 1, 0, 1, 0),
    (10, 2, 1, 1, 1, 0), (5, 2, 1, 1, 1, 0),
    (8, 3, 1, 1, 2, 0), (3, 3, 1, 1, 2, 0), (16, 3, 1, 1, -2, 0), (4, 3, 1, 1, -2, 0), (10, 3, 1, 1, 0.5, 0), (3, 3, 1, 1, 0.5, 0),
    (10, 4, 1, 1, 0.5, 4), (3, 4, 1, 1, 0.5, 4), (14, 4, 1, 1, 1.5, -3), (8, 4, 1, 1, 1.5, -3),
)  # fmt: skip


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every frame and sample: where the sample is, at which step, and the γ and β in force."""
    x, xhat = results["line_input"].values, results["line_normalized"].values
    shift, scale = x.mean(), (xhat.std() / x.std())
    tables, last = [], np.array(SCRIPT[0][2:], dtype=float)
    for frames, step, *goal in SCRIPT:
        start, end = last, np.array(goal, dtype=float)
        for k in range(1, frames + 1):
            ease = 0.5 - 0.5 * np.cos(np.pi * k / frames)
            subtracted, divided, gamma, beta = start + ease * (end - start)
            values = (x - subtracted * shift) * scale**divided * gamma + beta
            tables.append(pd.DataFrame({"frame": len(tables), "step": STEPS[step], "gamma": gamma, "beta": beta,
                                        "sample": np.arange(x.size), "value": values}))  # fmt: skip
        last = end
    return pd.concat(tables, ignore_index=True)


def _ends(data: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    first, last = (data.loc[data["frame"] == frame, "value"] for frame in (0, data["frame"].max()))
    return first, last


def _signed(number: float) -> str:
    return f"{round(number, 2) + 0.0:.2f}".replace("-", "−")


def alt(data: pd.DataFrame) -> str:
    first, last = _ends(data)
    return (f"Animation: {len(first)} points with mean {first.mean():.2f} and standard deviation {first.std(ddof=0):.2f} slide to mean 0, shrink "
            f"to standard deviation 1, are stretched, mirrored and squeezed as γ sweeps from 2 to −2 to 0.5, and shifted as β sweeps; they end "
            f"at mean {_signed(last.mean())}, standard deviation {last.std(ddof=0):.2f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    first, _ = _ends(data)
    return (f"A batch of {len(first)} numbers goes through one batch norm; shades follow the samples, the band is the mean and one standard "
            f"deviation to either side. Where it came from is gone after the second step; $\\gamma$ and $\\beta$ alone say where it goes. "
            f"At $\\gamma = 0$ all samples meet, below zero they change sides.")  # fmt: skip


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    from matplotlib.patches import Rectangle

    from site_gen.theme import Animation

    figure, axes = theme.figure(rows=2, cols=2, height=3.6, height_ratios=[5, 1])
    grid = axes[0, 0].get_gridspec()
    for ax in axes[0]:
        ax.remove()
    ax = figure.add_subplot(grid[0, :])
    frames = [rows for _, rows in data.groupby("frame")]
    samples = len(frames[0])

    ax.set(xlim=(-6, 8), ylim=(0, 1), yticks=[], xticks=range(-6, 9, 2))
    ax.spines["left"].set_visible(False)
    ax.grid(False)
    heights = 0.2 + 0.4 * (
        np.arange(samples) * 0.618034 % 1
    )  # spread evenly, in no order, so that points stay apart
    band = ax.add_patch(Rectangle((0, 0), 1, 0.78, color=theme.colour("batch norm"), alpha=0.16))
    (centre,) = ax.plot([0, 0], [0, 0.78], color=theme.colour("batch norm"))
    dots = ax.scatter(np.zeros(samples), heights, s=42, c=theme.sequence(samples), zorder=3)
    steps = [
        theme.label(
            ax,
            0.03 + 0.13 * k,
            0.92,
            name,
            theme.muted,
            transform="axes fraction",
            dx=0,
            weight="normal",
            size="large",
        )
        for k, name in enumerate(STEPS)
    ]
    readout = theme.label(
        ax, 1.0, 0.92, "", theme.ink, transform="axes fraction", ha="right", dx=0, size="large"
    )

    gauges = []
    for gauge, name, low, high in ((axes[1, 0], "γ", -2, 2), (axes[1, 1], "β", -4, 4)):
        gauge.set(
            xlim=(1.05 * low, 1.05 * high),
            ylim=(-1, 1),
            yticks=[],
            xticks=range(low, high + 1, (high - low) // 4),
        )
        gauge.grid(False)
        gauge.spines["left"].set_visible(False)
        gauge.spines["bottom"].set_visible(False)
        gauge.axhline(0, color=theme.muted, linewidth=1, zorder=1)
        theme.label(
            gauge,
            0,
            0.5,
            name,
            theme.ink,
            transform="axes fraction",
            ha="right",
            dx=-14,
            size="large",
        )
        gauges += gauge.plot([0], [0], "o", markersize=9, color=theme.accent, clip_on=False)

    def update(i: int) -> None:
        rows = frames[i]
        values, now = rows["value"].to_numpy(), STEPS.index(rows["step"].iloc[0])
        mean, std = values.mean(), values.std()
        dots.set_offsets(np.column_stack([values, heights]))
        band.set_x(mean - std)
        band.set_width(2 * std)
        centre.set_xdata([mean, mean])
        for k, step in enumerate(steps):
            step.set_color(theme.accent if k == now else theme.ink if k < now else theme.muted)
            step.set_weight("semibold" if k == now else "normal")
            step.set_alpha(1 if k <= now else 0.45)
        readout.set_text(f"mean {_signed(mean)}   std {std:.2f}")
        for dot, name in zip(gauges, ("gamma", "beta"), strict=True):
            dot.set_xdata([rows[name].iloc[0]])
            dot.set_alpha(1 if now >= (3 if name == "gamma" else 4) else 0.35)

    artists = [band, centre, dots, *steps, readout, *gauges]
    poster = next(
        i
        for i, rows in enumerate(frames)
        if rows["step"].iloc[0] == STEPS[3] and rows["gamma"].iloc[0] > 1.99
    )
    return Animation(figure, artists, len(frames), update, fps=20, poster=poster)
