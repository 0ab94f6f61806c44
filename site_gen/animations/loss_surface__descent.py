"""Gradient descent on the bowl of the picture, and training on the surface of a real unit."""

import numpy as np
import pandas as pd

from experiments.results import only, rows
from experiments.studies.loss_surface import AXES
from experiments.theory.optimization import BOWL_MINIMUM, bowl_path
from site_gen.theme import Animation

TITLE = "The bowl of the picture, and the valley of a real unit"
TAGS = ("γ and β", "optimization", "training")
ID = "bowl-descent"
WHY = "bowl, path and surface have columns of their own"
MISSING = dict.fromkeys(("rate", "step", "loss"), WHY)
# On the bowl: rates, and how far around the minimum their starts are turned, from (1, 0).
TURNS, STEPS = {0.05: 0, 0.4: 4 / 13, 0.9: 9 / 13}, 30
RATES = "{:g}, {:g} and {:g}".format(*TURNS)
MOVING, HOLD = 60, 10  # frames
LEVELS = 8  # contours, evenly spaced in the square root of the loss above its lowest point


def data(results):
    """γ and β on the bowl by rate and step, γ and β in training by step, and the unit's surface."""
    kinds = {"bowl": pd.concat([walk(*one) for one in TURNS.items()])}
    one = results.isel(shown=results.sizes["shown"] // 2, drop=True)

    def both(name):
        return [one[name].sel(parameter=axis, drop=True).rename(axis) for axis in AXES]

    gamma, beta = both("surface_axis")
    kinds["surface"] = rows(
        one["surface_loss"].rename("loss"), gamma, beta.rename(tick="beta_tick")
    )
    kinds |= {kind: rows(*both(f"surface_{kind}")) for kind in ("path", "minimum")}
    table = pd.concat([part.assign(kind=kind) for kind, part in kinds.items()], ignore_index=True)
    unit = results["condition"].sel(activation="sigmoid", run=0, unit=int(one["shown_unit"]))
    return table[["kind", "rate", "step", *AXES, "loss"]].assign(condition=float(unit))


def walk(rate, turn):
    """Gradient descent on the bowl by its closed form, with which the layers' own agrees."""
    away = (complex(1, 0) - complex(*BOWL_MINIMUM)) * np.exp(2j * np.pi * turn)
    path = bowl_path(np.add(BOWL_MINIMUM, (away.real, away.imag)), rate, STEPS)
    return pd.DataFrame(path, columns=AXES).assign(rate=rate, step=range(STEPS + 1))


def alt(data):
    last, low = only(data, kind="path").iloc[-1], only(data, kind="minimum").iloc[0]
    slow, fast, wide = TURNS
    return (
        "Animation. Left: round contours; gradient descent goes straight towards the minimum at "
        f"(1.5, 0.8), slowly at a rate of {slow:g}, in few steps at {fast:g}, to and fro at "
        f"{wide:g}. Right: a long valley with condition number {data['condition'].iloc[0]:.0f} and "
        f"its minimum at γ = {low['gamma']:.1f}, β = {low['beta']:.1f}; training wanders and ends "
        f"at γ = {last['gamma']:.1f}, β = {last['beta']:.1f}."
    ).replace("-", "−")


def caption(data):
    return f"""Left: gradient descent at rates {RATES}, from three points equally far away. Right:
    the loss over $\\gamma$ and $\\beta$ of one sigmoid unit of a trained network, all else as
    training left it, and the path that training took in {data["step"].max():.0f} steps. Meanwhile
    the other parameters moved, so it did not go down this surface: at the start there was
    another."""


def animate(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.85)
    gamma, beta = np.meshgrid(np.linspace(0.4, 2.6, 60), np.linspace(-0.3, 1.9, 60))
    away = np.hypot(gamma - BOWL_MINIMUM[0], beta - BOWL_MINIMUM[1])
    _draw(left, gamma, beta, away, np.arange(0.2, 1.7, 0.2), BOWL_MINIMUM, theme)
    left.set(title="the bowl of the picture", ylabel="β")
    table = only(data, kind="surface").pivot(index="beta", columns="gamma", values="loss")
    root, low = np.sqrt(table - table.min(axis=None)), only(data, kind="minimum")[AXES].iloc[0]
    levels = root.max(axis=None) * np.arange(1, LEVELS) / LEVELS
    _draw(right, table.columns, table.index, root, levels, low, theme)
    right.set_title("a unit of a trained network")
    box = {"fc": theme.paper, "ec": "none", "pad": 2}  # over the contours
    walks, bowl = [], only(data, kind="bowl").groupby("rate")
    for (rate, walk), colour in zip(bowl, theme.sequence(len(TURNS)), strict=True):
        x, y = walk[AXES].iloc[0]
        dx, dy = -18 if x > 2 else 0, -12 if y < BOWL_MINIMUM[1] else 12  # to stay in the axes
        theme.label(left, x, y, f"α = {rate:g}", colour, dx=dx, dy=dy, ha="center", bbox=box)
        walks.append((left, walk, colour))
    walks.append((right, only(data, kind="path"), theme.colour("gradient")))
    tails, heads = [], []
    for ax, walk, colour in walks:
        start = walk["gamma"][:1], walk["beta"][:1]
        tails += ax.plot(*start, color=colour, linewidth=1.8)
        heads += ax.plot(*start, "o", color=colour, markersize=7)
    corner = {"transform": "axes fraction", "ha": "right", "dx": 0, "bbox": box}
    readouts = {ax: theme.label(ax, 0.97, 0.95, "", theme.ink, **corner) for ax in (left, right)}

    def update(i):
        share = min(i / (MOVING - 1), 1.0)
        for (ax, walk, _), tail, head in zip(walks, tails, heads, strict=True):
            now = round(share * (len(walk) - 1))
            tail.set_data(*walk[AXES][: now + 1].to_numpy().T)
            head.set_data(*walk[AXES][now : now + 1].to_numpy().T)
            readouts[ax].set_text(f"step {int(walk['step'].iloc[now]):,}")

    artists, frames = [*tails, *heads, *readouts.values()], MOVING + HOLD
    return Animation(figure, artists, frames, update, fps=10, poster=frames - 1)


def _draw(ax, gamma, beta, height, levels, low, theme):
    """Contours, and a cross at the minimum."""
    ax.contour(gamma, beta, height, levels, colors=theme.colour("neutral"), linewidths=0.8)
    ax.plot(*low, "x", color=theme.ink, markersize=8, markeredgewidth=1.8)
    ax.set(xlabel="γ", aspect="equal")
    ax.grid(False)
