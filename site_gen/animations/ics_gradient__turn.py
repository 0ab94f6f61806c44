"""The gradient of a layer before and after the layers before it step, as arrows, in training."""

import numpy as np
import pandas as pd

from experiments.results import only, rows
from experiments.studies.ics_gradient import LABELS, MAIN, readings
from site_gen.theme import Animation
from site_gen.theme.film import until

TITLE = "The gradient that a layer follows, and what it is once the layers before it have moved"
TAGS = ("internal covariate shift", "gradients", "training speed")

DRAWING, HOLD = 64, 12  # frames on which training goes on, and on which the end stands still


def data(results):
    """Cosine of the middle layer, and training loss, of the first run at the main rate."""
    found, first = [], results.sel(run=0)
    for norm in LABELS:
        cosine, loss = (readings(first, kind, MAIN, norm) for kind in ("cosine", "loss"))
        found.append(rows(cosine.isel(layer=(cosine.sizes["layer"] - 1) // 2), loss))
    return pd.concat(found, ignore_index=True)


def alt(data):
    first = only(data, step=0).set_index("norm")["cosine"]
    return f"""Animation over {data["step"].max()} steps. Two arrows for each network: a layer’s
    gradient, and the same after the layers before it have stepped. With batch norm they part at
    once (cosine {first["batch norm"]:.2f} before the first step) while the loss falls; without it
    they lie on each other ({first["none"]:.2f}) as long as the loss stands still, and part when it
    falls."""


def caption(data):
    return f"""One pair of runs, layer {data["layer"].iloc[0]}, at the main rate. Grey: the
    direction of the layer’s gradient. In colour: its direction on the same batch once the layers
    before it have taken their step; the angle is the true one, the plane is that of the two
    gradients. Below, the training loss. A single pair: an illustration."""


def animate(data, theme):
    figure, axes = theme.figure(rows=2, cols=2, height=4.6, sharey="row", height_ratios=(1.5, 1))
    shown, last = data[data["step"] > 0], data["step"].max()
    tables, arrows, texts, lines = [], [], [], []
    for (above, below), (norm, label) in zip(axes.T, LABELS.items(), strict=True):
        colour, with_tip = theme.colour(norm), {"linewidth": 2.2, "markevery": [1]}
        tables.append(only(shown, norm=norm))
        above.plot([0, 1], [0, 0], ">-", color=theme.muted, **with_tip)
        arrows += above.plot([0, 1], [0, 0], "o-", color=colour, **with_tip)
        texts.append(theme.label(above, -0.95, 0.9, "", colour, dx=0))
        above.set(xlim=(-1.1, 1.2), ylim=(-0.12, 1.1), aspect="equal", title=label)
        above.axis("off")
        lines += below.plot([], [], color=colour)
        below.set(xlabel="training steps", xscale="log", xlim=(0.9, 1.1 * last))
    axes[1, 0].set(ylabel="training loss", ylim=(0, 1.05 * data["loss"].max()))

    def update(i):
        step = last ** (min(i + 1, DRAWING) / DRAWING)
        for table, arrow, text, line in zip(tables, arrows, texts, lines, strict=True):
            angle = np.arccos(np.clip(until(table, "cosine", step)[1][-1], -1, 1))
            arrow.set_data([0, np.cos(angle)], [0, np.sin(angle)])
            text.set_text(f"{np.degrees(angle):.0f}°")
            line.set_data(*until(table, "loss", step))

    moving = [*arrows, *texts, *lines]
    return Animation(figure, moving, DRAWING + HOLD, update, poster=DRAWING // 2)
