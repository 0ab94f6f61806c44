"""Accuracy on changed test images against the size of the change, for four ways to normalize."""

from experiments.results import only, summary
from site_gen.theme.numbers import percent

TITLE = "Statistics taken anew cancel contrast and brightness, and no noise"
TAGS = ("test shift", "running statistics", "alternatives")
CLAIMS = (
    "batch-norm-ignores-contrast",
    "new-statistics-undo-test-shift",
    "test-statistics-cancel-contrast-and-brightness",
    "layer-norm-cancels-contrast-and-brightness",
)

PANELS = {
    "contrast": "contrast c of c x",
    "brightness": "brightness b of x + b",
    "noise": "standard deviation of added noise",
    "own contrast": "lowest contrast, own for every image",
}
WAYS = {  # → colour and words
    "batch norm, anew": ("positive", "batch norm, statistics taken anew"),
    "batch norm, running": ("batch norm", "batch norm, running statistics"),
    "layer norm": ("layer norm", "layer norm"),
    "none": ("none", "no normalization"),
}


def data(results):
    """Mean over runs and interval for every way, shift and size of it."""
    accuracy = results["accuracy"].sel(shift=list(PANELS), way=list(WAYS))
    levels = results["level"].to_series().rename("level")
    found = summary(accuracy).join(levels, on=["shift", "place"])
    return found[["shift", "way", "level", "accuracy", "low", "high", "runs"]]


def alt(data):
    last = 100 * data.groupby(["way", "shift"])["accuracy"].last()
    old, new = last["batch norm, running"], last["batch norm, anew"]
    return f"""Accuracy against the size of four changes. At the largest, batch norm with running
    statistics has {old["contrast"]:.0f} % for contrast, {old["brightness"]:.0f} % for brightness
    and {old["noise"]:.0f} % for noise; with statistics taken anew {new["contrast"]:.0f},
    {new["brightness"]:.0f} and {new["noise"]:.0f} %."""


def caption(data):
    layer = only(data, way="layer norm").groupby("shift")["accuracy"].last().map(percent)
    return f"""Accuracy on test images that are changed more and more to the right; nothing was
    changed in training. Means of {data["runs"].max()} paired runs with 95 % intervals. Statistics
    taken anew are those of all changed test images, without labels. At the darkest, layer norm
    keeps {layer["contrast"]}; at the brightest {layer["brightness"]}."""


def draw(data, theme):
    figure, axes = theme.figure(rows=2, cols=2, height=5.8, sharey=True)
    for ax, (shift, name) in zip(axes.flat, PANELS.items(), strict=True):
        for way, (colour, _) in WAYS.items():
            rows = only(data, shift=shift, way=way)
            theme.curve(ax, rows, "level", "accuracy", colour, fmt="o-", markersize=4)
        if "contrast" in shift:
            ax.invert_xaxis()
        ax.set(xlabel=name, ylim=(0.2, 1))
        theme.ticks(ax, y=(0.2, 0.4, 0.6, 0.8, 1), form=percent)
    for ax in axes[:, 0]:
        ax.set(ylabel="test accuracy")
    for row, (colour, name) in enumerate(WAYS.values()):
        y = 0.5 - 0.11 * row
        theme.label(axes[1, 1], 0.04, y, name, colour, dx=0, transform="axes fraction")
    return figure
