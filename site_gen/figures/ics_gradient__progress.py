"""The turn of the gradients against the training loss, where both networks are equally far."""

import pandas as pd

from experiments.results import only, rows
from experiments.studies.ics_gradient import LABELS, MAIN, WINDOW, readings

TITLE = "Where both networks are equally far, gradients turn less with batch norm"
TAGS = ("internal covariate shift", "gradients", "training speed")

LOW, HIGH = WINDOW


def data(results):
    """Training loss and cosine (mean over layers) by run and reading, at the main rate."""
    found = []
    for norm in LABELS:
        loss, cosine = (readings(results, kind, MAIN, norm) for kind in ("loss", "cosine"))
        found.append(rows(loss, cosine.mean("layer")))
    return pd.concat(found, ignore_index=True)


def alt(data):
    middle = data[data["loss"].between(LOW, HIGH)].groupby("norm")["cosine"].median()
    said = " and ".join(f"{value:.2f} {LABELS[norm]}" for norm, value in middle.items())
    return f"""Scatter of the mean cosine of gradients against training loss, every run at every
    reading. For losses from {LOW} to {HIGH} the medians are {said}."""


def caption(data):
    return f"""Each dot is one of {data["run"].nunique()} runs at one reading, at the main rate: the
    cosine of gradients before and after, mean over layers, against the loss of the training batch.
    Training goes from left to right, as the loss falls. Shaded, the window in which networks are
    compared, ${LOW}$ to ${HIGH}$ nats."""


def draw(data, theme):
    figure, ax = theme.figure(height=4.0)
    ax.axvspan(LOW, HIGH, color=theme.grid, linewidth=0, zorder=0)
    least, most = data["loss"].min(), data["loss"].max()
    for (norm, label), y in zip(LABELS.items(), (0.13, 0.06), strict=True):
        of_norm = only(data, norm=norm)
        theme.points(ax, of_norm, "loss", "cosine", norm, alpha=0.45, markersize=3.5)
        theme.label(ax, 0.02, y, label, norm, transform="axes fraction", dx=0)
    ax.set(xlabel="loss of the training batch, falling to the right", xscale="log")
    ax.set(ylabel="cosine of the two gradients, mean of layers", xlim=(1.1 * most, 0.9 * least))
    theme.ticks(ax, x=[tick for tick in (0.03, 0.1, 0.3, 1, 3, 10) if least < tick < most])
    return figure
