"""Four numbers that are often called a normalized batch, and the same four normalized."""

from experiments.results import rows

TITLE = "The copied example is not normalized"
TAGS = ("transform", "worked example")
CLAIMS = ("copied-example",)

ROWS = {  # stage of the study → what the row is called, and whether the batch was normalized
    "input": ("As copied", False),
    "times two plus three, without normalizing": ("… × 2 + 3", False),
    "over the standard deviation": ("Normalized", True),
    "times two plus three": ("… × 2 + 3", True),
}


def data(results):
    """A row for every stage and sample, with the mean and the standard deviation of the stage."""
    found = results.sel(stage=list(ROWS))
    value, std = found["example"], found["example_std"]
    table = rows(value=value, mean=value.mean("sample"), std=std)
    table["row"] = [ROWS[stage][0] for stage in table["stage"]]
    table["normalized"] = [int(ROWS[stage][1]) for stage in table["stage"]]
    return table.drop(columns="stage")


def alt(data):
    copied, copied_scaled, normalized, scaled = data["std"].unique()
    return f"""Four number lines. The four copied numbers have standard deviation {copied:.3f}, and
    {copied_scaled:.3f} after scaling by 2; the same numbers normalized have {normalized:.3f} and
    {scaled:.3f}."""


def caption(data):
    copied, copied_scaled, _, scaled = data["std"].unique()
    return f"""Dots are the samples, bars reach one population standard deviation to either side of
    the mean. The numbers −1.5, −0.5, 0.5, 1.5 have a mean of zero but a standard deviation of
    {copied:.3f}, so $\\gamma = 2$ gives {copied_scaled:.3f}; only after normalizing does it give
    {scaled:.0f}. Computed, no randomness."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.1)
    groups = list(data.groupby(["normalized", "row"], sort=False))
    heights = [4.0, 3.0, 1.5, 0.5]  # a gap between the pairs
    bar = {"alpha": 0.3, "linewidth": 9, "capstyle": "butt"}
    for ((normalized, name), stage), y in zip(groups, heights, strict=True):
        colour = theme.colour("batch norm" if normalized else "none")
        mean, std = stage["mean"].iloc[0], stage["std"].iloc[0]
        ax.hlines(y, mean - std, mean + std, color=colour, **bar)
        ax.plot(stage["value"], [y] * len(stage), "o", color=colour)
        theme.label(ax, 6.75, y, f"std {std:.3f}", colour)
        theme.label(ax, -2.15, y, name, colour, ha="right", dx=-5)
    ax.set(xlim=(-2.1, 6.7), ylim=(-0.1, 4.6), yticks=[], xlabel="value", xticks=range(-2, 7))
    ax.spines["left"].set_visible(False)
    ax.grid(False, axis="y")
    ax.grid(True, axis="x")
    return figure
