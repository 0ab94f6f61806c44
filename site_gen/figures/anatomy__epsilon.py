"""Standard deviation of a normalized batch against that of its input."""

import numpy as np

from experiments.results import nearest, only, rows

TITLE = "Below √ε, γ no longer sets the standard deviation"
TAGS = ("transform", "epsilon")
CLAIMS = ("gamma-sets-the-std", "what-epsilon-costs-is-known")

NAMES = {1e-5: "PyTorch, Flax: ε = 1e-5", 1e-3: "Keras: ε = 1e-3"}


def data(results):
    """A row for every ε and input standard deviation: median, extremes of the runs, closed form."""
    found = results.rename(sigma="input_std")
    std, theory = found["normalized_std"], found["normalized_std_theory"]
    ends = {"output_std_min": std.min("run"), "output_std_max": std.max("run")}
    return rows(output_std=std.median("run"), **ends, theory=theory).assign(runs=std.sizes["run"])


def alt(data):
    small, large = (nearest(only(data, eps=e), input_std=0.01)["output_std"] for e in (1e-5, 1e-3))
    return f"""Two curves rise from 0 to 1 as the input's standard deviation grows, one around √ε =
    0.003, one around 0.03; at an input of 0.01 they stand at {small:.3f} (ε = 1e-5) and {large:.3f}
    (ε = 1e-3)."""


def caption(data):
    error = (data["output_std"] - data["theory"]).abs().max()
    return f"""Standard deviation of the normalized batch ($\\gamma = 1$). Points:
    {data["runs"].iloc[0]} random batches each, which agree to round-off; lines:
    $\\sigma/\\sqrt{{\\sigma^2+\\varepsilon}}$, at most {error:.0e} away. Where the input's standard
    deviation is $\\sqrt{{\\varepsilon}}$, the output's is $1/\\sqrt{{2}}$."""


def draw(data, theme):
    figure, ax = theme.figure()
    sigmas, half = data["input_std"].unique(), np.sqrt(0.5)
    every = max(1, round((len(sigmas) - 1) / np.log10(sigmas[-1] / sigmas[0])) // 5)
    curves, colours = list(data.groupby("eps")), theme.sequence(2)
    places = ({"ha": "right", "dx": -11.2, "dy": 14}, {"ha": "left", "dx": 11.2, "dy": -14})
    for (eps, curve), colour, place in zip(curves, colours, places, strict=True):
        theme.theory(ax, curve["input_std"], curve["theory"], zorder=1.9)
        theme.points(ax, curve, "input_std", "output_std", colour, markevery=every)
        root = np.sqrt(eps)
        ax.plot([root, root], [0, half], color=colour, linewidth=1, linestyle=":")
        theme.label(ax, root, 0.03, f"√ε = {root:.2g}", colour, weight="normal")
        theme.label(ax, root, half, NAMES.get(eps, f"ε = {eps:g}"), colour, **place)
    theme.label(ax, 0.6, 1.0, "σ/√(σ² + ε)", "theory", dx=0, dy=-13, weight="normal")
    ax.set(xscale="log", xlim=(0.9e-4, 11), ylim=(0, 1.08))
    ax.set(xlabel="standard deviation σ of the input", ylabel="standard deviation of x̂")
    return figure
