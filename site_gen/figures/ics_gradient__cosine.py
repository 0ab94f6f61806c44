"""The cosine between a layer's gradient before and after the layers before it step, by layer."""

import pandas as pd

from experiments.results import only, quartiles
from experiments.studies.ics_gradient import LABELS, MAIN, readings

TITLE = (
    "When the layers before step, gradients turn: in most layers with batch norm from the start, "
    "without it once learning begins"
)
TAGS = ("internal covariate shift", "gradients")
CLAIMS = ("covariate-shift-not-reduced",)


def data(results):
    """Quartiles over runs of the cosine, by layer, network and step, at the main rate."""
    found = [quartiles(readings(results, "cosine", MAIN, norm)) for norm in LABELS]
    return pd.concat(found).sort_values(["layer"], kind="stable", ignore_index=True)


def alt(data):
    first = only(data, step=0).groupby("norm")["cosine"].mean()
    lowest = data[data["step"] > 0].groupby(["layer", "norm"])["cosine"].min().unstack()
    said = "; ".join(
        f"layer {layer}: {low['none']:.2f} without batch norm and {low['batch norm']:.2f} with"
        for layer, low in lowest.iterrows()
    )
    return f"""The cosine between gradients before and after, over training, one panel a layer.
    Before the first step it is {first["none"]:.2f} without and {first["batch norm"]:.2f} with batch
    norm, the mean of the layers. After that the lowest medians are, {said}."""


def caption(data):
    return f"""The cosine between the gradient of a layer’s weights and the same gradient after the
    layers before it have taken their step, on the same batch: $1$ is no turn. Medians and quartiles
    of {data["runs"].max()} runs. Without batch norm it is near $1$ on the plateau, and falls when
    learning begins."""


def draw(data, theme):
    figure, panels = theme.panels(data[data["step"] > 0], "layer", height=3.4, sharey=True)
    for ax, layer, of_layer in panels:
        for norm, rows in of_layer.groupby("norm"):
            theme.curve(ax, rows, "step", "cosine", norm)
        ax.set(xscale="log", xlabel="training steps", title=f"layer {layer} of {panels[-1][1]}")
    first = panels[0][0]
    first.set(ylabel="cosine of the two gradients", ylim=(min(0, data["low"].min()) - 0.02, 1.05))
    for norm, y in (("none", 0.14), ("batch norm", 0.05)):
        theme.label(first, 0.04, y, LABELS[norm], norm, transform="axes fraction", dx=0)
    return figure
