"""The gradient of a layer before and after the layers before it step, as two arrows, while both networks train."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from site_gen.theme import Animation, Theme

TITLE = "The gradient that a layer follows, and what it is once the layers before it have moved"
TAGS = ("internal covariate shift", "gradients", "training speed")

LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}
CASE, RUN = "sigmoids, main rate", 0
DRAWING, HOLD = 64, 12  # frames on which training goes on, and on which the end stands still


def data(results: xr.Dataset) -> pd.DataFrame:
    """Cosine of the middle one of the layers, and the training loss, of the first run at the main rate, by network and step."""
    at = results.sel(case=CASE, run=RUN)
    at = at.sel(
        step=at["loss"].notnull().all("norm"), layer=at["cosine"].notnull().any(["norm", "step"])
    )
    layer = int(at["layer"].values[(at.sizes["layer"] - 1) // 2])
    return pd.DataFrame([{"network": norm, "layer": layer, "step": int(step), "cosine": float(at["cosine"].sel(norm=norm, layer=layer, step=step)),
                          "loss": float(at["loss"].sel(norm=norm, step=step))} for norm in LABELS for step in at["step"].values])  # fmt: skip


def alt(data: pd.DataFrame) -> str:
    first = data[data["step"] == 0].set_index("network")["cosine"]
    return (f"Animation over {data['step'].max()} steps. Two arrows for each network: a layer’s gradient, and the same after the layers before it have stepped. With batch norm "
            f"they part at once (cosine {first['batch norm']:.2f} before the first step) while the loss falls; without it they lie on each other ({first['none']:.2f}) "
            f"as long as the loss stands still, and part when it falls.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"One pair of runs, layer {data['layer'].iloc[0]}, at the main rate. Grey: the direction of the layer’s gradient. In colour: its direction on the same batch once the layers before it "
            f"have taken their step; the angle is the true one, the plane is that of the two gradients. Below, the training loss. A single pair: an illustration.")  # fmt: skip


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    from site_gen.theme import Animation

    figure, axes = theme.figure(rows=2, cols=2, height=4.6, sharey="row", height_ratios=(1.5, 1))
    tables = {
        network: data[data["network"] == network].reset_index(drop=True) for network in LABELS
    }
    arrows, arcs, texts, lines = [], [], [], []
    for (above, below), (network, label) in zip(axes.T, LABELS.items(), strict=True):
        colour = theme.colour(network)
        above.plot([0, 1], [0, 0], color=theme.muted, linewidth=2.2)
        above.plot([1], [0], ">", color=theme.muted)
        arrows.append(above.plot([], [], color=colour, linewidth=2.2)[0])
        arcs.append(above.plot([], [], "o", color=colour)[0])
        texts.append(theme.label(above, -0.95, 0.9, "", colour, dx=0))
        above.set(xlim=(-1.1, 1.2), ylim=(-0.12, 1.1), aspect="equal", title=label)
        above.axis("off")
        lines.append(below.plot([], [], color=colour)[0])
        below.set(xlabel="training steps", xscale="log", xlim=(0.9, 1.1 * data["step"].max()))
    axes[1, 0].set(ylabel="training loss", ylim=(0, 1.05 * data["loss"].max()))

    def update(i: int) -> None:
        step = data["step"].max() ** (min(i + 1, DRAWING) / DRAWING)
        for k, table in enumerate(tables.values()):
            steps = table["step"].to_numpy()[1:]
            now = np.interp(np.log(step), np.log(steps), table["cosine"].to_numpy()[1:])
            angle = np.arccos(np.clip(now, -1, 1))
            arrows[k].set_data([0, np.cos(angle)], [0, np.sin(angle)])
            arcs[k].set_data([np.cos(angle)], [np.sin(angle)])
            texts[k].set_text(f"{np.degrees(angle):.0f}°")
            loss = table["loss"].to_numpy()[1:]
            seen = steps < step
            lines[k].set_data(
                np.append(steps[seen], step),
                np.append(loss[seen], np.interp(np.log(step), np.log(steps), loss)),
            )

    return Animation(
        figure,
        [*arrows, *arcs, *texts, *lines],
        DRAWING + HOLD,
        update,
        fps=20,
        poster=DRAWING // 2,
    )
