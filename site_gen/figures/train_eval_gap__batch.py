"""Standard deviation in eval mode for one batch that never changes, by batch size and depth."""

import pandas as pd

from experiments.results import rows

TITLE = "With Bessel’s correction the two modes differ even on the one batch they have seen"
TAGS = ("train and eval", "batch size", "conventions")
CLAIMS = ("converged-means-equal",)
MISSING = {"std": "rows of the closed form lie between those that are measured"}

DEPTHS = [1, 5, 20]


def data(results):
    """Eval mode's standard deviation over training mode's; then a finer closed form alone."""
    at = results.sel(layer=DEPTHS)
    std, theory, curve = (
        at["fixed_std"].median("run"),
        at["fixed_std_theory"],
        at["fixed_std_curve"],
    )
    measured = rows(std.rename("std"), theory.rename("theory"))
    line = rows(curve.rename("theory", curve_batch="batch")).assign(convention="unbiased")
    line = line[line["batch"] <= measured["batch"].max()]
    return pd.concat([measured, line], ignore_index=True).assign(runs=results.sizes["run"])


def _at(data, layer, batch, convention="unbiased"):
    rows = data[data["convention"] == convention].set_index(["layer", "batch"]).sort_index()
    return rows.loc[(layer, batch), "std"].iloc[0]


def alt(data):
    small, deep = data["batch"].min(), data["layer"].max()
    return f"""Three curves rise towards 1 with the batch size, the deeper the later. At a batch of
    {small} they stand at {_at(data, 1, small):.2f} after one layer and {_at(data, deep, small):.2f}
    after {deep}; at 64, {_at(data, deep, 64):.3f} after {deep}. Without Bessel's correction the
    ratio is 1 throughout."""


def caption(data):
    error = (data["std"] / data["theory"] - 1).abs().max()
    return f"""The same batch again and again, until the running statistics are exactly its own;
    then evaluated on that batch. Points: median of {data["runs"].iloc[0]} runs, which agree to
    round-off; lines: $\\left(\\frac{{m-1}}{{m}}\\right)^{{l/2}}$ with Bessel's correction and 1
    without, at most {error:.0e} away."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.4)
    measured, line = data.dropna(), data[data["std"].isna()]
    unbiased, biased = (measured[measured["convention"] == c] for c in ("unbiased", "biased"))
    for k, (layer, colour) in enumerate(zip(DEPTHS, theme.sequence(len(DEPTHS)), strict=True)):
        here, theory = (rows[rows["layer"] == layer] for rows in (unbiased, line))
        theme.theory(ax, theory["batch"], theory["theory"], zorder=1.9)
        theme.points(ax, here, "batch", "std", colour)
        at = here.iloc[min(k, len(here) - 1)]
        text = f"{layer} layer" + ("s" if layer > 1 else "")
        theme.label(ax, at["batch"], at["std"], text, colour, dx=8, dy=-9)
    biased = biased[biased["layer"] == DEPTHS[-1]]
    theme.points(ax, biased, "batch", "std", "positive")
    theme.level(ax, y=1, color=theme.colour("theory"), zorder=1.9)
    text = f"without the correction, {DEPTHS[-1]} layers"
    theme.label(ax, biased["batch"].iloc[0], 1, text, "positive", dx=0, dy=11)
    ax.set(xscale="log", xlabel="batch size m")
    ax.set(ylim=(0, 1.13), ylabel="eval / training standard deviation")
    theme.ticks(ax, x=biased["batch"])
    return figure
