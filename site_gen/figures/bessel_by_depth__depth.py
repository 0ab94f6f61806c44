"""Standard deviation in eval mode by depth, with and without Bessel's correction."""

import pandas as pd

from experiments.results import only, summary

TITLE = "With depth, the two conventions for the running variance drift apart"
TAGS = ("train and eval", "depth", "conventions")
CLAIMS = ("the-gap-is-known", "bessel-does-not-matter", "unbiased-is-more-accurate")
ID = "train-eval-gap-depth"

BATCH = 64
PANELS = {"fresh": "normalizations in a row", "network": "dense, batch norm, ReLU blocks"}
COLOURS = {"biased": "positive", "unbiased": "negative"}


def data(results):
    """A row for every setting, convention and layer: the mean with its interval, and the theory."""
    at = results.sel(batch=BATCH)
    found = []
    for name in PANELS:
        theory = at[f"{name}_std_theory"].values.ravel()
        found.append(summary(at[f"{name}_std"], name="std").assign(setting=name, theory=theory))
    return pd.concat(found, ignore_index=True)


def alt(data):
    layers = data["layer"].max()
    deepest = only(data, layer=layers).set_index(["setting", "convention"])["std"]
    row, network = deepest["fresh"], deepest["network"]
    return f"""Left: with the correction the standard deviation in eval mode falls steadily from 1
    to {row["unbiased"]:.2f} at layer {layers}; without, it stays at {row["biased"]:.3f}. Right, in
    a random network: with the correction it dips and ends at {network["unbiased"]:.2f}, without it
    rises to {network["biased"]:.2f}."""


def caption(data):
    return f"""Standard deviation of the normalized units in eval mode, over fresh data, batch size
    {BATCH}; in training mode it is exactly 1 on every batch. Points: means of
    {data["runs"].iloc[0]} runs with 95 % intervals; lines: the closed forms
    $\\left(\\frac{{m-1}}{{m}}\\right)^{{(l-1)/2}}$ and $\\sqrt{{m/(m-1)}}$, which hold for
    normalizations in a row and are drawn on the right for comparison."""


def draw(data, theme):
    figure, panels = theme.panels(data, "setting", height=3.7, sharey=True)
    for ax, setting, shown in panels:
        theme.level(ax, y=1, color=theme.colour("truth"), linestyle=":")
        for convention, colour in COLOURS.items():
            rows = only(shown, convention=convention)
            theme.theory(ax, rows["layer"], rows["theory"], zorder=1.9)
            theme.points(ax, rows, "layer", "std", colour)
        ax.set(title=PANELS[setting], xlabel="layer", xticks=[1, 5, 10, 15, 20])
    (left, right), last = [ax for ax, _, _ in panels], data["layer"].max()
    left.set_ylabel("standard deviation in eval mode")
    ends = only(data, setting="fresh", layer=last).set_index("convention")["std"]
    theme.label(left, 1.5, ends["biased"], "without\n(Keras, Flax)", "positive", dx=0, dy=19)
    name = "with Bessel’s correction\n(PyTorch)"
    theme.label(left, 1.5, ends["unbiased"], name, "negative", dx=0, dy=6)
    beside = {"ha": "right", "dx": 0}
    theme.label(left, last, 1, "training mode", "truth", dy=-9, weight="normal", **beside)
    theme.label(right, last * 0.6, 1.11, "without", "positive", **beside)
    theme.label(right, last * 0.7, 0.94, "with", "negative", **beside)
    return figure
