"""How many times fewer steps with batch norm, by multiple of the plain network's best rate; beside the paper's table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "How much faster depends on the rate, on the target, and on the network"
TAGS = ("speed", "learning rates", "Ioffe & Szegedy")
CLAIMS = (
    "fourteen-times-and-more-accurate",
    "faster-at-the-same-rate",
    "small-rates-lose-the-lead",
)

PUBLISHED = {1.0: 31.0 / 13.3, 5.0: 31.0 / 2.1, 30.0: 31.0 / 2.7}  # Ioffe & Szegedy 2015, Figure 3


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every multiple, target and run of ours: ratio of steps; and one for every row of the paper's table."""
    last, steps = float(results["step"][-1]), results["steps_to"]
    rows = []
    for condition in results["condition"].values.tolist():
        if condition == "none":
            continue
        for target in sorted(results["target"].values.tolist(), reverse=True):
            plain, ours = (
                np.minimum(steps.sel(condition=c, target=target).values, last)
                for c in ("none", condition)
            )
            reached = np.isfinite(steps.sel(condition=condition, target=target).values)
            rows.append(pd.DataFrame({"source": "ours", "multiple": float(condition), "target": target, "run": results["run"].values,
                                      "factor": plain / ours, "reached": reached.astype(int)}))  # fmt: skip
    paper = pd.DataFrame({"source": "paper", "multiple": list(PUBLISHED), "target": 0.722, "run": 0,
                          "factor": list(PUBLISHED.values()), "reached": 1})  # fmt: skip
    return pd.concat([*rows, paper], ignore_index=True).sort_values(
        ["source", "multiple", "target", "run"], ignore_index=True
    )


def _means(data: pd.DataFrame) -> pd.Series:
    ours = data[data["source"] == "ours"]
    return ours.groupby(["multiple", "target"])["factor"].apply(
        lambda f: float(np.exp(np.log(f).mean()))
    )


def alt(data: pd.DataFrame) -> str:
    means, targets = _means(data), sorted(data.loc[data["source"] == "ours", "target"].unique())
    return (f"Factor in steps against multiple of the rate. At the same rate {means[1.0, targets[-1]]:.1f} to {targets[-1]:.0%} and {means[1.0, targets[0]]:.1f} to {targets[0]:.0%} test accuracy; "
            f"the paper has {PUBLISHED[1.0]:.1f}, and {PUBLISHED[5.0]:.1f} at five times the rate.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    ours = data[data["source"] == "ours"]
    return (f"Steps without batch norm, at the best rate, over steps with it at a multiple of that rate, to three test accuracies: geometric mean and 95 % interval of {ours['run'].nunique()} paired runs. "
            f"Crosses: more than half of the runs never get there, and count as all of their steps. Diamonds: the published table, a large network on ImageNet, with other changes at five and thirty times.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    from scipy.stats import t

    figure, ax = theme.figure(height=4.0)
    ours, paper = (data[data["source"] == source] for source in ("ours", "paper"))
    targets = sorted(ours["target"].unique())
    multiples = sorted(ours["multiple"].unique())
    for k, (target, colour) in enumerate(zip(targets, theme.sequence(len(targets)), strict=True)):
        for multiple in multiples:
            rows = ours[(ours["target"] == target) & (ours["multiple"] == multiple)]
            log = np.log(rows["factor"].to_numpy())
            half = t.ppf(0.975, log.size - 1) * log.std(ddof=1) / np.sqrt(log.size)
            x = multiple * 1.09 ** (k - 1)
            ax.plot(
                [x, x], np.exp([log.mean() - half, log.mean() + half]), color=colour, linewidth=2
            )
            ax.plot(
                x,
                np.exp(log.mean()),
                "o" if rows["reached"].mean() > 0.5 else "x",
                color=colour,
                markersize=7,
            )
        low = ours[(ours["target"] == target) & (ours["multiple"] == multiples[0])]["factor"]
        theme.label(
            ax,
            multiples[0] * 1.09 ** (k - 1),
            np.exp(np.log(low).mean()),
            f"to {100 * target:.0f} %",
            colour,
            dx=10,
        )
    ax.plot(
        paper["multiple"] * 1.09**3, paper["factor"], "D", color=theme.colour("none"), markersize=7
    )
    top = paper.loc[paper["factor"].idxmax()]
    theme.label(
        ax,
        top["multiple"] * 1.09**3,
        top["factor"],
        "the paper",
        theme.colour("none"),
        dx=-10,
        ha="right",
    )
    ax.axhline(1, color=theme.muted, linewidth=1, zorder=1)
    ax.set(xscale="log", yscale="log", ylim=(0.3, 22), xlim=(min(multiples) * 0.7, max(multiples) * 1.6),
           xlabel="learning rate with batch norm, over the best rate without", ylabel="times fewer steps")  # fmt: skip
    ax.set_xticks(multiples, labels=[f"{m:g}" for m in multiples])
    ax.set_yticks([0.3, 0.5, 1, 2, 5, 10, 20], labels=["0.3", "0.5", "1", "2", "5", "10", "20"])
    ax.minorticks_off()
    return figure
