"""Where the minima over γ and β of units lie, and where training takes them."""

from experiments.results import rows
from experiments.studies.unit_minima import AXES, START
from experiments.theory.optimization import BOWL_MINIMUM

TITLE = "Each unit has a minimum of its own, and training stops well before it"
TAGS = ("γ and β", "optimization", "training")
CLAIMS = ("units-share-a-minimum", "training-reaches-the-bottom")
ID = "bowl-minima"


def data(results):
    """A row for every unit that has a minimum: γ and β there and after training."""
    last, columns = results["path"].isel(step=-1, drop=True), {}
    for name in AXES:
        columns[name] = results["minimum"].sel(parameter=name, drop=True)
        columns[f"{name}_trained"] = last.sel(parameter=name, drop=True)
    every = results.sizes["run"] * results.sizes["unit"]
    return rows(**columns).dropna(ignore_index=True).assign(all_units=every)


def alt(data):
    said = []
    for name, units in data.groupby("activation"):
        lowest, trained = units["gamma"], units["gamma_trained"]
        said.append(
            f"{name}: minima at γ from {lowest.min():.1f} to {lowest.max():.1f}, after training γ "
            f"from {trained.min():.1f} to {trained.max():.1f}"
        )
    return ("Two scatter plots of γ and β. " + "; ".join(said) + ".").replace("-", "−")


def caption(data):
    counts = ", ".join(f"{len(units)} ({name})" for name, units in data.groupby("activation"))
    return f"""Lowest loss over $\\gamma$ and $\\beta$ of one unit, all else held fixed (large
    points), and where training left that unit (small). Of {data["all_units"].iloc[0]} units for
    each activation these have a minimum nearby: {counts}. Cross: the start, $(1, 0)$; square: the
    bowl’s minimum in the picture, $(1.5, 0.8)$."""


def draw(data, theme):
    figure, panels = theme.panels(data, "activation", sharex=True, sharey=True)
    trained, mark = ("gamma_trained", "beta_trained"), {"color": theme.ink, "zorder": 4}
    for ax, name, units in panels:
        theme.points(ax, units, *AXES, "batch norm", alpha=0.5, markersize=5)
        theme.points(ax, units, *trained, "gradient", alpha=0.6, markersize=2.6)
        ax.plot(*START, "x", markersize=8, markeredgewidth=1.8, **mark)
        ax.plot(*BOWL_MINIMUM, "s", mfc="none", markersize=6, markeredgewidth=1.6, **mark)
        ax.set(title=name, xlabel="γ")
    corner = {"transform": "axes fraction", "ha": "right", "dx": 0}
    theme.label(ax, 0.97, 0.93, "minimum of the loss", "batch norm", **corner)
    theme.label(ax, 0.97, 0.84, "after training", "gradient", **corner)
    panels[0][0].set_ylabel("β")
    return figure
