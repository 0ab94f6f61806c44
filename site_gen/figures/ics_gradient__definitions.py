"""One training step's shift by both definitions, through training."""

from itertools import product

import pandas as pd

from experiments.results import only, summary
from experiments.studies.ics_gradient import LABELS, MAIN, SMALL, readings

TITLE = (
    "Over training as a whole, batch norm reduces the shift by one definition "
    "and raises it by the other"
)
TAGS = ("internal covariate shift", "gradients", "distributions")
CLAIMS = ("bn-reduces-covariate-shift", "less-shift-is-faster")

KINDS = {
    "spreads": "inputs of a layer, in their own std",
    "relative": "gradient of a layer, in parts of itself",
}


def data(results):
    """Shift in one step, mean over layers and runs, by definition, case, network and step."""
    found = []
    for kind, case, norm in product(KINDS, (SMALL, MAIN), LABELS):
        shift = readings(results, kind, case, norm).mean("layer")
        found.append(summary(shift, name="shift").assign(definition=kind))
    return pd.concat(found, ignore_index=True)


def alt(data):
    means = only(data, case=MAIN).groupby(["definition", "norm"])["shift"].mean()
    return f"""Two panels against training steps at the main rate. Left, how far a layer’s inputs
    move in a step, in their own standard deviations: on average {means["spreads", "none"]:.2f}
    without batch norm, {means["spreads", "batch norm"]:.2f} with. Right, how far its gradient moves
    in parts of itself: {means["relative", "none"]:.2f} without,
    {means["relative", "batch norm"]:.2f} with. Dashed lines at a small rate have the same order."""


def caption(data):
    return f"""What one training step of the layers before a layer does to it, on the same networks:
    how far the distributions of its inputs move (left), and how far the gradient of its weights
    moves, $‖G′ − G‖/‖G‖$ (right). Mean over the layers from the second to the last and over
    {data["runs"].max()} runs, with 95 % bands; solid at the main rate, dashed at the small one."""


def draw(data, theme):
    shown = data.assign(low=data["low"].clip(lower=1e-4))  # the axis is a logarithm
    figure, panels = theme.panels(shown[shown["step"] > 0], "definition", height=3.8)
    for ax, kind, read in panels:
        for (case, norm), rows in read.groupby(["case", "norm"]):
            theme.curve(ax, rows, "step", "shift", norm, fmt="--" if case == SMALL else "-")
        ax.set(xscale="log", yscale="log", xlabel="training steps", title=KINDS[kind])
    first = panels[0][0]
    first.set(ylabel="shift in one step", ylim=(None, 4 * panels[0][2]["high"].max()))
    for norm, y in (("none", 0.94), ("batch norm", 0.86)):
        theme.label(first, 0.03, y, LABELS[norm], norm, transform="axes fraction", dx=0)
    return figure
