"""The histogram of normalized values as the batch grows from two samples to many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from site_gen.theme import Animation, Theme

TITLE = "From two values to a Gaussian: normalized values as the batch grows"
TAGS = ("transform", "batch size")
CLAIMS = ("two-values-are-enough",)

CEILING = 1.25  # top of the axis; the spikes of the smallest batches go beyond
HOLD = {2: 12, 3: 10, 4: 10, 5: 6, 6: 4, 7: 3, 8: 3}  # frames on which the first sizes stand still
END = 12  # and the last


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every batch size and bin of the histogram: measured density, and the closed form averaged over the bin."""
    table = results[["film_histogram", "film_theory"]].to_dataframe().reset_index()
    table = table.rename(
        columns={
            "film_batch": "batch",
            "bin": "value",
            "film_histogram": "density",
            "film_theory": "theory",
        }
    )
    return table.sort_values(["batch", "value"], ignore_index=True)[["batch", "value", "density", "theory"]]  # fmt: skip


def _range(data: pd.DataFrame) -> tuple[int, int]:
    return int(data["batch"].min()), int(data["batch"].max())


def alt(data: pd.DataFrame) -> str:
    first, last = _range(data)
    return (f"Animation: in batches of {first} the histogram of normalized values is two spikes at −1 and 1; at 3 a bowl between two walls, "
            f"at 4 a flat box from −{np.sqrt(3):.2f} to {np.sqrt(3):.2f}, then a dome that becomes a bell curve by {last}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    first, last = _range(data)
    known = data[data["batch"] > 2]
    off = (known["density"] - known["theory"]).abs().groupby(known["batch"]).mean().max()
    return (f"Normalized values of Gaussian batches of $m = {first}$ to ${last}$ samples. Area: histogram of random batches; line: the closed form, "
            f"on average at most {off:.3f} away from $m = 3$ on; dotted: the bounds $\\pm\\sqrt{{m-1}}$, which nothing can cross. The spikes at "
            f"$m = 2$ and the walls at $m = 3$ are cut off at the top.")  # fmt: skip


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    from site_gen.theme import Animation

    figure, ax = theme.figure(height=3.6)
    tables = {int(m): rows for m, rows in data.groupby("batch")}
    sizes = sorted(tables)
    order = [m for m in sizes for _ in range(HOLD.get(m, 1))] + [sizes[-1]] * END
    values = tables[sizes[0]]["value"].to_numpy()
    width = values[1] - values[0]
    edges = np.append(values - width / 2, values[-1] + width / 2)
    ax.set(
        xlim=(-4, 4),
        ylim=(0, CEILING),
        xlabel="normalized value x̂",
        ylabel="density",
        xticks=range(-4, 5),
    )
    area = ax.stairs(
        np.zeros_like(values), edges, fill=True, color=theme.colour("batch norm"), alpha=0.35
    )
    (line,) = ax.plot(values, np.zeros_like(values), color=theme.colour("theory"), linewidth=1.4)
    walls = [ax.axvline(0, color=theme.muted, linewidth=1.2, linestyle=":") for _ in range(2)]
    title = theme.label(
        ax, 0.015, 0.93, "", theme.ink, transform="axes fraction", dx=0, size="large"
    )
    note = theme.label(
        ax, 0.015, 0.84, "", theme.muted, transform="axes fraction", dx=0, weight="normal"
    )
    notes = {
        2: "two spikes: x̂ is a sign",
        3: "walls at the bounds",
        4: "every value alike",
        5: "a dome: half an ellipse",
    }

    def update(i: int) -> None:
        m = order[i]
        rows = tables[m]
        area.set_data(np.minimum(rows["density"].to_numpy(), CEILING))
        line.set_ydata(np.minimum(rows["theory"].to_numpy(), 2 * CEILING))
        bound = np.sqrt(m - 1)
        for wall, x in zip(walls, (-bound, bound), strict=True):
            wall.set_xdata([x, x])
            wall.set_visible(bound < 4)
        title.set_text(f"m = {m}")
        note.set_text(notes.get(m, f"bounds ±{bound:.1f}"))

    poster = order.index(8 if 8 in tables else sizes[-1])
    return Animation(
        figure, [area, line, *walls, title, note], len(order), update, fps=20, poster=poster
    )
