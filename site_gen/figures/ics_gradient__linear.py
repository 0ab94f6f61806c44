"""The same cosine in a deep linear network, at two learning rates."""

import pandas as pd

from experiments.results import only, quartiles
from experiments.studies.ics_gradient import LABELS, LINEAR, LINEAR_LARGE, readings

TITLE = (
    "In a deep linear network the gradient reverses with batch norm, "
    "and at a larger rate without it too"
)
TAGS = ("internal covariate shift", "gradients", "learning rate")

CASES = {LINEAR: "small rate", LINEAR_LARGE: "rate three times as large"}


def data(results):
    """Quartiles over runs of the lowest cosine of the layers, by rate, network and step."""
    read = [readings(results, "cosine", case, norm) for case in CASES for norm in LABELS]
    return pd.concat([quartiles(one.min("layer")) for one in read], ignore_index=True)


def alt(data):
    none, normed = (only(data, norm=norm).groupby("case")["cosine"].min() for norm in LABELS)
    said = "; ".join(
        f"at the {rate} rate {none[case]:.2f} without batch norm and {normed[case]:.2f} with"
        for case, rate in ((LINEAR, "small"), (LINEAR_LARGE, "larger"))
    )
    return f"""The cosine of gradients before and after in the layer that turns most, over training
    of a deep linear network; its lowest medians are {said}."""


def caption(data):
    return f"""A deep linear network, all samples in one batch: the cosine in the layer whose
    gradient turns most at that step. Below $0$ the layers before it have reversed what the layer
    should do. Medians and quartiles of {data["runs"].max()} runs."""


def draw(data, theme):
    figure, panels = theme.panels(data[data["step"] > 0], "case", height=3.4, sharey=True)
    for ax, case, of_case in panels:
        for norm, rows in of_case.groupby("norm"):
            theme.curve(ax, rows, "step", "cosine", norm)
        theme.level(ax, y=0, linewidth=0.8)
        ax.set(xscale="log", xlabel="training steps", title=CASES[case])
    first = panels[0][0]
    first.set(ylabel="cosine of the two gradients", ylim=(-1.05, 1.08))
    for norm, y in (("none", 0.14), ("batch norm", 0.05)):
        theme.label(first, 0.04, y, LABELS[norm], norm, transform="axes fraction", dx=0)
    return figure
