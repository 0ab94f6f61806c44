"""Accuracy on changed test images against the number of them that share their statistics."""

import numpy as np
import xarray as xr

from experiments.results import summary
from experiments.studies.test_shift import ANEW, RUNNING

TITLE = "Thirty-two test images are nearly enough to take the statistics anew"
TAGS = ("test shift", "running statistics", "batch size")
CLAIMS = ("few-test-images-suffice",)

# Shift → colour, and by how much its label is moved.
COLOURS = {
    "contrast": ("batch norm", 13),
    "brightness": ("input", 0),
    "own contrast": ("layer norm", -14),
    "noise": ("gradient", 0),
}
ALL = 1000  # test images


def data(results):
    """Mean over runs and interval for every shift and number of images; 0 are the running ones."""
    at = results["accuracy"].sel(place=int(results["at"]))
    ends = at.sel(way=[RUNNING, ANEW]).rename(way="size").assign_coords(size=[0, ALL])
    return summary(xr.concat([ends, results["by_size"]], "size").sortby("size"), name="accuracy")


def percent(data, shift):
    """Accuracy by number of images."""
    return (100 * data[data["shift"] == shift].set_index("size")["accuracy"]).to_dict()


def alt(data):
    contrast, noise = percent(data, "contrast"), percent(data, "noise")
    return (
        "Accuracy at a quarter of the contrast by the number of test images that share statistics: "
        f"{contrast[8]:.0f} % with 8, {contrast[32]:.0f} % with 32, {contrast[ALL]:.0f} % with all "
        f"1,000; {contrast[0]:.0f} % with the running statistics. Noise stays low at "
        f"{noise[ALL]:.0f} %."
    )


def caption(data):
    contrast, brightness = percent(data, "contrast"), percent(data, "brightness")
    return (
        "Batch norm on changed test images, in training mode with random batches of test images of "
        f"each size and with all 1,000; means of {data['runs'].max()} runs with 95 % intervals. "
        f"Dots on the left: running statistics, {contrast[0]:.0f} % for contrast and "
        f"{brightness[0]:.0f} % for brightness."
    )


def draw(data, theme):
    figure, ax = theme.figure(height=3.8)
    for shift, (colour, dy) in COLOURS.items():
        rows = data[data["shift"] == shift].sort_values("size")
        style = {"fmt": "o-", "markersize": 4, "dx": 9, "dy": dy}
        theme.curve(ax, rows[1:], "size", "accuracy", colour, shift, **style)
        ax.plot(1.2, rows["accuracy"].iloc[0], "o", color=theme.colour(colour), markersize=7)
    names = {1.2: "running"} | {size: f"{size:,}" for size in rows["size"][1:]}
    ax.set(xscale="log", xlim=(1, 3000), xlabel="test images that share their statistics")
    ax.set(ylim=(0.2, 1), ylabel="accuracy on changed images")
    theme.ticks(ax, x=names, form=names.get)
    theme.ticks(ax, y=np.arange(0.2, 1.01, 0.2), form=lambda y: f"{100 * y:.0f} %")
    return figure
