"""How much γ fluctuates late in training, by condition and layer, beside the accuracy."""

from experiments.results import only, rows, summary
from experiments.studies.gamma_beta_fluctuation import at_rates, rate_of, usual
from site_gen.theme.numbers import percent

TITLE = "A larger rate makes γ fluctuate more, and the network learns all the same"
TAGS = ("gamma and beta", "learning rate", "batch order")
CLAIMS = ("rate-and-order-make-them-fluctuate", "fluctuation-is-a-symptom")
ID = "gamma-beta-drift-fluctuation"


def data(results):
    """Fluctuation of γ, geometric means, by condition and layer; and mean accuracy at the end."""
    order = [*at_rates(results), "small batches", "not shuffled"]
    of_gamma = results["fluctuation"].sel(parameter="gamma", condition=order, drop=True)
    ends = of_gamma.isel(layer=[0, -1]).assign_coords(layer=["first", "last"])
    found = summary(ends.transpose("condition", "layer", "run"), geometric=True)
    found = found.merge(rows(results["accuracy"].mean("run")), "left", "condition")
    return found.assign(middle=rate_of(usual(results)))


def alt(data):
    ends = data[data["layer"] == "last"].itertuples()
    said = [f"{end.fluctuation:.1g} and {end.accuracy:.0%} for {end.condition}" for end in ends]
    return f"""Dots: standard deviation of γ about its trend in the last hidden layer, and the test
    accuracy at the end: {", ".join(said)}."""


def caption(data):
    return f"""Left: standard deviation of γ about a straight line over the last steps of training,
    mean over the units of the first (open) and the last (filled) hidden layer. Right: accuracy on
    the test set with its own statistics at the end. Small batches and unshuffled data are at rate
    ${data["middle"].iloc[0]:g}$. Geometric means (left) and means (right) of {data["runs"].iloc[0]}
    runs; the 95 % intervals on the left are about as wide as the dots."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.4, sharey=True, width_ratios=(3, 2))
    conditions = list(data["condition"].unique())[::-1]
    for y, condition in enumerate(conditions):
        of = only(data, condition=condition).assign(y=y)
        colour = theme.colour("batch norm" if condition.startswith("rate") else "negative")
        left.plot(of["fluctuation"], of["y"], color=theme.grid, linewidth=1, zorder=1)
        left.hlines(of["y"], of["low"], of["high"], color=colour, linewidth=1)
        for one, fill in zip(of["fluctuation"], (theme.paper, colour), strict=True):
            left.plot(one, y, "o", color=colour, markersize=7, markerfacecolor=fill)
        accuracy = of["accuracy"].iloc[0]
        right.plot(accuracy, y, "o", color=colour, markersize=7)
        place = {"dx": 8} if accuracy < 0.3 else {"dx": -8, "ha": "right"}  # no room on the left
        theme.label(right, accuracy, y, percent(accuracy), colour, weight="normal", **place)
    left.set_yticks(range(len(conditions)), conditions)
    left.set(xscale="log", title="fluctuation of γ")
    right.set(xlim=(0, 1), title="accuracy at the end")
    return figure
