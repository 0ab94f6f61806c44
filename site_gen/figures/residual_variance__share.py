"""The share of a block's branch in what leaves it, and how much is left of the network's input."""

import numpy as np
import pandas as pd

from experiments.results import summary

TITLE = "With batch norm each block comes close to the identity, and the network does not"
TAGS = ("depth", "residual networks", "initialization")
CLAIMS = ("residual-blocks-near-identity", "residual-network-near-identity")

# Quantity and norm → name, where along the blocks it stands and how far up, colour.
LINES = {
    ("share", "none"): ("branch, without batch norm", 0.35, 15, "none"),
    ("share", "batch norm"): ("branch, with batch norm", 0.1, -13, "batch norm"),
    ("kept", "batch norm"): ("network’s input, with batch norm", 0.08, 12, "input"),
}


def data(results):
    """By quantity, norm and block from the first: mean, and the closed form; the largest batch.

    `share`: variance that the branch adds over that which leaves the block. `kept`: variance of the
    network's input over that of what leaves the block.
    """
    results, found = results.isel(batch=-1).transpose("norm", "block", "run"), []
    variance, law = results["variance"], results["predicted_variance"]
    for quantity, of, theory in (
        ("share", results["branch"] / variance, 1 - law.shift(block=1) / law),
        ("kept", variance.isel(block=0, drop=True) / variance, 1 / law),
    ):
        of, theory = (one.isel(block=slice(1, None)) for one in (of, theory))
        table = summary(of.transpose("norm", "block", "run"), name="measured")
        found.append(table.assign(quantity=quantity, theory=theory.values.ravel()))
    return pd.concat(found, ignore_index=True).assign(batch=results["batch"].item())


def _rows(data, quantity, norm):
    return data[(data["quantity"] == quantity) & (data["norm"] == norm)]


def alt(data):
    plain, share, kept = (100 * _rows(data, *line)["measured"].iloc[-1] for line in LINES)
    return (
        f"Share of the variance that leaves a block, over {data['block'].max()} blocks, on "
        f"logarithmic axes. The branch's share falls with batch norm to {share:.1f} %, and stays "
        f"near {plain:.0f} % without. The share of the network's input falls with batch norm to "
        f"{kept:.1f} %."
    )


def caption(data):
    return (
        "Shares of the variance over the batch that leaves each block: of the block's own branch, "
        "and of the network's input. Networks that were not trained, batch of "
        f"{data['batch'].iloc[0]}; mean of {data['runs'].iloc[0]} networks, 95 % intervals mostly "
        "smaller than the points; lines: the prediction for wide layers."
    )


def draw(data, theme):
    figure, ax = theme.figure()
    last = data["block"].max()
    shown = {round(block) for block in np.geomspace(1, last, 13)}
    for (quantity, norm), (name, where, dy, colour) in LINES.items():
        rows = _rows(data, quantity, norm)
        theme.theory(ax, rows["block"], rows["theory"], zorder=1.9)
        theme.points(ax, rows[rows["block"].isin(shown)], "block", "measured", colour)
        block = max(1, round(last**0.5 if norm == "none" else where * last))
        place = {"ha": "left", "dx": 6} if dy > 0 else {"ha": "right", "dx": -6}
        theme.label(ax, block, rows["theory"].iloc[block - 1], name, colour, dy=dy, **place)
    ax.set(xscale="log", yscale="log", xlabel="block", ylim=(0.5 / last, 1.1))
    ax.set(ylabel="share of the variance after the block")
    theme.ticks(ax, x=[b for b in (1, 2, 4, 8, 16, 32, 64, 128, 256) if b <= last])
    shares = [s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1) if s >= 0.5 / last]
    theme.ticks(ax, y=shares, form=lambda share: f"{100 * share:g} %")
    return figure
