"""Variance after batch norm in evaluation, by the keep probability of the dropout in front."""

import numpy as np
import pandas as pd

from experiments.results import rows

TITLE = "Dropout in front of batch norm shrinks the variance in evaluation"
TAGS = ("train and eval", "dropout")
CLAIMS = ("dropout-keeps-the-statistics", "dropout-variance-shift", "dropout-after-batch-norm")
MISSING = dict.fromkeys(
    ("eval_variance", "theory"), "rows of the closed form lie between those that are measured"
)

COLOURS = {"Gaussian": "input", "ReLU": "batch norm", "Gaussian, mean 1": "positive"}


def data(results):
    """A row for every run; and without a run, rows of the closed form for dropout in front."""
    curve = rows(results["eval_variance_curve"].rename("theory", curve_keep="keep"))
    curve = curve.assign(order="before", run=-1)
    return pd.concat([rows(results["eval_variance"]), curve], ignore_index=True)


def _mean(data, name, keep):
    measured = data[(data["order"] == "before") & (data["input"] == name)]
    return measured.loc[np.isclose(measured["keep"], keep), "eval_variance"].mean()


def alt(data):
    return (
        "Three curves rise to 1 as the keep probability does; at one half they stand at "
        f"{_mean(data, 'Gaussian', 0.5):.2f} (Gaussian), {_mean(data, 'ReLU', 0.5):.2f} (ReLU) and "
        f"{_mean(data, 'Gaussian, mean 1', 0.5):.2f} (Gaussian with mean 1)."
    )


def caption(data):
    return (
        f"Variance that batch norm puts out in evaluation. Points: {data['run'].max() + 1} runs "
        "each; lines: $\\sigma^2/((\\sigma^2+\\mu^2)/p-\\mu^2)$. Squares at 1: dropout behind "
        "batch norm, where nothing shifts."
    )


def draw(data, theme):
    figure, ax = theme.figure(height=3.5)
    after, before = (data[data["order"] == order] for order in ("after", "before"))
    theme.points(ax, after, "keep", "eval_variance", "neutral", fmt="s", alpha=0.4)
    theme.label(ax, 0.5, 1, "dropout behind batch norm", "neutral", dx=8, dy=-11, weight="normal")
    for k, (name, colour) in enumerate(COLOURS.items()):
        here = before[before["input"] == name]
        line = here.dropna(subset="theory")
        theme.theory(ax, line["keep"], line["theory"], zorder=1.9)
        theme.points(ax, here, "keep", "eval_variance", colour, alpha=0.5)
        theme.label(ax, 0.06, 0.9, name, colour, dx=0, dy=-15 * k)
    ax.set(xlim=(0.04, 0.96), xlabel="keep probability p")
    ax.set(ylim=(0, 1.08), ylabel="variance in evaluation")
    return figure
