"""Test accuracy by width, for what is trained: γ and β, the last layer, everything."""

import pandas as pd

from experiments.results import only, rows, summary
from experiments.studies.affine_only import best

TITLE = "Over random features, γ and β alone learn the more the wider the network"
TAGS = ("γ and β", "training", "random features")
CLAIMS = ("gamma-and-beta-alone-learn", "gamma-and-beta-rival-the-rest")

COLOURS = {"γ and β": "batch norm", "last layer": "input", "everything": "neutral"}


def data(results):
    """A row for every choice and width: accuracy at the best rate, and how many parameters move."""
    widths, trained = results["width"].values, rows(results["trained"]).astype({"trained": int})
    found = [summary(best(one, width)(results)) for one in COLOURS for width in widths]
    return pd.concat(found).merge(trained, how="left")


def alt(data):
    low, high = data["width"].min(), data["width"].max()
    means = data.set_index(["choice", "width"])["accuracy"]
    said = [f"{one} from {means[one, low]:.2f} to {means[one, high]:.2f}" for one in COLOURS]
    return f"Test accuracy from width {low} to {high}: {', '.join(said)}."


def caption(data):
    trained = only(data, width=data["width"].max()).set_index("choice")["trained"]
    return f"""Test accuracy in evaluation mode at the best learning rate, two hidden layers with
    batch norm and ReLU; what is not trained stays random. Mean and 95 % interval of
    {data["runs"].max()} paired runs. In the widest network {trained["γ and β"]} numbers are γ and
    β, {trained["last layer"]} are in the last layer, {trained["everything"]} in all. The line at
    the bottom is chance."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.8)
    for choice, colour in COLOURS.items():
        rows = only(data, choice=choice)
        theme.curve(ax, rows, "width", "accuracy", colour, choice, fmt="o-", markersize=5, dx=9)
    theme.level(ax, y=0.1)
    widths = data["width"].unique()
    ax.set(xscale="log", ylim=(0, 1), xlim=(0.9 * widths[0], 1.45 * widths[-1]))
    ax.set(xlabel="units in each hidden layer", ylabel="test accuracy")
    theme.ticks(ax, x=widths)
    return figure
