"""A gradient comes down through a deep network with batch norm, for larger and larger batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from site_gen.theme import Animation, Theme

TITLE = "Larger batches slow the explosion, and with ReLU they do not stop it"
TAGS = ("depth", "gradients", "batch size")

TITLES = {"relu": "ReLU", "linear": "no activation"}
TITLED = list(TITLES)
FRAMES = 100  # shared by the batch sizes
HOLD = 20  # frames on which the end stands still
REST = 0.3  # share of a batch size's frames on which its finished curve stands still


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every activation, batch size and layer: the squared gradient, geometric mean, and the prediction."""
    mean = results["log_square"].mean("run").transpose("activation", "batch", "layer")
    table = np.exp(mean).to_dataframe(name="square").reset_index()
    last = table["layer"].max()
    growth = results["predicted"].to_series()
    table["theory"] = growth.loc[
        list(zip(table["activation"], table["batch"], strict=True))
    ].values ** (last - table["layer"])
    order = [TITLED.index(a) for a in table["activation"]]
    table = table.assign(order=order).sort_values(["order", "batch", "layer"]).drop(columns="order")
    return table.assign(runs=results.sizes["run"]).reset_index(drop=True)


def _second(data: pd.DataFrame, activation: str, batch: int) -> float:
    rows = data[
        (data["activation"] == activation) & (data["batch"] == batch) & (data["layer"] == 2)
    ]
    return float(rows["square"].iloc[0])


def _power(number: float) -> str:
    return (
        f"10{str(round(np.log10(number))).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
    )


def alt(data: pd.DataFrame) -> str:
    small, large = data["batch"].min(), data["batch"].max()
    return (f"Animation: curves of the squared gradient are drawn from layer {data['layer'].max()} down to layer 1, for batches from {small} to "
            f"{large}. With ReLU it grows to about {_power(_second(data, 'relu', small))} times its size at a batch of {small} and "
            f"{_power(_second(data, 'relu', large))} at {large}; without an activation to {_power(_second(data, 'linear', small))} "
            f"and {_second(data, 'linear', large):.1f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"$\\lVert\\partial L/\\partial z\\rVert^2$ in multiples of the last layer's as it is carried down through {data['layer'].max()} layers "
            f"with batch norm, in random networks that were not trained. Thick: geometric mean of {data['runs'].iloc[0]} networks; "
            f"thin: the prediction for wide layers. The first layer differs because its input is not yet an activation.")  # fmt: skip


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    from site_gen.theme import Animation

    figure, axes = theme.figure(cols=2, height=3.6, sharey=True)
    batches, last = sorted(data["batch"].unique()), int(data["layer"].max())
    tables = {
        key: rows.sort_values("layer", ascending=False)
        for key, rows in data.groupby(["activation", "batch"])
    }
    lines, heads, theories, labels = [], [], [], []
    for ax, activation in zip(axes, TITLED, strict=True):
        for batch, colour in zip(batches, theme.sequence(len(batches)), strict=True):
            rows = tables[activation, batch]
            theories += ax.plot(
                rows["layer"], rows["theory"], color=theme.colour("theory"), linewidth=1
            )
            lines += ax.plot([], [], color=colour, linewidth=2.4)
            heads += ax.plot([], [], "o", color=colour)
        ax.set(yscale="log", xlim=(0, last + 1), xlabel="layer", title=TITLES[activation],
               ylim=(0.2, 5 * data["square"].max()))  # fmt: skip
        labels.append(
            theme.label(
                ax,
                0.97,
                0.93,
                "",
                theme.ink,
                transform="axes fraction",
                ha="right",
                dx=0,
                size="large",
            )
        )
    axes[0].set(ylabel="‖∂L/∂z‖² / that of the last layer")
    order = [(activation, k) for activation in TITLED for k in range(len(batches))]
    each = FRAMES / len(batches)

    def update(i: int) -> None:
        now = min(int(i / each), len(batches) - 1)
        done = min(1.0, (i + 1 - now * each) / (each * (1 - REST)))
        for line, head, law, (activation, k) in zip(lines, heads, theories, order, strict=True):
            rows = tables[activation, batches[k]]
            shown = last if k < now else max(1, round(done * last)) if k == now else 0
            line.set_data(rows["layer"][:shown], rows["square"][:shown])
            line.set_alpha(1 if k == now else 0.45)
            head.set_data(rows["layer"][shown - 1 : shown], rows["square"][shown - 1 : shown])
            head.set_visible(k == now)
            law.set_visible(k == now)
        for label in labels:
            label.set_text(f"batch of {batches[now]}")

    return Animation(
        figure,
        [*lines, *theories, *heads, *labels],
        FRAMES + HOLD,
        update,
        fps=20,
        poster=FRAMES + HOLD - 1,
    )
