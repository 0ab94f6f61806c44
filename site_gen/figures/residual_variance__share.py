"""The share of a block's branch in what leaves it, and how much is left of the network's input."""

import numpy as np
import pandas as pd

from experiments.results import only, summary
from site_gen.theme.numbers import percent

TITLE = "With batch norm each block comes close to the identity, and the network does not"
TAGS = ("depth", "residual networks", "initialization")
CLAIMS = ("residual-blocks-near-identity", "residual-network-near-identity")

# Quantity and norm → name, colour, and where it stands: along the blocks, and moved by points.
LINES = {
    ("share", "none"): ("branch, without batch norm", "none", 0.35, 6, 15, "left"),
    ("share", "batch norm"): ("branch, with batch norm", "batch norm", 0.1, -6, -13, "right"),
    ("kept", "batch norm"): ("network’s input, with batch norm", "input", 0.08, 6, 12, "left"),
}


def data(results):
    """By quantity, norm and block from the first: mean, and the closed form; the largest batch.

    `share`: variance that the branch adds over that which leaves the block. `kept`: variance of the
    network's input over that of what leaves the block.
    """
    results, after, found = results.isel(batch=-1), {"block": slice(1, None)}, []
    variance, law = results["variance"], results["predicted_variance"]
    for quantity, of, theory in (
        ("share", results["branch"] / variance, 1 - law.shift(block=1) / law),
        ("kept", variance.isel(block=0, drop=True) / variance, 1 / law),
    ):
        table = summary(of.isel(after).transpose("norm", "block", "run"), name="measured")
        found.append(table.assign(quantity=quantity, theory=theory.isel(after).values.ravel()))
    return pd.concat(found, ignore_index=True).assign(batch=results["batch"].item())


def alt(data):
    ends = data.groupby(["quantity", "norm"])["measured"].last()
    return f"""Share of the variance that leaves a block, over {data["block"].max()} blocks, on
    logarithmic axes. The branch's share falls with batch norm to
    {percent(ends["share", "batch norm"], 1)}, and stays near {percent(ends["share", "none"])}
    without. The share of the network's input falls with batch norm to
    {percent(ends["kept", "batch norm"], 1)}."""


def caption(data):
    return f"""Shares of the variance over the batch that leaves each block: of the block's own
    branch, and of the network's input. Networks that were not trained, batch of
    {data["batch"].iloc[0]}; mean of {data["runs"].iloc[0]} networks, 95 % intervals mostly smaller
    than the points; lines: the prediction for wide layers."""


def draw(data, theme):
    figure, ax = theme.figure()
    last = data["block"].max()
    shown = sorted({round(block) for block in np.geomspace(1, last, 13)})
    for (quantity, norm), (words, colour, place, dx, dy, ha) in LINES.items():
        rows = only(data, quantity=quantity, norm=norm)
        theme.theory(ax, rows["block"], rows["theory"], zorder=1.9)
        theme.points(ax, only(rows, block=shown), "block", "measured", colour)
        block = max(1, round(last**0.5 if norm == "none" else place * last))
        y = rows["theory"].iloc[block - 1]
        theme.label(ax, block, y, words, colour, dx=dx, dy=dy, ha=ha)
    ax.set(xscale="log", yscale="log", xlabel="block", ylim=(0.5 / last, 1.1))
    ax.set(ylabel="share of the variance after the block")
    theme.ticks(ax, x=[b for b in (1, 2, 4, 8, 16, 32, 64, 128, 256) if b <= last])
    shares = [s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1) if s >= 0.5 / last]
    theme.ticks(ax, y=shares, form=percent)
    return figure
