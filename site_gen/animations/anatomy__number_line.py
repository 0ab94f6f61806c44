"""A batch on a number line: subtract, divide, scale, shift."""

import numpy as np
import pandas as pd
from matplotlib.patches import Rectangle

from experiments.results import only
from site_gen.theme import Animation

TITLE = "One batch norm on a number line: subtract, divide, scale, shift"
TAGS = ("transform", "γ and β")

STEPS = ("x", "− mean", "÷ std", "× γ", "+ β")
# How the film goes: frames that move, frames that stand still, step, and where it ends: share of
# the mean taken away, share of the division done, γ, β.
SCRIPT = (
    (1, 7, 0, 0, 0, 1, 0),
    (10, 3, 1, 1, 0, 1, 0),
    (10, 5, 2, 1, 1, 1, 0),
    (8, 3, 3, 1, 1, 2, 0),
    (16, 4, 3, 1, 1, -2, 0),
    (10, 3, 3, 1, 1, 0.5, 0),
    (10, 3, 4, 1, 1, 0.5, 4),
    (14, 8, 4, 1, 1, 1.5, -3),
)


def data(results):
    """A row for every frame and sample: where the sample is, at which step, and γ and β."""
    x, xhat = results["line_input"].values, results["line_normalized"].values
    mean, scale, samples = x.mean(), xhat.std() / x.std(), np.arange(x.size)
    tables, start = [], np.array(SCRIPT[0][3:], dtype=float)
    for moving, still, step, *goal in SCRIPT:
        for k in range(1, moving + still + 1):
            ease = 0.5 - 0.5 * np.cos(np.pi * min(k, moving) / moving)
            subtracted, divided, gamma, beta = start + ease * (goal - start)
            values = (x - subtracted * mean) * scale**divided * gamma + beta
            frame = {"frame": len(tables), "step": STEPS[step], "gamma": gamma, "beta": beta}
            tables.append(pd.DataFrame({**frame, "sample": samples, "value": values}))
        start = np.array(goal, dtype=float)
    return pd.concat(tables, ignore_index=True)


def _signed(number):
    return f"{round(number, 2) + 0.0:.2f}".replace("-", "−")


def alt(data):
    first, last = (only(data, frame=k)["value"] for k in (0, data["frame"].max()))
    return f"""Animation: {len(first)} points with mean {first.mean():.2f} and standard deviation
    {first.std(ddof=0):.2f} slide to mean 0, shrink to standard deviation 1, are stretched, mirrored
    and squeezed as γ sweeps from 2 to −2 to 0.5, and shifted as β sweeps; they end at mean
    {_signed(last.mean())}, standard deviation {last.std(ddof=0):.2f}."""


def caption(data):
    return f"""A batch of {data["sample"].nunique()} numbers goes through one batch norm; shades
    follow the samples, the band is the mean and one standard deviation to either side. Where it
    came from is gone after the second step; $\\gamma$ and $\\beta$ alone say where it goes. At
    $\\gamma = 0$ all samples meet, below zero they change sides."""


def animate(data, theme):
    figure, axes = theme.figure(rows=2, cols=2, height_ratios=[5, 1])
    grid = axes[0, 0].get_gridspec()
    for ax in axes[0]:  # one axes in place of the two in the upper row
        ax.remove()
    ax = figure.add_subplot(grid[0, :])
    ax.set(xlim=(-6, 8), ylim=(0, 1), yticks=[], xticks=range(-6, 9, 2))
    ax.spines["left"].set_visible(False)
    ax.grid(False)
    frames = [rows for _, rows in data.groupby("frame")]
    samples, blue = len(frames[0]), theme.colour("batch norm")
    # Spread evenly, in no order, so that points stay apart.
    heights = 0.2 + 0.4 * (np.arange(samples) * 0.618034 % 1)
    band = ax.add_patch(Rectangle((0, 0), 1, 0.78, color=blue, alpha=0.16))
    (centre,) = ax.plot([0, 0], [0, 0.78], color=blue)
    dots = ax.scatter(np.zeros(samples), heights, s=42, c=theme.sequence(samples), zorder=3)
    top = {"y": 0.92, "transform": "axes fraction", "dx": 0, "size": "large"}
    steps = [
        theme.label(ax, 0.03 + 0.13 * k, text=name, colour=theme.muted, **top)
        for k, name in enumerate(STEPS)
    ]
    readout = theme.label(ax, 1.0, text="", colour=theme.ink, ha="right", **top)
    left, right = axes[1]
    gauges = {"gamma": (_gauge(left, "γ", 2, theme), 3), "beta": (_gauge(right, "β", 4, theme), 4)}

    def update(i):
        values, now = frames[i]["value"].to_numpy(), STEPS.index(frames[i]["step"].iloc[0])
        mean, std = values.mean(), values.std()
        dots.set_offsets(np.column_stack([values, heights]))
        band.set(x=mean - std, width=2 * std)
        centre.set_xdata([mean, mean])
        for k, step in enumerate(steps):
            step.set_color(theme.accent if k == now else theme.ink if k < now else theme.muted)
            step.set(weight="semibold" if k == now else "normal", alpha=1 if k <= now else 0.45)
        readout.set_text(f"mean {_signed(mean)}   std {std:.2f}")
        for name, (dot, first) in gauges.items():
            dot.set(xdata=[frames[i][name].iloc[0]], alpha=1 if now >= first else 0.35)

    artists = [band, centre, dots, *steps, readout, *(dot for dot, _ in gauges.values())]
    full = [rows["step"].iloc[0] == STEPS[3] and rows["gamma"].iloc[0] > 1.99 for rows in frames]
    return Animation(figure, artists, len(frames), update, fps=20, poster=full.index(True))


def _gauge(ax, name, reach, theme):
    """A line from −reach to reach with a dot that shows a value."""
    ax.set(xlim=(-1.05 * reach, 1.05 * reach), ylim=(-1, 1), yticks=[])
    ax.set(xticks=range(-reach, reach + 1, reach // 2))
    ax.grid(False)
    ax.spines[["left", "bottom"]].set_visible(False)
    theme.level(ax, y=0)
    corner = {"transform": "axes fraction", "ha": "right", "dx": -14, "size": "large"}
    theme.label(ax, 0, 0.5, name, theme.ink, **corner)
    (dot,) = ax.plot([0], [0], "o", markersize=9, color=theme.accent, clip_on=False)
    return dot
