"""The share of a block's branch in what leaves it, and how far the network has moved from its input, by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "With batch norm each block comes close to the identity, and the network does not"
TAGS = ("depth", "residual networks", "initialization")
CLAIMS = ("residual-blocks-near-identity", "residual-network-near-identity")

NORMS = ("none", "batch norm")


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every quantity, norm and block from the first: mean with interval, and the closed form; the largest batch.

    `share`: variance that the branch adds over that which leaves the block. `kept`: variance of the network's input over that of
    what leaves the block.
    """
    batch = int(results["batch"].max())
    rows = []
    for norm in NORMS:
        at = results.sel(norm=norm, batch=batch).transpose("run", "block", ...)
        law = at["predicted_variance"].values
        for name, values, theory in (
            (
                "share",
                at["branch"] / at["variance"],
                1 - np.concatenate([[np.nan], law[:-1]]) / law,
            ),
            ("kept", at["variance"].isel(block=0, drop=True) / at["variance"], 1 / law),
        ):
            values = values.transpose("run", "block").values[:, 1:]
            centre, runs = values.mean(axis=0), len(values)
            half = student.ppf(0.975, runs - 1) * values.std(axis=0, ddof=1) / np.sqrt(runs)
            rows.append(pd.DataFrame({"quantity": name, "norm": norm, "block": results["block"].values[1:], "measured": centre,
                                      "low": centre - half, "high": centre + half, "theory": theory[1:], "batch": batch,
                                      "runs": runs}))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _last(data: pd.DataFrame, quantity: str, norm: str) -> float:
    rows = data[(data["quantity"] == quantity) & (data["norm"] == norm)]
    return float(rows["measured"].iloc[-1])


def alt(data: pd.DataFrame) -> str:
    return (f"Share of the variance that leaves a block, over {data['block'].max()} blocks, on logarithmic axes. The branch's share falls with batch norm to "
            f"{100 * _last(data, 'share', 'batch norm'):.1f} %, and stays near {100 * _last(data, 'share', 'none'):.0f} % without. The share of the "
            f"network's input falls with batch norm to {100 * _last(data, 'kept', 'batch norm'):.1f} %.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Shares of the variance over the batch that leaves each block: of the block's own branch, and of the network's input. Networks that "
            f"were not trained, batch of {data['batch'].iloc[0]}; mean of {data['runs'].iloc[0]} networks, 95 % intervals mostly smaller than the points; "
            f"lines: the prediction for wide layers.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.6)
    last = int(data["block"].max())
    shown = sorted({round(b) for b in np.geomspace(1, last, 13)})
    names = {
        ("share", "none"): ("branch, without batch norm", 0.35, 15, "none"),
        ("share", "batch norm"): ("branch, with batch norm", 0.1, -13, "batch norm"),
        ("kept", "batch norm"): ("network’s input, with batch norm", 0.08, 12, "input"),
    }
    for (quantity, norm), (name, where, dy, key) in names.items():
        rows, colour = (
            data[(data["quantity"] == quantity) & (data["norm"] == norm)],
            theme.colour(key),
        )
        ax.plot(
            rows["block"], rows["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9
        )
        some = rows[rows["block"].isin(shown)]
        ax.vlines(some["block"], some["low"], some["high"], color=colour, linewidth=2)
        ax.plot(some["block"], some["measured"], "o", color=colour)
        at = rows.set_index("block")["theory"]
        block = max(1, round(last**0.5)) if norm == "none" else max(1, round(where * last))
        right = dy > 0
        theme.label(
            ax,
            block,
            at[block],
            name,
            colour,
            ha="left" if right else "right",
            dx=6 if right else -6,
            dy=dy,
        )
    ticks = [b for b in (1, 2, 4, 8, 16, 32, 64, 128, 256) if b <= last]
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="block",
        ylabel="share of the variance after the block",
        ylim=(0.5 / last, 1.1),
    )
    ax.set_xticks(ticks, [str(b) for b in ticks])
    shares = [s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1) if s >= 0.5 / last]
    ax.set_yticks(shares, [f"{100 * s:g} %" for s in shares])
    ax.minorticks_off()
    return figure
