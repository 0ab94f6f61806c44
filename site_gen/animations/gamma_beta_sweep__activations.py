"""Inputs, activations and gradients of a layer of sigmoids while its γ and β move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr

    from site_gen.theme import Animation, Theme

TITLE = "γ moves a layer of sigmoids from a straight line to a step, β to one side"
TAGS = ("γ and β", "saturation", "gradients")

# The way that γ and β go, and come back: (frames, γ, β) of every leg; γ moves on a logarithmic scale.
LEGS = ((6, 1.0, 0.0), (24, 10.0, 0.0), (6, 10.0, 0.0), (14, 1.0, 0.0), (18, 1.0, 4.0), (6, 1.0, 4.0), (10, 1.0, 0.0), (14, 0.1, 0.0),
        (6, 0.1, 0.0), (10, 1.0, 0.0))  # fmt: skip
LIMIT = 12.0  # of the input; what lies beyond is not drawn
FACTORS = (
    -4.0,
    0.5,
)  # powers of ten of the gradient's factor; what lies below is counted in the first bin
EDGES = {
    "input": np.linspace(-LIMIT, LIMIT, 49),
    "activation": np.linspace(0, 1, 31),
    "factor": np.linspace(*FACTORS, 46),
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row a frame: γ, β, the root mean square of the gradient's factor, the share saturated, and counts in bins.

    A column such as `input_3` counts the values in the fourth bin of `input`: y = γ x̂ + β; `activation`: σ(y); `factor`: the
    logarithm to base ten of γ σ′(y).
    """
    xhat = results["xhat"].values.astype(float)
    rows = []
    for gamma, beta in _way():
        y = gamma * xhat + beta
        activation = 1 / (1 + np.exp(-y))
        factor = gamma * activation * (1 - activation)
        row = {"gamma": gamma, "beta": beta, "gain": np.sqrt(np.square(factor).mean()),
               "saturated": ((activation < 0.05) | (activation > 0.95)).mean()}  # fmt: skip
        for name, values in (
            ("input", y),
            ("activation", activation),
            ("factor", np.log10(factor).clip(min=FACTORS[0])),
        ):
            counts, _ = np.histogram(values, EDGES[name])
            row |= {f"{name}_{k}": int(count) for k, count in enumerate(counts)}
        rows.append(row)
    return pd.DataFrame(rows)


def _way() -> list[tuple[float, float]]:
    """γ and β of every frame, with a smooth start and end of each leg."""
    way, (_, gamma, beta) = [], LEGS[0]
    for frames, next_gamma, next_beta in LEGS:
        for k in range(1, frames + 1):
            share = (1 - np.cos(np.pi * k / frames)) / 2
            way.append(
                (
                    float(gamma ** (1 - share) * next_gamma**share),
                    float((1 - share) * beta + share * next_beta),
                )
            )
        gamma, beta = next_gamma, next_beta
    return way


def _nearest(data: pd.DataFrame, gamma: float, beta: float) -> pd.Series:
    return data.loc[
        (np.square(np.log(data["gamma"] / gamma)) + np.square(data["beta"] - beta)).idxmin()
    ]


def alt(data: pd.DataFrame) -> str:
    usual, large, shifted, small = (
        _nearest(data, *at) for at in ((1, 0), (10, 0), (1, 4), (0.1, 0))
    )
    return (f"Animation: histograms of a sigmoid layer’s input, activation and gradient factor. At γ = 1, β = 0 activations lie around one half and the root mean square "
            f"factor is {usual['gain']:.2f}. As γ grows to 10, {100 * large['saturated']:.0f} % of activations gather near 0 and 1 and the factor grows to {large['gain']:.2f}. "
            f"At γ = 1, β = 4 {100 * shifted['saturated']:.0f} % gather near 1 and it falls to {shifted['gain']:.3f}; at γ = 0.1 all lie at one half and it is "
            f"{small['gain']:.3f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    usual, large = _nearest(data, 1, 0), _nearest(data, 10, 0)
    return (f"The last hidden layer of one network before training, on small digits, while its $\\gamma$ and $\\beta$ move; $\\hat x$ stays. Left: its input "
            f"$y = \\gamma \\hat x + \\beta$ below the sigmoid. Top right: activations. Bottom right: the factor $\\gamma\\,\\sigma'(y)$ by which each sample’s gradient is "
            f"multiplied, with its root mean square as a line ({usual['gain']:.2f} at $(1, 0)$, {large['gain']:.2f} at $(10, 0)$); the first bin holds all that is smaller. "
            f"The histograms on the right are drawn to the height of their fullest bin.")  # fmt: skip


def animate(data: pd.DataFrame, theme: Theme) -> Animation:
    from site_gen.theme import Animation

    figure, axes = theme.figure(rows=2, cols=2, height=4.2, width_ratios=(1.25, 1))
    grid = axes[0, 0].get_gridspec()
    for ax in axes[:, 0]:
        ax.remove()
    left, (top, bottom) = figure.add_subplot(grid[:, 0]), axes[:, 1]
    counts = {
        name: data[[f"{name}_{k}" for k in range(len(edges) - 1)]].to_numpy(dtype=float)
        for name, edges in EDGES.items()
    }
    fullest = {name: array.max(axis=1, keepdims=True) for name, array in counts.items()}
    fullest["input"] = np.maximum(
        fullest["input"], fullest["input"][0]
    )  # a wider distribution is lower
    shares = {name: array / fullest[name] for name, array in counts.items()}
    colours = {
        "input": theme.colour("batch norm"),
        "activation": theme.colour("batch norm"),
        "factor": theme.colour("gradient"),
    }
    bars = {}
    for ax, name in ((left, "input"), (top, "activation"), (bottom, "factor")):
        bars[name] = ax.stairs(
            shares[name][0], EDGES[name], fill=True, color=colours[name], alpha=0.55
        )
        ax.set(ylim=(0, 1.06), yticks=())
        ax.spines["left"].set_visible(False)
        ax.grid(False)
    curve = np.linspace(-LIMIT, LIMIT, 241)
    sigmoid = left.plot(curve, 1 / (1 + np.exp(-curve)), color=theme.colour("theory"))[0]
    rms = bottom.axvline(np.log10(data["gain"].iloc[0]), color=colours["factor"])
    # the word is longer or shorter in some frames, so it hangs at the side where there is room
    words = left.text(
        0.0,
        1.02,
        "",
        transform=left.transAxes,
        color=theme.ink,
        weight="semibold",
        ha="left",
        va="bottom",
    )
    ticks = range(int(np.ceil(FACTORS[0])), int(np.floor(FACTORS[1])) + 1)
    bottom.set_xticks(list(ticks), ["1" if k == 0 else f"0.{'0' * (-k - 1)}1" for k in ticks])
    left.set(xlabel="input of the sigmoid, y = γ x̂ + β", xlim=(-LIMIT, LIMIT))
    left.set_title(" ")
    top.set(title="activation", xlim=(0, 1))
    bottom.set(title="factor of the gradient, γ σ′(y)", xlim=FACTORS)

    def update(i: int) -> None:
        row = data.iloc[i]
        for name, patch in bars.items():
            patch.set_data(shares[name][i])
        rms.set_xdata([np.log10(row["gain"])] * 2)
        words.set_text(
            f"γ = {row['gamma']:.2f}    β = {row['beta']:.2f}    {100 * row['saturated']:.0f} % saturated"
        )

    return Animation(
        figure, [*bars.values(), sigmoid, rms, words], len(data), update, fps=20, poster=24
    )
