"""Accuracy on changed test images against the number of them that share their statistics."""

import xarray as xr

from experiments.results import only, summary
from experiments.studies.test_shift import ANEW, RUNNING
from site_gen.theme.numbers import percent

TITLE = "Thirty-two test images are nearly enough to take the statistics anew"
TAGS = ("test shift", "running statistics", "batch size")
CLAIMS = ("few-test-images-suffice",)

COLOURS = {  # and by how much a label is moved
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


def alt(data):
    accuracy = data.set_index(["shift", "size"])["accuracy"]
    contrast, noise = accuracy["contrast"].map(percent), accuracy["noise"].map(percent)
    return f"""Accuracy at a quarter of the contrast by the number of test images that share
    statistics: {contrast[8]} with 8, {contrast[32]} with 32, {contrast[ALL]} with all 1,000;
    {contrast[0]} with the running statistics. Noise stays low at {noise[ALL]}."""


def caption(data):
    running = only(data, size=0).set_index("shift")["accuracy"].map(percent)
    return f"""Batch norm on changed test images, in training mode with random batches of test
    images of each size and with all 1,000; means of {data["runs"].max()} runs with 95 % intervals.
    Dots on the left: running statistics, {running["contrast"]} for contrast and
    {running["brightness"]} for brightness."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.8)
    for shift, (colour, dy) in COLOURS.items():
        rows, style = only(data, shift=shift), {"fmt": "o-", "markersize": 4, "dx": 9, "dy": dy}
        theme.curve(ax, rows[1:], "size", "accuracy", colour, shift, **style)
        ax.plot(1.2, rows["accuracy"].iloc[0], "o", color=theme.colour(colour), markersize=7)
    names = {1.2: "running"} | {size: f"{size:,}" for size in rows["size"][1:]}
    ax.set(xscale="log", xlim=(1, 3000), xlabel="test images that share their statistics")
    ax.set(ylim=(0.2, 1), ylabel="accuracy on changed images")
    theme.ticks(ax, x=names, form=names.get)
    theme.ticks(ax, y=(0.2, 0.4, 0.6, 0.8, 1), form=percent)
    return figure
