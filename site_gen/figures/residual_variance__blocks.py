"""Variance and mean square of a unit after each residual block, with and without batch norm."""

import pandas as pd

from experiments.results import summary
from site_gen.theme.numbers import power_of_ten

TITLE = "With batch norm every residual block adds the same; without it every block doubles"
TAGS = ("depth", "residual networks", "initialization")
CLAIMS = ("residual-variance-grows-linearly", "plain-residual-doubles")

NORMS = {"none": "without batch norm", "batch norm": "with batch norm"}
LAWS = {"mean_square": "predicted_square", "variance": "predicted_variance"}


def data(results):
    """By norm, quantity and block: mean over networks, and the closed form; the largest batch."""
    results, found = results.isel(batch=-1).sel(norm=list(NORMS)), []
    for quantity, law in LAWS.items():
        table = summary(results[quantity].transpose("norm", "block", "run"), name="measured")
        theory = results[law].values.ravel()
        found.append(table.assign(quantity=quantity, theory=theory))
    return pd.concat(found, ignore_index=True).assign(batch=results["batch"].item())


def _rows(data, norm, quantity):
    of = data[(data["norm"] == norm) & (data["quantity"] == quantity)]
    return of.set_index("block", drop=False)


def alt(data):
    last = data["block"].max()
    plain = _rows(data, "none", "mean_square")["measured"][last]
    square, variance = (_rows(data, "batch norm", q)["measured"][last] for q in LAWS)
    return (
        f"Two panels over {last} residual blocks. Without batch norm, on a logarithmic axis, mean "
        "square and variance rise along nearly straight lines, the mean square to about "
        f"{power_of_ten(plain)}. With it, on a linear axis, both rise along straight lines, to "
        f"{square:.1f} and {variance:.1f}."
    )


def caption(data):
    over = data["measured"] / data["theory"]
    away = (over[data["norm"] == "batch norm"] - 1).abs().max()
    plain = _rows(data, "none", "variance").iloc[-1]
    return (
        "Mean square and variance over the batch of a unit after each block, at the start, for a "
        f"batch of {data['batch'].iloc[0]}. Points: mean of {data['runs'].iloc[0]} networks with "
        "95 % intervals; lines: the prediction for wide layers, with batch norm at most "
        f"{100 * away:.1f} % away; without it the variance ends at "
        f"{plain['measured'] / plain['theory']:.1f} times the prediction, since an average over "
        "networks is ruled by the largest. Left the scale is logarithmic, right it is linear."
    )


def draw(data, theme):
    figure, axes = theme.figure(cols=2)
    last = data["block"].max()
    middle = round(0.62 * last)
    for ax, (norm, title) in zip(axes, NORMS.items(), strict=True):
        for quantity, colour in (("mean_square", theme.muted), ("variance", norm)):
            of = _rows(data, norm, quantity)
            theme.theory(ax, of["block"], of["theory"], zorder=1.9)
            some = of[of["block"] % max(1, last // 16) == 0]
            low = some["low"].clip(lower=some["measured"] / 4)  # of a logarithmic axis
            theme.points(ax, some.assign(low=low), "block", "measured", colour, markersize=4.5)
            place = {"dx": 8, "dy": -8} if colour == norm else {"dx": -8, "dy": 8, "ha": "right"}
            name = quantity.replace("_", " ")
            theme.label(ax, middle, of["theory"][middle], name, colour, **place)
        ax.set(title=title, xlabel="block", xlim=(-0.02 * last, 1.03 * last))
    axes[0].set(yscale="log", ylabel="of a unit, after the block")
    axes[1].set(ylim=(0, None))
    return figure
