"""Movement of distributions against speed of learning, for each network at each learning rate."""

import numpy as np
import pandas as pd

from experiments.results import FIRST, only, rows, value
from experiments.studies.ics_distribution import LABELS, moved

TITLE = "The network that moves less is not always the one that learns faster"
TAGS = ("internal covariate shift", "learning rate", "training speed")
CLAIMS = ("steadier-trains-faster",)
MISSING = {"steps": "a run that never reaches the target has no number of steps"}


def data(results):
    """Distance over the steps that all rates have, and steps to the main target within those.

    By network, rate and run.
    """
    found = []
    for norm in LABELS:
        for rate in results["rate"].values:
            distance = moved("travelled", norm, rate)(results)
            steps = value("steps_to", norm=norm, rate=rate, target=FIRST)(results)
            last = int(distance["step"])
            steps, distance = steps.where(steps <= last), distance.drop_vars(["step", "place"])
            found.append(rows(steps=steps, distance=distance).assign(last_step=last))
    return pd.concat(found, ignore_index=True)


def alt(data):
    steps = data.assign(steps=data["steps"].fillna(np.inf))
    middle = steps.groupby(["norm", "rate"])[["steps", "distance"]].median()
    when = middle["steps"].map(lambda step: f"{step:.0f}" if np.isfinite(step) else "never")
    said = []
    for norm, label in LABELS.items():
        at = zip(middle.loc[norm].index, middle.loc[norm]["distance"], when[norm], strict=True)
        each = (f"{distance:.1f} and {steps} at rate {rate:g}" for rate, distance, steps in at)
        said.append(f"{label} {', '.join(each)}")
    return f"""Scatter of distance travelled and steps to a test accuracy of
    {data["target"].iloc[0]:g}, medians: {"; ".join(said)}."""


def caption(data):
    return f"""Each dot is a run: how far the distributions of the last hidden layer travel within
    {data["last_step"].max()} steps, in units of the sigmoid’s input, and after how many steps the
    test accuracy reaches ${data["target"].iloc[0]:g}$; {data["run"].nunique()} runs at each of
    {data["rate"].nunique()} learning rates. Runs in the strip at the top do not reach it."""


def draw(data, theme):
    figure, ax = theme.figure(height=4.0)
    last, target = data["last_step"].max(), data["target"].iloc[0]
    least, most = data["distance"].min(), data["distance"].max()
    ax.axhspan(1.3 * last, 2.3 * last, color=theme.grid, linewidth=0, zorder=0)
    for norm, name in LABELS.items():
        runs = only(data, norm=norm).fillna({"steps": 1.75 * last})
        theme.points(ax, runs, "distance", "steps", norm, alpha=0.6)
        by_rate = runs.groupby("rate")[["distance", "steps"]]
        middle, lowest = by_rate.median(), by_rate.min()["steps"]
        theme.curve(ax, middle, "distance", "steps", norm, linewidth=0.9)
        below = {"dx": 0, "dy": -13, "ha": "center", "weight": "normal"}
        for rate, x in middle["distance"].items():
            theme.label(ax, x, lowest[rate], f"rate {rate:g}", norm, **below)
        x, y = np.exp(np.log(middle.iloc[(len(middle) - 1) // 2 :][:2]).mean())
        dy = 33 if norm == "batch norm" else 14
        theme.label(ax, x, y, name, norm, dx=0, dy=dy, ha="center")
    x = data["distance"].where(data["steps"].isna(), least).max()
    never = f"not within {last} steps"
    theme.label(ax, x, 1.75 * last, never, theme.muted, dx=14, weight="normal")
    ax.set(xscale="log", yscale="log", xlim=(0.8 * least, 1.15 * most))
    ax.set(ylim=(0.6 * data["steps"].min(), 2.3 * last))
    ax.set(title=f"steps to a test accuracy of {target:g}")
    ax.set(xlabel=f"distance travelled in {last} steps, in units of the sigmoid’s input")
    across = [tick for tick in (0.2, 0.5, 1, 2, 5, 10, 20) if 0.8 * least < tick < 1.15 * most]
    theme.ticks(ax, x=across, y=[tick for tick in (10, 30, 100, 300, 1000, 10_000) if tick <= last])
    return figure
