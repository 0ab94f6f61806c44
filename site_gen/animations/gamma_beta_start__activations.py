"""Inputs, activations and gradients of a layer of sigmoids while its γ and β move."""

import numpy as np
import pandas as pd

from experiments.measures import sigmoid
from site_gen.theme import Animation
from site_gen.theme.numbers import percent

TITLE = "γ moves a layer of sigmoids from a straight line to a step, β to one side"
TAGS = ("γ and β", "saturation", "gradients")
ID = "gamma-beta-sweep-activations"

# Where γ and β go, and come back: (frames, γ, β) of every leg; γ moves on a logarithmic scale.
THERE = ((6, 1.0, 0.0), (24, 10.0, 0.0), (6, 10.0, 0.0), (14, 1.0, 0.0), (18, 1.0, 4.0))
BACK = ((6, 1.0, 4.0), (10, 1.0, 0.0), (14, 0.1, 0.0), (6, 0.1, 0.0), (10, 1.0, 0.0))
LIMIT = 12.0  # of the input; what lies beyond is not drawn
LEAST, MOST = -4.0, 0.5  # powers of ten of the gradient's factor; the first bin counts all below
EDGES = {
    "input": np.linspace(-LIMIT, LIMIT, 49),
    "activation": np.linspace(0, 1, 31),
    "factor": np.linspace(LEAST, MOST, 46),
}
COLOURS = {"input": "batch norm", "activation": "batch norm", "factor": "gradient"}


def data(results):
    """A row a frame: γ, β, root mean square of the gradient's factor, share saturated, and counts.

    A column such as `input_3` counts the values in the fourth bin of `input`: y = γ x̂ + β;
    `activation`: σ(y); `factor`: the logarithm to base ten of γ σ′(y).
    """
    xhat, found = results["xhat"].values.astype(float), []
    for gamma, beta in path():
        y = gamma * xhat + beta
        factor = gamma * sigmoid.slope(y)
        row = {"gamma": gamma, "beta": beta, "gain": np.sqrt(np.square(factor).mean())}
        row["saturated"] = (np.abs(y) > sigmoid.THRESHOLD).mean()
        values = (y, 1 / (1 + np.exp(-y)), np.log10(factor).clip(min=LEAST))
        for of, (name, edges) in zip(values, EDGES.items(), strict=True):
            row |= {f"{name}_{k}": int(n) for k, n in enumerate(np.histogram(of, edges)[0])}
        found.append(row)
    return pd.DataFrame(found)


def path():
    """γ and β of every frame, with a smooth start and end of each leg."""
    found, gamma, beta = [], 1.0, 0.0
    for frames, next_gamma, next_beta in THERE + BACK:
        share = (1 - np.cos(np.pi * np.arange(1, frames + 1) / frames)) / 2
        gammas, betas = gamma ** (1 - share) * next_gamma**share, (1 - share) * beta
        found += zip(gammas.tolist(), (betas + share * next_beta).tolist(), strict=True)
        gamma, beta = next_gamma, next_beta
    return found


def _nearest(data, gamma, beta):
    away = np.square(np.log(data["gamma"] / gamma)) + np.square(data["beta"] - beta)
    return data.loc[away.idxmin()]


def alt(data):
    starts = ((1, 0), (10, 0), (1, 4), (0.1, 0))
    usual, large, shifted, small = (_nearest(data, *start) for start in starts)
    return f"""Animation: histograms of a sigmoid layer’s input, activation and gradient factor. At
    γ = 1, β = 0 activations lie around one half and the root mean square factor is
    {usual["gain"]:.2f}. As γ grows to 10, {percent(large["saturated"])} of activations gather near
    0 and 1 and the factor grows to {large["gain"]:.2f}. At γ = 1, β = 4
    {percent(shifted["saturated"])} gather near 1 and it falls to {shifted["gain"]:.3f}; at γ = 0.1
    all lie at one half and it is {small["gain"]:.3f}."""


def caption(data):
    usual, large = _nearest(data, 1, 0), _nearest(data, 10, 0)
    return f"""The last hidden layer of one network before training, on small digits, while its
    $\\gamma$ and $\\beta$ move; $\\hat x$ stays. Left: its input $y = \\gamma \\hat x + \\beta$
    below the sigmoid. Top right: activations. Bottom right: the factor $\\gamma\\,\\sigma'(y)$ by
    which each sample’s gradient is multiplied, with its root mean square as a line
    ({usual["gain"]:.2f} at $(1, 0)$, {large["gain"]:.2f} at $(10, 0)$); the first bin holds all
    that is smaller. The histograms on the right are drawn to the height of their fullest bin."""


def animate(data, theme):
    figure, axes = theme.figure(rows=2, cols=2, height=4.2, width_ratios=(1.25, 1))
    grid = axes[0, 0].get_gridspec()
    for ax in axes[:, 0]:
        ax.remove()
    left, (top, bottom) = figure.add_subplot(grid[:, 0]), axes[:, 1]
    shares, bars = heights(data), {}
    for ax, (name, edges) in zip((left, top, bottom), EDGES.items(), strict=True):
        colour = theme.colour(COLOURS[name])
        bars[name] = ax.stairs(shares[name][0], edges, fill=True, color=colour, alpha=0.55)
        ax.set(ylim=(0, 1.06), yticks=())
        ax.spines["left"].set_visible(False)
        ax.grid(False)
    inputs = np.linspace(-LIMIT, LIMIT, 241)
    (curve,) = left.plot(inputs, 1 / (1 + np.exp(-inputs)), color=theme.colour("theory"))
    mean = bottom.axvline(np.log10(data["gain"].iloc[0]), color=theme.colour(COLOURS["factor"]))
    # the word is longer or shorter in some frames, so it hangs at the side where there is room
    words = left.text(0.0, 1.02, "", transform=left.transAxes, weight="semibold", va="bottom")
    ticks = range(int(np.ceil(LEAST)), int(np.floor(MOST)) + 1)
    theme.ticks(bottom, x=ticks, form=lambda power: f"{10.0**power:g}")
    left.set(xlabel="input of the sigmoid, y = γ x̂ + β", xlim=(-LIMIT, LIMIT), title=" ")
    top.set(title="activation", xlim=(0, 1))
    bottom.set(title="factor of the gradient, γ σ′(y)", xlim=(LEAST, MOST))

    def update(i):
        row = data.iloc[i]
        for name, patch in bars.items():
            patch.set_data(shares[name][i])
        mean.set_xdata([np.log10(row["gain"])] * 2)
        at = f"γ = {row['gamma']:.2f}    β = {row['beta']:.2f}"
        words.set_text(f"{at}    {percent(row['saturated'])} saturated")

    artists = [*bars.values(), curve, mean, words]
    return Animation(figure, artists, len(data), update, fps=20, poster=24)


def heights(data):
    """Counts of every frame in parts of its fullest bin; of a wider input, of that at the start."""
    found = {}
    for name in EDGES:
        counts = data.filter(like=f"{name}_").to_numpy(dtype=float)
        fullest = counts.max(axis=1, keepdims=True)
        found[name] = counts / (np.maximum(fullest, fullest[0]) if name == "input" else fullest)
    return found
