"""Gradient descent on the bowl of the picture, and training on the surface of a real unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from experiments.results import rows
from experiments.studies.loss_surface import AXES
from experiments.theory.optimization import BOWL_MINIMUM, bowl_path
from site_gen.theme import Animation, Theme

TITLE = "The bowl of the picture, and the valley of a real unit"
TAGS = ("γ and β", "optimization", "training")
ID = "bowl-descent"
MISSING = dict.fromkeys(
    ("rate", "step", "loss"),
    "rows on the bowl, in training and of the surface have columns of their own",
)

# On the bowl: rates, and how far around the minimum their starts are turned, from (1, 0).
TURNS = {0.05: 0, 0.4: 4 / 13, 0.9: 9 / 13}
RATES = tuple(TURNS)
STEPS = 30
MOVING, HOLD = 60, 10  # frames
LEVELS = 8  # contours, evenly spaced in the square root of the loss above its lowest point


def data(results: xr.Dataset) -> pd.DataFrame:
    """γ and β on the bowl by rate and step, γ and β in training by step, and the unit's surface."""
    kinds = {"bowl": pd.concat([walk(*one) for one in TURNS.items()])}
    one = results.isel(shown=results.sizes["shown"] // 2, drop=True)

    def both(name: str) -> list[xr.DataArray]:
        return [one[name].sel(parameter=axis, drop=True).rename(axis) for axis in AXES]

    gamma, beta = both("surface_axis")
    kinds["training"] = rows(*both("surface_path"))
    kinds["minimum"] = rows(*both("surface_minimum"))
    kinds["surface"] = rows(
        one["surface_loss"].rename("loss"), gamma, beta.rename(tick="beta_tick")
    )
    table = pd.concat([part.assign(kind=kind) for kind, part in kinds.items()], ignore_index=True)
    unit = results["condition"].sel(activation="sigmoid", run=0, unit=int(one["shown_unit"]))
    return table[["kind", "rate", "step", *AXES, "loss"]].assign(condition=float(unit))


def walk(rate: float, turn: float) -> pd.DataFrame:
    """Gradient descent on the bowl by its closed form, with which the layers' own agrees."""
    away = (complex(1, 0) - complex(*BOWL_MINIMUM)) * np.exp(2j * np.pi * turn)
    path = bowl_path(np.add(BOWL_MINIMUM, (away.real, away.imag)), rate, STEPS)
    return pd.DataFrame(path, columns=AXES).assign(rate=rate, step=range(STEPS + 1))


def _kind(data: pd.DataFrame, kind: str) -> pd.DataFrame:
    return data[data["kind"] == kind].reset_index(drop=True)


def alt(data: pd.DataFrame) -> str:
    last, low = _kind(data, "training").iloc[-1], _kind(data, "minimum").iloc[0]
    return (
        "Animation. Left: round contours; gradient descent goes straight towards the minimum at "
        f"(1.5, 0.8), slowly at a rate of {RATES[0]:g}, in few steps at {RATES[1]:g}, to and fro at "
        f"{RATES[2]:g}. Right: a long valley with condition number {data['condition'].iloc[0]:.0f} and "
        f"its minimum at γ = {low['gamma']:.1f}, β = {low['beta']:.1f}; training wanders and ends at "
        f"γ = {last['gamma']:.1f}, β = {last['beta']:.1f}."
    ).replace("-", "−")


def caption(data: pd.DataFrame) -> str:
    return (
        f"Left: gradient descent at rates {RATES[0]:g}, {RATES[1]:g} and {RATES[2]:g}, from three "
        "points equally far away. Right: the loss over $\\gamma$ and $\\beta$ of one sigmoid unit of a "
        "trained network, all else as training left it, and the path that training took in "
        f"{data['step'].max():.0f} steps. Meanwhile the other parameters moved, so it did not go down "
        "this surface: at the start there was another."
    )


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    figure, (left, right) = theme.figure(cols=2, height=3.85)
    _draw_bowl(left, theme)
    _draw_surface(right, data, theme)
    box = {"fc": theme.paper, "ec": "none", "pad": 2}  # over the contours
    walks, training = [], _kind(data, "training")
    for (rate, walk), colour in zip(
        _kind(data, "bowl").groupby("rate"), theme.sequence(len(RATES)), strict=True
    ):
        x, y = walk["gamma"].iloc[0], walk["beta"].iloc[0]
        dx, dy = -18 if x > 2 else 0, -12 if y < BOWL_MINIMUM[1] else 12  # to stay in the axes
        theme.label(left, x, y, f"α = {rate:g}", colour, dx=dx, dy=dy, ha="center", bbox=box)
        walks.append((left, walk, colour))
    walks.append((right, training, theme.colour("gradient")))
    tails, heads = [], []
    for ax, walk, colour in walks:
        start = walk["gamma"][:1], walk["beta"][:1]
        tails += ax.plot(*start, color=colour, linewidth=1.8)
        heads += ax.plot(*start, "o", color=colour, markersize=7)
    corner = {"transform": "axes fraction", "ha": "right", "dx": 0, "bbox": box}
    readouts = {ax: theme.label(ax, 0.97, 0.95, "", theme.ink, **corner) for ax in (left, right)}

    def update(i: int) -> None:
        share = min(i / (MOVING - 1), 1.0)
        for (ax, walk, _), tail, head in zip(walks, tails, heads, strict=True):
            now = round(share * (len(walk) - 1))
            tail.set_data(walk["gamma"][: now + 1], walk["beta"][: now + 1])
            head.set_data(walk["gamma"][now : now + 1], walk["beta"][now : now + 1])
            readouts[ax].set_text(f"step {int(walk['step'].iloc[now]):,}")

    artists, last = [*tails, *heads, *readouts.values()], MOVING + HOLD - 1
    return Animation(figure, artists, MOVING + HOLD, update, fps=10, poster=last)


def _draw_bowl(ax: Axes, theme: Theme) -> None:
    """Round contours, and a cross at the minimum."""
    gamma, beta = np.meshgrid(np.linspace(0.4, 2.6, 60), np.linspace(-0.3, 1.9, 60))
    away = np.hypot(gamma - BOWL_MINIMUM[0], beta - BOWL_MINIMUM[1])
    style = {"colors": [theme.colour("neutral")], "linewidths": 0.8}
    ax.contour(gamma, beta, away, levels=np.arange(0.2, 1.7, 0.2), **style)
    ax.plot(*BOWL_MINIMUM, "x", color=theme.ink, markersize=8, markeredgewidth=1.8)
    ax.set(title="the bowl of the picture", xlabel="γ", ylabel="β", aspect="equal")
    ax.grid(False)


def _draw_surface(ax: Axes, data: pd.DataFrame, theme: Theme) -> None:
    """Contours of the unit's loss, and a cross at the minimum."""
    table = _kind(data, "surface").pivot(index="beta", columns="gamma", values="loss")
    root = np.sqrt(table.to_numpy() - table.to_numpy().min())
    levels = root.max() * np.arange(1, LEVELS) / LEVELS
    style = {"colors": [theme.colour("neutral")], "linewidths": 0.8}
    ax.contour(table.columns, table.index, root, levels=levels, **style)
    low = _kind(data, "minimum").iloc[0]
    ax.plot(low["gamma"], low["beta"], "x", color=theme.ink, markersize=8, markeredgewidth=1.8)
    ax.set(title="a unit of a trained network", xlabel="γ", aspect="equal")
    ax.grid(False)
