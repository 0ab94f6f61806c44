"""Test accuracy over training with and without batch norm, and how the lead shrinks as the target rises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Batch norm leads by far at the start, and not at the end"
TAGS = ("training speed", "accuracy", "sigmoid")
CLAIMS = ("bn-trains-faster", "bn-higher-final-accuracy")
MISSING = dict.fromkeys(
    ("network", "step", "target"), "rows of accuracies and rows of leads have columns of their own"
)

TARGETS = np.arange(0.30, 0.931, 0.01).round(2)  # test accuracies whose first reaching is compared


def data(results: xr.Dataset) -> pd.DataFrame:
    """Accuracy by network and step; and by target accuracy how many times as many steps it takes without batch norm.

    The rate is the one that is trained for the longest. A target that some run does not reach is left out.
    """
    rate = _main_rate(results)
    at = results["accuracy"].sel(rate=rate).transpose("norm", "step", "run")
    steps = at["step"].values
    rows = [
        {"panel": "accuracy", "network": str(norm), "step": int(step)} | _interval(at.sel(norm=norm, step=step).values)
        for norm in at["norm"].values for step in steps
    ]  # fmt: skip
    for target in TARGETS:
        first = {}
        for norm in ("none", "batch norm"):
            reached = at.sel(norm=norm).values >= target
            first[norm] = np.where(reached.any(axis=0), steps[reached.argmax(axis=0)], np.inf)
        if np.isfinite(first["none"]).all() and np.isfinite(first["batch norm"]).all():
            log = _interval(np.log(first["none"] / first["batch norm"]))
            rows.append({"panel": "lead", "target": target}
                        | {name: np.exp(log[name]) for name in ("mean", "low", "high")} | {"runs": log["runs"]})  # fmt: skip
    return pd.DataFrame(rows).assign(rate=rate)


def _main_rate(results: xr.Dataset) -> float:
    """The rate that is trained for the longest, and of several the best for the network without batch norm."""
    plain = results.sel(norm="none").isel(target=0)
    longest = plain.sel(rate=np.isfinite(plain["accuracy"].isel(step=-1, run=0)).values)
    return longest["rate"].values[
        longest["steps_to"].transpose("rate", "run").median("run").values.argmin()
    ]


def _interval(values: np.ndarray) -> dict[str, float]:
    half = student.ppf(0.975, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size)
    return {
        "mean": values.mean(),
        "low": values.mean() - half,
        "high": values.mean() + half,
        "runs": values.size,
    }


def _last(data: pd.DataFrame) -> dict[str, float]:
    at = data[data["step"] == data["step"].max()].set_index("network")
    return {name: at.loc[name, "mean"] for name in ("none", "batch norm")}


def _lead(data: pd.DataFrame) -> pd.DataFrame:
    return data[data["panel"] == "lead"]


def alt(data: pd.DataFrame) -> str:
    last, lead = _last(data), _lead(data)
    return (f"Left: with batch norm the test accuracy rises within the first hundred steps, without it hundreds of steps later; after "
            f"{data['step'].max():.0f} steps they are at {last['batch norm']:.3f} and {last['none']:.3f}. Right: the number of steps to a target, "
            f"without over with batch norm, falls from {lead['mean'].max():.0f} to {lead['mean'].iloc[-1]:.1f} as the target rises to "
            f"{lead['target'].iloc[-1]:.2f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Left: test accuracy on MNIST-5k, in inference mode, of three layers of sigmoids at learning rate ${data['rate'].iloc[0]:g}$, a good one for "
            f"the network without batch norm. Right: how many times as many steps that network takes to a test accuracy (at 1 they take the "
            f"same; targets that every run reaches). Means of {data['runs'].iloc[0]:.0f} paired runs with 95 % bands, geometric on the right.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.6)
    for network, label in (("none", "without"), ("batch norm", "with batch norm")):
        rows, colour = (
            data[(data["network"] == network) & (data["step"] > 0)],
            theme.colour(network),
        )
        theme.band(left, rows["step"], rows["low"], rows["high"], colour)
        left.plot(rows["step"], rows["mean"], color=colour)
        half = rows["step"].iloc[(rows["mean"] > 0.5).argmax()]
        theme.label(left, half, 0.5, label, colour, ha="right", dx=-8)
    left.set(xscale="log", ylim=(0, 1), xlabel="training steps", title="test accuracy")

    lead, colour = _lead(data), theme.colour("truth")
    theme.band(right, lead["target"], lead["low"], lead["high"], colour)
    right.plot(lead["target"], lead["mean"], color=colour)
    right.axhline(1, color=theme.muted, linewidth=0.8)
    right.set_yscale("log", base=2)
    ticks = [2**k for k in range(0, 8) if 2**k <= 1.3 * lead["high"].max()]
    right.set_yticks(ticks, [f"{tick}×" for tick in ticks])
    right.set(
        ylim=(0.7, 1.15 * lead["high"].max()),
        xlabel="target test accuracy",
        title="steps without ÷ steps with batch norm",
    )
    return figure
