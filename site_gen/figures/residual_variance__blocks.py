"""Variance and mean square of a unit after each residual block, with and without batch norm."""

import pandas as pd

from experiments.results import only, summary
from site_gen.theme.numbers import percent, power_of_ten

TITLE = "With batch norm every residual block adds the same; without it every block doubles"
TAGS = ("depth", "residual networks", "initialization")
CLAIMS = ("residual-variance-grows-linearly", "plain-residual-doubles")


def data(results):
    """By norm, quantity and block: mean over networks, and the closed form; the largest batch."""
    results, found = results.isel(batch=-1).sel(norm=["none", "batch norm"]), []
    for quantity, law in (("mean_square", "square"), ("variance", "variance")):
        table = summary(results[quantity], name="measured").assign(quantity=quantity)
        found.append(table.assign(theory=results[f"predicted_{law}"].values.ravel()))
    return pd.concat(found, ignore_index=True).assign(batch=results["batch"].item())


def alt(data):
    ends = data.groupby(["quantity", "norm"])["measured"].last()
    return f"""Two panels over {data["block"].max()} residual blocks. Without batch norm, on a
    logarithmic axis, mean square and variance rise along nearly straight lines, the mean square to
    about {power_of_ten(ends["mean_square", "none"])}. With it, on a linear axis, both rise along
    straight lines, to {ends["mean_square", "batch norm"]:.1f} and
    {ends["variance", "batch norm"]:.1f}."""


def caption(data):
    over = data.assign(over=data["measured"] / data["theory"])
    away = (only(over, norm="batch norm")["over"] - 1).abs().max()
    plain = only(over, norm="none", quantity="variance")["over"].iloc[-1]
    return f"""Mean square and variance over the batch of a unit after each block, at the start, for
    a batch of {data["batch"].iloc[0]}. Points: mean of {data["runs"].iloc[0]} networks with 95 %
    intervals; lines: the prediction for wide layers, with batch norm at most {percent(away, 1)}
    away; without it the variance ends at {plain:.1f} times the prediction, since an average over
    networks is ruled by the largest. Left the scale is logarithmic, right it is linear."""


def draw(data, theme):
    figure, panels = theme.panels(data, "norm")
    last = data["block"].max()
    middle = round(0.62 * last)
    for ax, norm, here in panels:
        lines = (("mean_square", theme.muted, "right", -8), ("variance", norm, "left", 8))
        for quantity, colour, ha, dx in lines:
            of = only(here, quantity=quantity)
            theme.theory(ax, of["block"], of["theory"], zorder=1.9)
            some = of[of["block"] % max(1, last // 16) == 0]
            low = some["low"].clip(lower=some["measured"] / 4)  # of a logarithmic axis
            theme.points(ax, some.assign(low=low), "block", "measured", colour, markersize=4.5)
            words, y = quantity.replace("_", " "), of["theory"].iloc[middle]
            theme.label(ax, middle, y, words, colour, dx=dx, dy=-dx, ha=ha)
        title = "without batch norm" if norm == "none" else "with batch norm"
        ax.set(title=title, xlabel="block", xlim=(-0.02 * last, 1.03 * last))
    panels[0][0].set(yscale="log", ylabel="of a unit, after the block")
    panels[1][0].set(ylim=(0, None))
    return figure
