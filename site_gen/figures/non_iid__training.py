"""Test accuracy after training with shuffled and with biased batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Batches of few digits cost batch norm more than layer norm"
TAGS = ("biased batches", "train and eval", "alternatives")
CLAIMS = (
    "biased-batches-spoil-batch-norm",
    "layer-norm-ignores-biased-batches",
    "biased-training-suits-biased-batches",
)

KINDS = {
    "shuffled": "shuffled",
    "two digits": "two digits a batch",
    "one digit": "one digit a batch",
}
CONDITIONS = {  # norm and mode → colour and name
    ("layer norm", "evaluation"): ("layer norm", "layer norm"),
    ("none", "evaluation"): ("none", "none"),
    ("batch norm", "evaluation"): ("batch norm", "batch norm, evaluation mode"),
    ("batch norm", "training, same kind"): (
        "negative",
        "batch norm, training mode,\nsame kind of batch",
    ),
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every kind of batch, way to normalize and mode: mean over runs and the 95 % interval (Student's t)."""
    from scipy.stats import t

    accuracy, runs = results["accuracy"], results.sizes["run"]
    rows = []
    for kind in KINDS:
        for norm, mode in CONDITIONS:
            values = accuracy.sel(norm=norm, mode=mode, kind=kind).values
            half = t.ppf(0.975, runs - 1) * values.std(ddof=1) / np.sqrt(runs)
            rows.append(
                (kind, norm, mode, values.mean(), values.mean() - half, values.mean() + half, runs)
            )
    return pd.DataFrame(rows, columns=["kind", "norm", "mode", "accuracy", "low", "high", "runs"])


def _percent(data: pd.DataFrame, norm: str, kind: str, mode: str = "evaluation") -> str:
    rows = data[(data["norm"] == norm) & (data["kind"] == kind) & (data["mode"] == mode)]
    return f"{100 * rows['accuracy'].item():.0f} %"


def alt(data: pd.DataFrame) -> str:
    bn, ln = (
        [_percent(data, norm, kind) for kind in KINDS] for norm in ("batch norm", "layer norm")
    )
    return (f"Test accuracy for three kinds of training batch, shuffled, two digits and one digit: batch norm {bn[0]}, {bn[1]} and {bn[2]} in evaluation mode, layer norm "
            f"{ln[0]}, {ln[1]} and {ln[2]}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Accuracy on the test images after equally many steps with batches of one size; means of {data['runs'].iloc[0]} paired runs with 95 % intervals. In training mode the test images are in batches "
            f"of the kind that the network was trained with: after batches of two digits {_percent(data, 'batch norm', 'two digits', 'training, same kind')}. One digit in ten would be right by chance.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=3.7)
    for (norm, mode), (key, name) in CONDITIONS.items():
        rows = data[(data["norm"] == norm) & (data["mode"] == mode)]
        rows = rows.set_index("kind").loc[list(KINDS)]
        colour, x = theme.colour(key), np.arange(len(KINDS))
        ax.errorbar(x, rows["accuracy"], yerr=(rows["accuracy"] - rows["low"], rows["high"] - rows["accuracy"]), fmt="o-", color=colour,
                    linewidth=1.2, markersize=6)  # fmt: skip
        if norm != "batch norm":
            theme.label(ax, x[-1], rows["accuracy"].iloc[-1], name, colour, dx=9)
        elif mode == "evaluation":
            theme.label(ax, 1.42, rows["accuracy"].iloc[1:].mean(), name, colour, dx=8, dy=14)
        else:
            theme.label(ax, 1, rows["accuracy"].iloc[1], name, colour, dx=-10, dy=-16, ha="right")
    ticks = np.arange(0, 1.01, 0.2)
    ax.set(ylim=(0, 1), xlim=(-0.15, 2.55), ylabel="test accuracy", xlabel="training batches")
    ax.set_yticks(ticks, labels=[f"{100 * t:.0f} %" for t in ticks])
    ax.set_xticks(range(len(KINDS)), labels=list(KINDS.values()))
    ax.axhline(0.1, color=theme.muted, linewidth=0.8, linestyle=":", zorder=1)
    theme.label(ax, -0.12, 0.1, "chance", theme.muted, dx=0, dy=8, weight="normal")
    return figure
