"""What ε lets through of the gradient that would stretch the batch."""

import numpy as np

from experiments.results import nearest, only, rows

TITLE = "Below √ε the gradient that stretches a batch gets through"
TAGS = ("transform", "gradients", "epsilon")
CLAIMS = ("position-and-scale-get-no-gradient",)

NAMES = {1e-5: "PyTorch, Flax: ε = 1e-5", 1e-3: "Keras: ε = 1e-3"}


def data(results):
    """By ε and the input's standard deviation: median and extremes over runs; the closed form."""
    results = results.rename(sigma="input_std")
    share, theory = results["stretch_share"], results["stretch_share_theory"]
    ends = {"lowest": share.min("run"), "highest": share.max("run")}
    found = rows(share=share.median("run"), **ends, theory=theory)
    return found.assign(runs=results.sizes["run"])


def alt(data):
    small, large = (nearest(only(data, eps=eps), input_std=0.01)["share"] for eps in NAMES)
    return f"""Two curves fall from 1 to 0 as the input’s standard deviation grows, one around √ε =
    0.003, one around 0.03; at an input of 0.01 they stand at {small:.3f} (ε = 1e-5) and {large:.3f}
    (ε = 1e-3)."""


def caption(data):
    error = np.abs(data[["lowest", "highest"]].sub(data["theory"], axis=0)).max().max()
    return f"""Factor by which the backward pass multiplies a gradient along $\\hat x$, over the
    factor for the $m - 2$ directions that it keeps. Points: {data["runs"].iloc[0]} random batches
    each, which agree; lines: $\\varepsilon/(\\sigma^2+\\varepsilon)$, at most {error:.0e} away. At
    $\\sigma = \\sqrt{{\\varepsilon}}$ one half gets through."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.4)
    curves, colours = list(data.groupby("eps")), theme.sequence(2)
    places = ({"ha": "right", "dx": -12}, {"dx": 12})
    for (eps, of), colour, place in zip(curves, colours, places, strict=True):
        decades = np.log10(of["input_std"].max() / of["input_std"].min())
        every = max(1, round((len(of) - 1) / decades) // 5)
        theme.theory(ax, of["input_std"], of["theory"], zorder=1.9)
        theme.points(ax, of, "input_std", "share", colour, markevery=every)
        root = np.sqrt(eps)
        ax.plot([root, root], [0, 0.5], color=colour, linewidth=1, linestyle=":")
        theme.label(ax, root, 0.25, f"√ε = {root:.2g}", colour, ha="right", dx=-5, weight="normal")
        theme.label(ax, root, 0.5, NAMES[eps], colour, **place)
    ax.set(xscale="log", xlim=(0.9e-4, 11), xlabel="standard deviation σ of the input")
    ax.set(ylim=(0, 1.06), ylabel="share that gets through")
    return figure
