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
    table, largest = pd.concat(found, ignore_index=True), float(results["error"].max())
    return table.assign(step=table.pop("probe_step") + 1, largest_error=largest)


def alt(data):
    least, most = data["theory"].min(), data["theory"].max()
    return f"""Measured against predicted movement in one step, from {least:.0e} to {most:.0e}: all
    {len(data)} points, of {data["rate"].nunique()} learning rates and {data["layer"].nunique()}
    layers, lie on the diagonal."""


def caption(data):
    mantissa, exponent = f"{data['largest_error'].iloc[0]:.0e}".split("e")
    return f"""Every point is one layer of the first run at one of {data["step"].nunique()} steps,
    mean over units: the movement of the mean (left) and of the standard deviation (right) of the
    distribution behind batch norm on the probe, against the closed form. Over all units and runs
    the two differ by at most ${mantissa} \\cdot 10^{{{int(exponent)}}}$."""


def draw(data, theme):
    figure, panels = theme.panels(data, "moment")
    colours, (left, *_) = theme.sequence(data["rate"].nunique()), panels[0]
    for ax, moment, some in panels:
        name, formula = MOMENTS[moment]
        ends = [some["theory"].min() / 2, 2 * some["theory"].max()]
        theme.theory(ax, ends, ends, zorder=1.9)
        for (_, of), colour in zip(some.groupby("rate"), colours, strict=True):
            theme.points(ax, of, "theory", "measured", colour, markersize=4, alpha=0.8)
        ax.set(xscale="log", yscale="log", xlabel=formula, title=f"movement of the {name}")
    for k, (rate, colour) in enumerate(zip(data["rate"].unique(), colours, strict=True)):
        at = {"transform": "axes fraction", "dx": 0}
        theme.label(left, 0.03, 0.95 - 0.075 * k, f"rate {rate:g}", colour, **at)
    left.set_ylabel("measured on the probe")
    return figure
