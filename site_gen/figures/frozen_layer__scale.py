"""Change of outputs as the weights before batch norm are multiplied, by the kind of statistics."""

from experiments.results import only, rows

TITLE = "With fixed statistics the scale of the weights counts again"
TAGS = ("freezing", "scale invariance")
CLAIMS = ("evaluation-mode-is-affine", "frozen-scale-invariance", "frozen-scale-closed-form")
ID = "freezing-scale"


def data(results):
    """Change of the outputs by run, statistics and factor, and the closed form if fixed."""
    return rows(results["scale_change"], results["scale_theory"])


def alt(data):
    mean, top = data.groupby(["statistics", "factor"])["scale_change"].mean(), data["factor"].max()
    return f"""With fixed statistics the change rises with the distance of the factor from 1, to
    {mean["running", top]:.1f} at {top:g}; with those of the batch it stays at round-off,
    {mean["batch", top]:.0e} there."""


def caption(data):
    return f"""Root mean square change of batch norm's outputs as the weights before it are
    multiplied by $a$; {data["run"].nunique()} random layers without ε. Line: $|a -
    1|\\,\\sqrt{{\\overline{{(\\gamma\\,xW/\\sigma)^2}}}}$, the mean over layers."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.4)
    low, high = data["factor"].min(), data["factor"].max()
    for statistics, colour, words in (
        ("running", "neutral", "fixed statistics"),
        ("batch", "batch norm", "statistics of the batch"),
    ):
        shown = only(data, statistics=statistics)
        theme.points(ax, shown, "factor", "scale_change", colour, alpha=0.5)
        end = only(shown, factor=high)["scale_change"].mean()
        theme.label(ax, high, end, words, colour, dx=-10, dy=4, ha="right")
    slope = (data["scale_theory"] / (data["factor"] - 1).abs()).mean()
    theme.theory(ax, [low, 1, high], [slope * (1 - low), 0, slope * (high - 1)], zorder=1.9)
    ax.set(xlabel="factor a of the weights", ylabel="change of the outputs")
    return figure
