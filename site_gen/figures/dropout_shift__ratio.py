"""Variance after batch norm in evaluation, by the keep probability of the dropout in front."""

import pandas as pd

from experiments.results import only, rows

TITLE = "Dropout in front of batch norm shrinks the variance in evaluation"
TAGS = ("train and eval", "dropout")
CLAIMS = ("dropout-keeps-the-statistics", "dropout-variance-shift", "dropout-after-batch-norm")
BETWEEN = "rows of the closed form lie between those that are measured"
MISSING = {"eval_variance": BETWEEN, "theory": BETWEEN}

COLOURS = {"Gaussian": "input", "ReLU": "batch norm", "Gaussian, mean 1": "positive"}


def data(results):
    """A row for every run; and without a run, rows of the closed form for dropout in front."""
    curve = rows(theory=results["eval_variance_curve"].rename(curve_keep="keep"))
    curve = curve.assign(order="before", run=-1)
    return pd.concat([rows(results["eval_variance"]), curve], ignore_index=True)


def alt(data):
    half = only(data, order="before", keep=0.5).groupby("input")["eval_variance"].mean()
    return f"""Three curves rise to 1 as the keep probability does; at one half they stand at
    {half["Gaussian"]:.2f} (Gaussian), {half["ReLU"]:.2f} (ReLU) and {half["Gaussian, mean 1"]:.2f}
    (Gaussian with mean 1)."""


def caption(data):
    return f"""Variance that batch norm puts out in evaluation. Points: {data["run"].max() + 1} runs
    each; lines: $\\sigma^2/((\\sigma^2+\\mu^2)/p-\\mu^2)$. Squares at 1: dropout behind batch norm,
    where nothing shifts."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.5)
    after = only(data, order="after")
    theme.points(ax, after, "keep", "eval_variance", "neutral", fmt="s", alpha=0.4)
    theme.label(ax, 0.5, 1, "dropout behind batch norm", "neutral", dx=8, dy=-11, weight="normal")
    for k, (name, colour) in enumerate(COLOURS.items()):
        here = only(data, order="before", input=name)
        line = here.dropna(subset="theory")
        theme.theory(ax, line["keep"], line["theory"], zorder=1.9)
        theme.points(ax, here, "keep", "eval_variance", colour, alpha=0.5)
        theme.label(ax, 0.06, 0.9, name, colour, dx=0, dy=-15 * k)
    ax.set(xlim=(0.04, 0.96), xlabel="keep probability p")
    ax.set(ylim=(0, 1.08), ylabel="variance in evaluation")
    return figure
