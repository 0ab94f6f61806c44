"""How many times fewer steps with batch norm, by multiple of the rate; beside the paper's table."""

import pandas as pd

from experiments.results import only
from experiments.studies.speedup import factor, reach
from site_gen.theme.numbers import percent

TITLE = "How much faster depends on the rate, on the target, and on the network"
TAGS = ("speed", "learning rates", "Ioffe & Szegedy")
CLAIMS = (
    "fourteen-times-and-more-accurate",
    "faster-at-the-same-rate",
    "small-rates-lose-the-lead",
)

PUBLISHED = {1.0: 31.0 / 13.3, 5.0: 31.0 / 2.1, 30.0: 31.0 / 2.7}  # Ioffe & Szegedy 2015, Figure 3


def data(results):
    """A row for every multiple and target of ours, with its interval; and for the paper's table."""
    columns = ["source", "multiple", "target", "factor", "low", "high", "reached", "runs"]
    found = [("paper", k, 0.722, f, f, f, 1.0, 1) for k, f in PUBLISHED.items()]
    for condition in results["condition"].values[results["condition"].values != "none"]:
        for target in results["target"].values:
            m, reached = (of(condition, target)(results) for of in (factor, reach))
            measured = m.estimate, m.low, m.high, reached.estimate, m.runs
            found.append(("ours", float(condition), float(target), *measured))
    table = pd.DataFrame(found, columns=columns)
    return table.sort_values(["source", "multiple", "target"], ignore_index=True)


def alt(data):
    factors = only(data, source="ours", multiple=1).set_index("target")["factor"]
    low, *_, high = factors.index
    return f"""Factor in steps against multiple of the rate. At the same rate {factors[high]:.1f} to
    {high:.0%} and {factors[low]:.1f} to {low:.0%} test accuracy; the paper has
    {PUBLISHED[1.0]:.1f}, and {PUBLISHED[5.0]:.1f} at five times the rate."""


def caption(data):
    return f"""Steps without batch norm, at the best rate, over steps with it at a multiple of that
    rate, to three test accuracies: geometric mean and 95 % interval of {data["runs"].max()} paired
    runs. Crosses: more than half of the runs never get there, and count as all of their steps.
    Diamonds: the published table, a large network on ImageNet, with other changes at five and
    thirty times."""


def draw(data, theme):
    figure, ax = theme.figure(height=4.0)
    ours, paper = (only(data, source=source) for source in ("ours", "paper"))
    targets, multiples = ours["target"].unique(), ours["multiple"].unique()
    for k, (target, colour) in enumerate(zip(targets, theme.sequence(len(targets)), strict=True)):
        rows = only(ours, target=target).assign(
            multiple=multiples * 1.09 ** (k - 1)
        )  # side by side
        for fmt, some in (("o", rows["reached"] > 0.5), ("x", rows["reached"] <= 0.5)):
            theme.points(ax, rows[some], "multiple", "factor", colour, fmt=fmt, markersize=7)
        first = rows.iloc[0][["multiple", "factor"]]
        theme.label(ax, *first, f"to {percent(target)}", colour, dx=10)
    paper = paper.assign(multiple=paper["multiple"] * 1.09**3)[["multiple", "factor"]]
    theme.points(ax, paper, "multiple", "factor", "none", fmt="D", markersize=7)
    highest = paper.loc[paper["factor"].idxmax()]
    theme.label(ax, *highest, "the paper", "none", dx=-10, ha="right")
    theme.level(ax, y=1)
    ax.set(xscale="log", xlim=(min(multiples) * 0.7, max(multiples) * 1.6))
    ax.set(yscale="log", ylim=(0.3, 22), ylabel="times fewer steps")
    ax.set(xlabel="learning rate with batch norm, over the best rate without")
    theme.ticks(ax, x=multiples, y=(0.3, 0.5, 1, 2, 5, 10, 20))
    return figure
