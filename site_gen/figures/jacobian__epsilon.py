"""What ε lets through of the gradient that would stretch the batch."""

import numpy as np

from experiments.results import rows

TITLE = "Below √ε the gradient that stretches a batch gets through"
TAGS = ("transform", "gradients", "epsilon")
CLAIMS = ("position-and-scale-get-no-gradient",)

# ε → its name, and on which side of its curve that stands.
NAMES = {
    1e-5: ("PyTorch, Flax: ε = 1e-5", {"ha": "right", "dx": -12}),
    1e-3: ("Keras: ε = 1e-3", {"ha": "left", "dx": 12}),
}


def data(results):
    """By ε and the input's standard deviation: median and extremes over runs; the closed form."""
    results = results.rename(sigma="input_std")
    share, theory = results["stretch_share"], results["stretch_share_theory"]
    ends = {"lowest": share.min("run"), "highest": share.max("run")}
    found = rows(share=share.median("run"), **ends, theory=theory)
    return found.assign(runs=results.sizes["run"])


def _at(data, eps, sigma):
    of = data[np.isclose(data["eps"], eps)]
    return of.loc[(np.log(of["input_std"]) - np.log(sigma)).abs().idxmin(), "share"]


def alt(data):
    return (
        "Two curves fall from 1 to 0 as the input’s standard deviation grows, one around √ε = "
        f"0.003, one around 0.03; at an input of 0.01 they stand at {_at(data, 1e-5, 0.01):.3f} (ε "
        f"= 1e-5) and {_at(data, 1e-3, 0.01):.3f} (ε = 1e-3)."
    )


def caption(data):
    error = np.abs(data[["lowest", "highest"]].sub(data["theory"], axis=0)).max().max()
    return (
        "Factor by which the backward pass multiplies a gradient along $\\hat x$, over the factor "
        f"for the $m - 2$ directions that it keeps. Points: {data['runs'].iloc[0]} random batches "
        f"each, which agree; lines: $\\varepsilon/(\\sigma^2+\\varepsilon)$, at most {error:.0e} "
        "away. At $\\sigma = \\sqrt{\\varepsilon}$ one half gets through."
    )


def draw(data, theme):
    figure, ax = theme.figure(height=3.4)
    for (eps, of), colour in zip(data.groupby("eps"), theme.sequence(2), strict=True):
        decades = np.log10(of["input_std"].max() / of["input_std"].min())
        every = max(1, round((len(of) - 1) / decades) // 5)
        theme.theory(ax, of["input_std"], of["theory"], zorder=1.9)
        shown = of[["input_std", "share"]]
        theme.points(ax, shown, "input_std", "share", colour, markevery=every)
        root, (name, place) = np.sqrt(eps), NAMES[eps]
        ax.plot([root, root], [0, 0.5], color=colour, linewidth=1, linestyle=":")
        theme.label(ax, root, 0.25, f"√ε = {root:.2g}", colour, ha="right", dx=-5, weight="normal")
        theme.label(ax, root, 0.5, name, colour, **place)
    ax.set(xscale="log", xlim=(0.9e-4, 11), xlabel="standard deviation σ of the input")
    ax.set(ylim=(0, 1.06), ylabel="share that gets through")
    return figure
