"""The bias of gradients by layer, before and through training."""

import pandas as pd

from experiments.results import only, summary
from experiments.studies.gradient_mean_by_depth import LABELS, TIMES, bias

TITLE = (
    "At activations, the bias of gradients falls towards the output without batch norm and rises "
    "with it"
)
TAGS = ("gradients", "depth", "internal covariate shift")
CLAIMS = ("deeper-gradients-more-biased",)

KINDS = {"bias": "weights: share of the mean", "ratio": "activation’s input: mean over std"}


def data(results):
    """Mean of both numbers over runs, by network, layer and time."""
    found = [
        summary(bias(kind, norm, time)(results), name="value").assign(kind=kind, time=time)
        for kind in KINDS
        for norm in LABELS
        for time in TIMES
    ]
    return pd.concat(found, ignore_index=True)


def alt(data):
    at = only(data, time="through training").set_index(["kind", "norm", "layer"])["value"]
    first, last = data["layer"].min(), data["layer"].max()
    said = "; ".join(
        f"{title}, {label} from {at[kind, norm, first]:.2g} to {at[kind, norm, last]:.2g}"
        for kind, title in KINDS.items()
        for norm, label in LABELS.items()
    )
    return f"""Bias of the gradient from the first hidden layer to the last, through training:
    {said}."""


def caption(data):
    return f"""By hidden layer, from the data to the output. Left: $‖E g‖²/E‖g‖²$ of the samples’
    contributions $g$ to the gradient of the layer’s weights. Right: at the input of the activation,
    the length of the mean over samples in parts of the standard deviation. Means of
    {data["runs"].max()} runs with 95 % bands; dashed before training, solid the mean over the
    readings during it."""


def draw(data, theme):
    figure, panels = theme.panels(data, "kind", height=3.8)
    for ax, kind, read in panels:
        for (norm, time), rows in read.groupby(["norm", "time"]):
            fmt = "o--" if time == "before training" else "o-"
            theme.curve(ax, rows, "layer", "value", norm, fmt=fmt)
        ax.set(xlabel="hidden layer", title=KINDS[kind], ylim=(0, 1.35 * read["high"].max()))
        theme.ticks(ax, x=read["layer"].unique())
    for norm, y in (("none", 0.94), ("batch norm", 0.86)):
        theme.label(panels[0][0], 0.03, y, LABELS[norm], norm, transform="axes fraction", dx=0)
    return figure
