"""γ and β of every unit of a layer, wandering from (1, 0) at three learning rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from site_gen.theme import Animation, Theme

TITLE = "γ and β of every unit leave their start: slowly, steadily, or all at once"
TAGS = ("gamma and beta", "learning rate")

HOLD = 15  # frames on which the end stands still


def data(results: xr.Dataset) -> pd.DataFrame:
    """γ and β by rate, step and unit: the last hidden layer of the first run."""
    rates = sorted(
        float(name.split()[1]) for name in results["condition"].values if name.startswith("rate ")
    )
    film = results["film"].isel(unit=slice(-results.sizes["unit"] // results.sizes["layer"], None))
    tables = []
    for rate in (rates[0], rates[len(rates) // 2], rates[-1]):
        one = film.sel(condition=f"rate {rate:g}").transpose("parameter", "frame_step", "unit")
        for frame, step in enumerate(one["frame_step"].values):
            now = one.isel(frame_step=frame)
            tables.append(pd.DataFrame({"rate": rate, "frame": frame, "step": int(step), "unit": range(one.sizes["unit"]),
                                        "gamma": now.sel(parameter="gamma").values.astype(float),
                                        "beta": now.sel(parameter="beta").values.astype(float)}))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def alt(data: pd.DataFrame) -> str:
    ends = data[data["frame"] == data["frame"].max()].groupby("rate")["gamma"]
    told = ", ".join(
        f"{rows.min():.2f} to {rows.max():.2f} at rate {rate:g}" for rate, rows in ends
    )
    return (f"Animation: every unit of the last hidden layer is a dot in the plane of β and γ. All start at β = 0, γ = 1 and move for {data['step'].max()} steps. "
            f"At the end γ ranges from {told}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Each dot is one of {data['unit'].nunique()} units of the last hidden layer, with its way so far; the cross is the start at $\\gamma = 1$, $\\beta = 0$. The same "
            f"weights and batches at three learning rates, and a scale of its own for each. A single run: an illustration, not a measurement.")  # fmt: skip


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    from matplotlib.collections import LineCollection

    from site_gen.theme import Animation

    rates = data["rate"].unique()
    figure, axes = theme.figure(cols=len(rates), height=3.4)
    steps = data.drop_duplicates("frame")["step"].to_numpy()
    ways, trails, dots = [], [], []
    for ax, rate in zip(axes, rates, strict=True):
        rows = data[data["rate"] == rate].sort_values(["unit", "frame"])
        way = rows[["beta", "gamma"]].to_numpy().reshape(rows["unit"].nunique(), len(steps), 2)
        ways.append(way)
        trails.append(
            ax.add_collection(
                LineCollection([], colors=[theme.colour("batch norm")], linewidths=0.7, alpha=0.45)
            )
        )
        dots += ax.plot([], [], "o", color=theme.colour("batch norm"), markersize=3.5)
        ax.plot([0], [1], "+", color=theme.ink, markersize=9)
        (left, bottom), (right, top) = way.min(axis=(0, 1)), way.max(axis=(0, 1))
        ax.set(xlim=(left - 0.06 * (right - left), right + 0.06 * (right - left)), ylim=(bottom - 0.06 * (top - bottom), top + 0.14 * (top - bottom)),
               xlabel="β", title=f"learning rate {rate:g}")  # fmt: skip
    axes[0].set_ylabel("γ")
    readout = theme.label(axes[0], 0.03, 0.95, "", theme.ink, transform="axes fraction", dx=0)

    def update(i: int) -> None:
        frame = min(i, len(steps) - 1)
        for way, trail, dot in zip(ways, trails, dots, strict=True):
            trail.set_segments(list(way[:, : frame + 1]))
            dot.set_data(*way[:, frame].T)
        readout.set_text(f"step {steps[frame]:,}")

    return Animation(
        figure, [*trails, *dots, readout], len(steps) + HOLD, update, fps=10, poster=len(steps) - 1
    )
