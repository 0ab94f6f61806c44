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
    at = results.isel(start_step=steps).rename(start_step="step")
    found = rows(
        length=at["start_length"].mean("run"),
        angle=np.degrees(at["start_turn"].mean("run")),
        length_theory=at["start_length_theory"],
        angle_theory=np.degrees(at["start_turn_theory"]),
        rate=at["start_rate"],
        decay=at["start_decay"],
    )
    return found.assign(runs=results.sizes["run"])


def alt(data):
    starts = data["start"].unique()
    end = data[data["step"] == data["step"].max()]
    return f"""Animation: the length of weights that start at {starts[0]:g} jumps up in the first
    step, that of weights that start at {starts[-1]:g} decays; after {data["step"].max()} steps both
    are {end["length"].mean():.2f}, and both turn by the same angle a step,
    {data["angle_theory"].iloc[0]:.1f} degrees."""


def caption(data):
    rate, decay = data["rate"].iloc[0], data["decay"].iloc[0]
    return f"""SGD with $\\eta = {rate:g}$ and $\\lambda = {decay:g}$, means over
    {data["runs"].iloc[0]} runs. Thin lines: the recurrence with the mean squared gradient of the
    second half, and $\\sqrt{{2\\eta\\lambda}}$. Long weights hardly turn until decay has shortened
    them, which takes about $1/(\\eta\\lambda) = {1 / (rate * decay):.0f}$ steps for each factor of
    $e$; short weights are thrown far out by their first gradient."""


def animate(data, theme):
    figure, (left, right) = theme.figure(cols=2)
    steps, angle = data["step"].unique(), data["angle_theory"].iloc[0]
    last, tracks, tails, heads = steps[-1], [], [], []
    looks = zip(("input", "batch norm"), (-2, 2), strict=True)
    for (start, track), (name, dy) in zip(data.groupby("start"), looks, strict=True):
        theme.theory(left, steps, track["length_theory"])
        for ax, column in ((left, "length"), (right, "angle")):
            values, style = track[column].to_numpy(), {"color": theme.colour(name)}
            tracks.append(values)
            tails += ax.plot(steps[:1], values[:1], linewidth=2.4, **style)
            heads += ax.plot(steps[:1], values[:1], "o", markersize=9, clip_on=False, **style)
        first = 0.04 * last, track["length"].iloc[0]
        theme.label(left, *first, f"start at {start:g}", name, dx=6, dy=dy)
    theme.level(right, y=angle, color=theme.colour("theory"), zorder=1.9)
    below = {"dx": 0, "dy": -10, "ha": "right", "weight": "normal"}
    theme.label(right, last, angle, "√(2ηλ)", "theory", **below)
    for ax, column, words, ticks in (
        (left, "length", "length of the weights", (0.1, 1, 10)),
        (right, "angle", "angle of a step (degrees)", (0.1, 1, 10, 90)),
    ):
        ax.set(xlabel="step", xlim=(-0.03 * last, 1.03 * last), yscale="log", ylabel=words)
        ax.set_ylim(data[column].min() / 1.5, 1.5 * data[column].max())
        theme.ticks(ax, y=ticks)
    corner = {"transform": "axes fraction", "ha": "right", "dx": 0}
    readout = theme.label(right, 1, 0.96, "", theme.ink, **corner)

    def update(i):
        frame = min(i, len(steps) - 1)
        for values, tail, head in zip(tracks, tails, heads, strict=True):
            tail.set_data(steps[: frame + 1], values[: frame + 1])
            head.set_data([steps[frame]], [values[frame]])
        readout.set_text(f"step {steps[frame]:,}")

    artists, poster = [*tails, *heads, readout], len(steps) - 1
    return Animation(figure, artists, len(steps) + HOLD, update, poster=poster)
