"""Percentiles of what enters a typical sigmoid of the last hidden layer, through training."""

import pandas as pd

from experiments.results import value
from experiments.studies.ics_distribution import LABELS, MAIN, PERCENTILES
from site_gen.theme.film import percentiles

TITLE = "Without batch norm the distribution is thin and wanders before it spreads"
TAGS = ("internal covariate shift", "distributions", "sigmoid")


def data(results):
    """Percentiles of a typical sigmoid's input in the first run, at the main rate."""
    found = []
    for norm in LABELS:
        band = value("band", norm=norm, rate=MAIN, place="sigmoid input", run=0)(results)
        found.append(percentiles(band).reset_index().assign(norm=norm))
    return pd.concat(found, ignore_index=True).assign(rate=float(MAIN(results)))


def alt(data):
    width = data["percentile_85"] - data["percentile_15"]
    none, normed = (width[data["norm"] == norm] for norm in LABELS)
    return f"""Bands from the 15th to the 85th percentile over training steps. Without batch norm
    the band starts {none.iloc[0]:.2f} wide, moves up and down as a whole and opens to
    {none.iloc[-1]:.1f}; with batch norm it starts {normed.iloc[0]:.1f} wide, stays around 0 and
    ends {normed.iloc[-1]:.1f} wide."""


def caption(data):
    return f"""What enters one sigmoid of the last hidden layer, over a fixed probe of test images:
    median and the band from the 15th to the 85th percentile, at learning rate
    ${data["rate"].iloc[0]:g}$. The unit is the one whose distribution travels the median distance
    in its layer, in the first of the runs. After Figure 1 of Ioffe & Szegedy (2015); their learning
    rate is not stated."""


def draw(data, theme):
    figure, panels = theme.panels(data[data["step"] > 0], "norm", height=3.6, sharey=True)
    for ax, norm, rows in panels:
        theme.band(ax, rows["step"], rows["percentile_15"], rows["percentile_85"], norm)
        for p in PERCENTILES:
            style = {"linewidth": 1.8 if p == 50 else 0.9, "weight": "normal"}
            theme.curve(ax, rows, "step", f"percentile_{p}", norm, f"{p} %", **style)
        ax.set(xscale="log", xlabel="training steps", title=LABELS[norm])
    panels[0][0].set_ylabel("input of the sigmoid")
    return figure
