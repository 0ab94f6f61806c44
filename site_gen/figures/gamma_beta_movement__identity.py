"""Movement of mean and standard deviation behind batch norm, against that of γ and β."""

import pandas as pd

from experiments.results import rows

TITLE = "Behind batch norm mean and width move exactly as far as β and γ do"
TAGS = ("gamma and beta", "internal covariate shift", "closed form")
CLAIMS = ("gamma-beta-move-the-output",)
ID = "gamma-beta-drift-identity"

MOMENTS = {"mean": ("mean", "|Δβ|"), "std": ("standard deviation", "|Δ(|γ|σ/√(σ²+ε))|")}


def data(results):
    """By moment, rate, layer and step: movement on the probe and by the closed form; first run."""
    one, found = results.isel(run=0, drop=True).transpose("rate", "layer", "probe_step", ...), []
    for moment in MOMENTS:
        measured, theory = one[f"after_{moment}"], one[f"after_{moment}_theory"]
        found.append(rows(measured=measured, theory=theory).assign(moment=moment))
    table = pd.concat(found, ignore_index=True)
    return table.assign(
        step=table.pop("probe_step") + 1, largest_error=float(results["error"].max())
    )


def alt(data):
    least, most = data["theory"].min(), data["theory"].max()
    return (
        f"Measured against predicted movement in one step, from {least:.0e} to {most:.0e}: all "
        f"{len(data)} points, of {data['rate'].nunique()} learning rates and "
        f"{data['layer'].nunique()} layers, lie on the diagonal."
    )


def caption(data):
    mantissa, exponent = f"{data['largest_error'].iloc[0]:.0e}".split("e")
    return (
        f"Every point is one layer of the first run at one of {data['step'].nunique()} steps, mean "
        "over units: the movement of the mean (left) and of the standard deviation (right) of the "
        "distribution behind batch norm on the probe, against the closed form. Over all units and "
        f"runs the two differ by at most ${mantissa} \\cdot 10^{{{int(exponent)}}}$."
    )


def draw(data, theme):
    figure, panels = theme.panels(data, "moment")
    colours = theme.sequence(data["rate"].nunique())
    place = {"transform": "axes fraction", "dx": 0}
    for ax, moment, some in panels:
        name, formula = MOMENTS[moment]
        ends = [some["theory"].min() / 2, 2 * some["theory"].max()]
        theme.theory(ax, ends, ends, zorder=1.9)
        for k, ((rate, of), colour) in enumerate(zip(some.groupby("rate"), colours, strict=True)):
            theme.points(ax, of, "theory", "measured", colour, markersize=4, alpha=0.8)
            if ax is panels[0][0]:
                theme.label(ax, 0.03, 0.95 - 0.075 * k, f"rate {rate:g}", colour, **place)
        ax.set(xscale="log", yscale="log", xlabel=formula, title=f"movement of the {name}")
    panels[0][0].set_ylabel("measured on the probe")
    return figure
