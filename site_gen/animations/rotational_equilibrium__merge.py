"""Two starts, a hundred times apart in length, come to the same length and the same angle."""

import numpy as np

from experiments.results import rows
from site_gen.theme import Animation

TITLE = "Weight decay brings all lengths together, and with them the angle of a step"
TAGS = ("effective learning rate", "weight decay")
CLAIMS = ("start-is-forgotten",)

MOVING, HOLD = 100, 15  # frames


def data(results):
    """A row for every start and frame: length, angle (degrees), means over runs, closed forms."""
    last = results.sizes["start_step"] - 1
    # Denser at the beginning, where the short weights jump.
    steps = np.unique(np.round(last * (np.arange(MOVING) / (MOVING - 1)) ** 2.5).astype(int))
    at = results.isel(start_step=steps)
    read = {
        "length": at["start_length"].mean("run"),
        "angle": np.degrees(at["start_turn"].mean("run")),
        "length_theory": at["start_length_theory"],
        "angle_theory": np.degrees(at["start_turn_theory"]),
        "rate": at["start_rate"],
        "decay": at["start_decay"],
    }
    found = rows(*(array.rename(name) for name, array in read.items()))
    return found.rename(columns={"start_step": "step"}).assign(runs=results.sizes["run"])


def alt(data):
    starts = data["start"].unique()
    end = data[data["step"] == data["step"].max()]
    return (
        f"Animation: the length of weights that start at {starts[0]:g} jumps up in the first step, "
        f"that of weights that start at {starts[-1]:g} decays; after {data['step'].max()} steps "
        f"both are {end['length'].mean():.2f}, and both turn by the same angle a step, "
        f"{data['angle_theory'].iloc[0]:.1f} degrees."
    )


def caption(data):
    rate, decay = data["rate"].iloc[0], data["decay"].iloc[0]
    return (
        f"SGD with $\\eta = {rate:g}$ and $\\lambda = {decay:g}$, means over "
        f"{data['runs'].iloc[0]} runs. Thin lines: the recurrence with the mean squared gradient "
        "of the second half, and $\\sqrt{2\\eta\\lambda}$. Long weights hardly turn until decay "
        f"has shortened them, which takes about $1/(\\eta\\lambda) = {1 / (rate * decay):.0f}$ "
        "steps for each factor of $e$; short weights are thrown far out by their first gradient."
    )


def animate(data, theme):
    figure, axes = theme.figure(cols=2, height=3.6)
    last, angle = data["step"].max(), data["angle_theory"].iloc[0]
    tracks, tails, heads = [], [], []
    colours = dict(zip(data["start"].unique(), ("input", "batch norm"), strict=True))
    for (start, track), dy in zip(data.groupby("start"), (-2, 2), strict=True):
        colour, steps = theme.colour(colours[start]), track["step"].to_numpy()
        theme.theory(axes[0], steps, track["length_theory"])
        for ax, column in zip(axes, ("length", "angle"), strict=True):
            tracks.append((steps, track[column].to_numpy()))
            at = steps[:1], track[column][:1]
            tails += ax.plot(*at, color=colour, linewidth=2.4)
            heads += ax.plot(*at, "o", color=colour, markersize=9, clip_on=False)
        first = 0.04 * last, track["length"].iloc[0]
        theme.label(axes[0], *first, f"start at {start:g}", colour, dx=6, dy=dy)
    theme.level(axes[1], y=angle, color=theme.colour("theory"), zorder=1.9)
    below = {"dx": 0, "dy": -10, "ha": "right", "weight": "normal"}
    theme.label(axes[1], last, angle, "√(2ηλ)", "theory", **below)
    words = {"length": "length of the weights", "angle": "angle of a step (degrees)"}
    for ax, column, ticks in zip(axes, words, ((0.1, 1, 10), (0.1, 1, 10, 90)), strict=True):
        limits = data[column].min() / 1.5, 1.5 * data[column].max()
        ax.set(yscale="log", ylim=limits, ylabel=words[column])
        ax.set(xlabel="step", xlim=(-0.03 * last, 1.03 * last))
        theme.ticks(ax, y=ticks)
    corner = {"transform": "axes fraction", "ha": "right", "dx": 0}
    readout = theme.label(axes[1], 1, 0.96, "", theme.ink, **corner)
    frames = len(tracks[0][0])

    def update(i):
        frame = min(i, frames - 1)
        for (steps, values), tail, head in zip(tracks, tails, heads, strict=True):
            tail.set_data(steps[: frame + 1], values[: frame + 1])
            head.set_data([steps[frame]], [values[frame]])
        readout.set_text(f"step {tracks[0][0][frame]:,}")

    artists = [*tails, *heads, readout]
    return Animation(figure, artists, frames + HOLD, update, fps=20, poster=frames - 1)
