"""Growth of the squared gradient a layer against the batch size, measured and predicted."""

import pandas as pd

from experiments.results import only, rows, summary
from experiments.studies.gradient_explosion import LEAST
from site_gen.theme.numbers import percent

TITLE = "With batch norm gradients grow from layer to layer, at the rate that theory says"
TAGS = ("depth", "gradients", "batch size")
CLAIMS = ("gradients-grow-at-a-known-rate", "large-batches-stop-the-explosion")
BETWEEN = "rows of the closed form lie between those that are measured"
MISSING = dict.fromkeys(("growth", "low", "high", "limit", "runs"), BETWEEN)


def data(results):
    """By activation and batch size: growth a layer and the closed form; between, that alone."""
    theory, line = results["predicted"], results["predicted_line"].rename(line_batch="batch")
    measured = summary(results["growth"]).assign(theory=theory.values.ravel())
    limit = measured["activation"].map(results["predicted_limit"].to_series())
    table = pd.concat([measured.assign(limit=limit), rows(line.rename("theory"))])
    return table.astype({"batch": float}).sort_values(["activation", "batch"], ignore_index=True)


def alt(data):
    relu, linear = (only(data.dropna(), activation=name) for name in ("relu", "linear"))
    first, last = relu.iloc[0], relu.iloc[-1]
    return f"""Two falling curves. With ReLU the squared gradient grows {first["growth"]:.2f} times
    a layer at a batch of {first["batch"]:.0f} and {last["growth"]:.2f} times at
    {last["batch"]:.0f}, near its floor of {last["limit"]:.3f}. Without an activation it falls from
    {linear["growth"].iloc[0]:.2f} to {linear["growth"].iloc[-1]:.2f}. Points lie on the predicted
    lines from batches of {LEAST} on."""


def caption(data):
    held = data.dropna().query("batch >= @LEAST")
    worst = (held["growth"] / held["theory"] - 1).abs().max()
    return f"""How many times $\\lVert\\partial L/\\partial z\\rVert^2$ grows from a layer to the
    one below, in random networks with batch norm that were not trained. Points: mean of
    {held["runs"].iloc[0]:.0f} networks with 95 % intervals; lines: the prediction for wide layers,
    from batches of {LEAST} on at most {percent(worst, 1)} away. Hollow points: smaller batches,
    where averages over units do not settle and which no claim uses. Dotted: the limit for large
    batches, $\\pi/(\\pi-1)$ with ReLU and 1 without."""


def draw(data, theme):
    figure, ax = theme.figure()
    lines = (("relu", "ReLU", "batch norm", 10), ("linear", "no activation", "positive", 5))
    for activation, name, colour, dy in lines:
        law = only(data, activation=activation)
        measured = law.dropna()
        theme.theory(ax, law["batch"], law["theory"], zorder=1.9)
        limit, largest = measured.iloc[-1][["limit", "batch"]]
        theme.level(ax, y=limit, color=theme.colour(colour), linestyle=":", zorder=1.8)
        held = measured["batch"] >= LEAST
        theme.points(ax, measured[held], "batch", "growth", colour)
        theme.points(ax, measured[~held], "batch", "growth", colour, markerfacecolor=theme.paper)
        theme.label(ax, *measured[held].iloc[0][["batch", "growth"]], name, colour, dx=10, dy=dy)
        if activation == "relu":
            place = {"ha": "right", "dx": 0, "dy": -9, "weight": "normal"}
            theme.label(ax, largest, limit, "π/(π − 1)", theme.muted, **place)
    ax.set(xscale="log", xlabel="batch size B", ylabel="growth of ‖∂L/∂z‖² a layer")
    ax.set(ylim=(0.9, data[["high", "theory"]].max().max() * 1.04))
    theme.ticks(ax, x=measured["batch"])
    return figure
