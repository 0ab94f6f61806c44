"""Test accuracy after training by the size of the first weights."""

from experiments.results import only, summary
from experiments.studies.init_scale import NORMED, PLAIN, SCALED

TITLE = "With batch norm small weights learn as well as He’s, and large ones slowly"
TAGS = ("initialization", "learning rates", "training")
CLAIMS = (
    "bn-less-sensitive-to-initialization",
    "plain-needs-the-right-size",
    "size-does-not-matter-with-bn",
)

LABELS = {PLAIN: ("without", 13), NORMED: (NORMED, -13), SCALED: (SCALED, 13)}


def data(results):
    """A row for every condition and size: mean test accuracy at the end with its interval, and
    the share of runs that diverged."""
    last = results.sel(condition=list(LABELS)).isel(step=-1, drop=True)
    last = last.transpose("condition", "factor", "run")
    table = summary(last["accuracy"])
    table["diverged"] = last["diverged"].mean("run").values.ravel()
    return table.assign(steps=int(results["step"][-1]))


def alt(data):
    at, low, high = data.set_index("factor"), data["factor"].min(), data["factor"].max()
    said = []
    for condition in LABELS:
        first, he, last = only(at, condition=condition)["accuracy"][[low, 1.0, high]]
        said.append(f"{condition}: {first:.0%}, {he:.0%} and {last:.0%}")
    return f"""Lines of test accuracy after {data["steps"].iloc[0]} steps over the size of the first
    weights, k times He's. At k = {low:g}, 1 and {high:g}; {"; ".join(said)}."""


def caption(data):
    lost, text = data[data["diverged"] > 0], ""
    if set(lost["condition"]) == {PLAIN}:
        gone = ", ".join(f"{row.diverged:.0%} at $k = {row.factor:g}$" for row in lost.itertuples())
        text = f"without batch norm {gone}, with it none."
        text = f" Runs whose loss became infinite count with the accuracy of guessing: {text}"
    return (
        f"Test accuracy after {data['steps'].iloc[0]} steps from $k$ times He's hidden weights; "
        f"mean of {data['runs'].iloc[0]} paired runs with 95 % intervals. Dashed: the rate of the "
        "hidden weights is multiplied by $k^2$, which keeps rate over squared length fixed." + text
    )


def draw(data, theme):
    figure, ax = theme.figure()
    for condition, (label, dy) in LABELS.items():
        colour = "none" if condition == PLAIN else "batch norm"
        style = {"fmt": "D", "linestyle": (0, (4, 2))} if condition == SCALED else {"fmt": "o-"}
        style |= {"label": label, "dx": 4, "dy": dy, "ha": "right"}
        theme.curve(ax, only(data, condition=condition), "factor", "accuracy", colour, **style)
    ax.set(xscale="log", xlabel="k, size of the first weights over He’s")
    ax.set(ylabel="test accuracy", ylim=(0, 1))
    theme.ticks(ax, x=(0.01, 0.1, 1, 10, 100))
    return figure
