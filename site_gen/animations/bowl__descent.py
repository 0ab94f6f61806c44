"""Gradient descent on the bowl of the picture, and training on the surface of a real unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from site_gen.theme import Animation, Theme

TITLE = "The bowl of the picture, and the valley of a real unit"
TAGS = ("γ and β", "optimization", "training")
MISSING = dict.fromkeys(
    ("rate", "step", "loss"),
    "rows on the bowl, in training and of the surface have columns of their own",
)

RATES = (0.05, 0.4, 0.9)  # on the bowl
MINIMUM = (1.5, 0.8)
MOVING, HOLD = 60, 10  # frames
LEVELS = 8  # contours, evenly spaced in the square root of the loss above its lowest point


def data(results: xr.Dataset) -> pd.DataFrame:
    """Rows of three kinds: γ and β on the bowl by rate and step, γ and β in training by step, and the unit's surface."""
    tables = []
    for rate in RATES:
        path = (
            results["bowl_path"]
            .sel(bowl_rate=rate, method="nearest")
            .isel(run=0)
            .transpose("bowl_step", "parameter")
            .values
        )
        tables.append(
            pd.DataFrame(
                {
                    "kind": "bowl",
                    "rate": rate,
                    "step": results["bowl_step"].values,
                    "gamma": path[:, 0],
                    "beta": path[:, 1],
                }
            )
        )
    middle = results.sizes["shown"] // 2
    unit = int(results["shown_unit"][middle])
    one = results.sel(activation="sigmoid", run=0, unit=unit)
    path, lowest = (
        one["path"].transpose("step", "parameter").values,
        results["surface_minimum"].isel(shown=middle).values,
    )
    tables.append(
        pd.DataFrame(
            {
                "kind": "training",
                "step": results["step"].values,
                "gamma": path[:, 0],
                "beta": path[:, 1],
            }
        )
    )
    tables.append(pd.DataFrame({"kind": "minimum", "gamma": lowest[:1], "beta": lowest[1:]}))
    gamma, beta = np.meshgrid(
        *(
            results["surface_axis"].isel(shown=middle).sel(parameter=name).values
            for name in ("gamma", "beta")
        )
    )
    loss = results["surface_loss"].isel(shown=middle).values
    tables.append(
        pd.DataFrame(
            {"kind": "surface", "gamma": gamma.ravel(), "beta": beta.ravel(), "loss": loss.ravel()}
        )
    )
    return pd.concat(tables, ignore_index=True).assign(condition=float(one["condition"]))


def _kind(data: pd.DataFrame, kind: str) -> pd.DataFrame:
    return data[data["kind"] == kind].reset_index(drop=True)


def alt(data: pd.DataFrame) -> str:
    last, low = _kind(data, "training").iloc[-1], _kind(data, "minimum").iloc[0]
    return (f"Animation. Left: round contours; gradient descent goes straight towards the minimum at (1.5, 0.8), slowly at a rate of {RATES[0]:g}, in few steps at "
        f"{RATES[1]:g}, to and fro at {RATES[2]:g}. Right: a long valley with condition number {data['condition'].iloc[0]:.0f} and its minimum at γ = {low['gamma']:.1f}, "
            f"β = {low['beta']:.1f}; training wanders and ends at γ = {last['gamma']:.1f}, β = {last['beta']:.1f}.").replace("-", "−")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Left: gradient descent at rates {RATES[0]:g}, {RATES[1]:g} and {RATES[2]:g}, from three points equally far away. Right: the loss over $\\gamma$ and $\\beta$ of one sigmoid unit of a trained network, all else as "
            f"training left it, and the path that training took in {data['step'].max():.0f} steps. Meanwhile the other parameters moved, so it did not go down this surface: at "
            f"the start there was another.")  # fmt: skip


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    from site_gen.theme import Animation

    figure, (left, right) = theme.figure(cols=2, height=3.85)
    contour = theme.colour("neutral")
    gamma, beta = np.meshgrid(np.linspace(0.4, 2.6, 60), np.linspace(-0.3, 1.9, 60))
    left.contour(
        gamma,
        beta,
        np.hypot(gamma - MINIMUM[0], beta - MINIMUM[1]),
        levels=np.arange(0.2, 1.7, 0.2),
        colors=[contour],
        linewidths=0.8,
    )
    surface = _kind(data, "surface").pivot(index="beta", columns="gamma", values="loss")
    root = np.sqrt(surface.to_numpy() - surface.to_numpy().min())
    right.contour(
        surface.columns,
        surface.index,
        root,
        levels=root.max() * np.arange(1, LEVELS) / LEVELS,
        colors=[contour],
        linewidths=0.8,
    )
    low = _kind(data, "minimum").iloc[0]
    left.plot(*MINIMUM, "x", color=theme.ink, markersize=8, markeredgewidth=1.8)
    right.plot(low["gamma"], low["beta"], "x", color=theme.ink, markersize=8, markeredgewidth=1.8)
    left.set(title="the bowl of the picture", xlabel="γ", ylabel="β", aspect="equal")
    right.set(
        title="a unit of a trained network",
        xlabel="γ",
        aspect="equal",
    )
    for ax in (left, right):
        ax.grid(False)

    bowl = _kind(data, "bowl")
    box = {"fc": theme.paper, "ec": "none", "pad": 2}  # over the contours
    walks = [
        (left, rows[["gamma", "beta"]].to_numpy(), colour)
        for (_, rows), colour in zip(bowl.groupby("rate"), theme.sequence(len(RATES)), strict=True)
    ]
    for (rate, _), (_, points, colour) in zip(bowl.groupby("rate"), walks, strict=True):
        (x, y), below = points[0], points[0, 1] < MINIMUM[1]
        dx = -18 if x > 2 else 0  # or it would leave the axes
        theme.label(
            left,
            x,
            y,
            f"α = {rate:g}",
            colour,
            dx=dx,
            dy=-12 if below else 12,
            ha="center",
            bbox=box,
        )
    training = _kind(data, "training")
    walks.append((right, training[["gamma", "beta"]].to_numpy(), theme.colour("gradient")))
    tails, heads = [], []
    for ax, points, colour in walks:
        tails += ax.plot(points[:1, 0], points[:1, 1], color=colour, linewidth=1.8)
        heads += ax.plot(points[:1, 0], points[:1, 1], "o", color=colour, markersize=7)
    readouts = [
        theme.label(
            ax, 0.97, 0.95, "", theme.ink, transform="axes fraction", ha="right", dx=0, bbox=box
        )
        for ax in (left, right)
    ]

    def update(i: int) -> None:
        share = min(i / (MOVING - 1), 1.0)
        for (ax, points, _), tail, head in zip(walks, tails, heads, strict=True):
            now = round(share * (len(points) - 1))
            tail.set_data(points[: now + 1, 0], points[: now + 1, 1])
            head.set_data(points[now : now + 1, 0], points[now : now + 1, 1])
            readouts[0 if ax is left else 1].set_text(
                f"step {now if ax is left else int(training['step'][now]):,}"
            )

    return Animation(
        figure, [*tails, *heads, *readouts], MOVING + HOLD, update, fps=10, poster=MOVING + HOLD - 1
    )
