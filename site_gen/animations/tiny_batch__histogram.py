"""The histogram of normalized values as the batch grows from two samples to many."""

import numpy as np

from experiments.results import rows
from site_gen.theme import Animation

TITLE = "From two values to a Gaussian: normalized values as the batch grows"
TAGS = ("transform", "batch size")
CLAIMS = ("two-values-are-enough",)

CEILING = 1.25  # top of the axis; the spikes of the smallest batches go beyond
HOLD = {2: 12, 3: 10, 4: 10, 5: 6, 6: 4, 7: 3, 8: 3}  # frames on which the first sizes stand still
END = 12  # and the last
NOTES = {2: "two spikes: x̂ is a sign", 3: "walls at the bounds"}
NOTES |= {4: "every value alike", 5: "a dome: half an ellipse"}


def data(results):
    """A row for every batch size and bin: density, measured and of the closed form over the bin."""
    table = rows(results["film_histogram"], results["film_theory"])
    return table.set_axis(["batch", "value", "density", "theory"], axis=1)


def alt(data):
    first, last = data["batch"].min(), data["batch"].max()
    return f"""Animation: in batches of {first} the histogram of normalized values is two spikes at
    −1 and 1; at 3 a bowl between two walls, at 4 a flat box from −{np.sqrt(3):.2f} to
    {np.sqrt(3):.2f}, then a dome that becomes a bell curve by {last}."""


def caption(data):
    first, last = data["batch"].min(), data["batch"].max()
    known = data[data["batch"] > 2]
    off = (known["density"] - known["theory"]).abs().groupby(known["batch"]).mean().max()
    return f"""Normalized values of Gaussian batches of $m = {first}$ to ${last}$ samples. Area:
    histogram of random batches; line: the closed form, on average at most {off:.3f} away from $m =
    3$ on; dotted: the bounds $\\pm\\sqrt{{m-1}}$, which nothing can cross. The spikes at $m = 2$
    and the walls at $m = 3$ are cut off at the top."""


def animate(data, theme):
    figure, ax = theme.figure()
    tables = {int(m): rows for m, rows in data.groupby("batch")}
    sizes, values = sorted(tables), data["value"].unique()
    order = [m for m in sizes for _ in range(HOLD.get(m, 1))] + [sizes[-1]] * END
    nothing, edges = np.zeros_like(values), np.linspace(-4, 4, len(values) + 1)
    ax.set(xlim=(-4, 4), xticks=range(-4, 5), xlabel="normalized value x̂")
    ax.set(ylim=(0, CEILING), ylabel="density")
    area = ax.stairs(nothing, edges, fill=True, color=theme.colour("batch norm"), alpha=0.35)
    line = theme.theory(ax, values, nothing, linewidth=1.4)
    walls = [ax.axvline(0, color=theme.muted, linewidth=1.2, linestyle=":") for _ in range(2)]
    corner = {"transform": "axes fraction", "dx": 0}
    title = theme.label(ax, 0.015, 0.93, "", theme.ink, size="large", **corner)
    note = theme.label(ax, 0.015, 0.84, "", theme.muted, weight="normal", **corner)

    def update(i):
        m = order[i]
        area.set_data(np.minimum(tables[m]["density"].to_numpy(), CEILING))
        line.set_ydata(np.minimum(tables[m]["theory"].to_numpy(), 2 * CEILING))
        bound = np.sqrt(m - 1)
        for wall, x in zip(walls, (-bound, bound), strict=True):
            wall.set(xdata=[x, x], visible=bound < 4)
        title.set_text(f"m = {m}")
        note.set_text(NOTES.get(m, f"bounds ±{bound:.1f}"))

    artists = [area, line, *walls, title, note]
    return Animation(figure, artists, len(order), update, poster=order.index(min(8, sizes[-1])))
