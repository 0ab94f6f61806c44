"""How far a step moves the distribution in front of batch norm, behind it, by γ and β alone."""

import numpy as np

from experiments.results import only, rows

TITLE = "What moves behind batch norm is mostly the shape, unless the learning rate is very large"
TAGS = ("gamma and beta", "internal covariate shift", "learning rate")
CLAIMS = ("gamma-beta-cause-the-movement",)
ID = "gamma-beta-drift-moves"

# Variable → its name and colour.
WHAT = {
    "before_distance": ("in front of batch norm", "input"),
    "after_distance": ("behind it", "batch norm"),
    "affine_distance": ("by γ and β alone", "neutral"),
}


def data(results):
    """Movement in one step by rate, place and step: geometric mean, and nine runs in ten."""
    some = [results["rate"].values[k] for k in (0, results.sizes["rate"] // 2, -1)]
    of = np.log(results[list(WHAT)].sel(rate=some).isel(layer=-1, drop=True))
    of = of.to_dataarray("what").transpose("rate", "what", "probe_step", "run")
    low, high = (of.quantile(share, "run").drop_vars("quantile") for share in (0.05, 0.95))
    table = rows(distance=np.exp(of.mean("run")), low=np.exp(low), high=np.exp(high))
    return table.assign(step=table.pop("probe_step") + 1, runs=results.sizes["run"])


def alt(data):
    sums = data.groupby(["rate", "what"])["distance"].sum().unstack()
    shares = sums["affine_distance"] / sums["after_distance"]
    said = ", ".join(f"{share:.0%} at rate {rate:g}" for rate, share in shares.items())
    first = only(data, step=1, what="after_distance")["distance"]
    return f"""Movement of the last hidden layer’s distributions in one step, over training, at
    three learning rates. γ and β alone would give this share of the movement behind batch norm:
    {said}. In the first step the distribution behind batch norm moves by {first.iloc[0]:.1g} of its
    standard deviation at the smallest rate and by {first.iloc[-1]:.1g} at the largest."""


def caption(data):
    rates = "$, $".join(f"{rate:g}" for rate in data["rate"].unique())
    return f"""Wasserstein-1 distance between the distributions of a unit over a fixed probe before
    and after one training step, in standard deviations of the distribution, mean over the units of
    the last hidden layer; at learning rates ${rates}$. Geometric means of {data["runs"].iloc[0]}
    runs; the bands hold the middle nine runs in ten."""


def draw(data, theme):
    figure, panels = theme.panels(data, "rate", sharey=True)
    for ax, rate, of_rate in panels:
        for what, of in of_rate.groupby("what", sort=False):
            theme.curve(ax, of, "step", "distance", WHAT[what][1], fmt="o-", markersize=3)
        ax.set(xscale="log", yscale="log", xlabel="training step", title=f"learning rate {rate:g}")
    panels[0][0].set_ylabel("movement in one step (standard deviations)")
    for what, (name, colour) in WHAT.items():
        ax, _, of_rate = panels[0 if what == "affine_distance" else 1]
        of = only(of_rate, what=what)
        row = of.iloc[len(of) // 2]
        edge, dy = ("low", -12) if what == "after_distance" else ("high", 12)
        theme.label(ax, row["step"], row[edge], name, colour, dx=0, dy=dy, ha="center")
    return figure
