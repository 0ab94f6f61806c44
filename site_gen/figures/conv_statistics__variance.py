"""The mean of a channel's variance against m h w, for independent and for blurred pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "What a channel's variance misses depends on what its pixels are worth"
TAGS = ("transform", "convolution", "batch size")
CLAIMS = (
    "channel-variance-counts-pixels",
    "channel-variance-counts-what-it-is-worth",
    "one-bright-pixel-bound",
)
MISSING = dict.fromkeys(
    ("kernel", "low", "high", "worth"),
    "rows of one bright pixel are computed, and have neither kernel nor interval",
)

SHOWN = ("sharpened", "independent", "blurred")


def _interval(runs: np.ndarray) -> tuple[float, float, float]:
    """The mean over runs with its 95 % interval (Student's t)."""
    from scipy.stats import t

    low, high = t.interval(0.95, runs.size - 1, runs.mean(), runs.std(ddof=1) / np.sqrt(runs.size))
    return runs.mean(), low, high


def data(results: xr.Dataset) -> pd.DataFrame:
    """Rows of kind "variance": its mean over batches by kernel and setting; rows of kind "bright": one bright pixel by setting."""
    tables = []
    for kernel in SHOWN:
        for setting in results["setting"].values:
            at = results.sel(kernel=kernel, setting=setting)
            centre, low, high = _interval(at["variance"].values)
            m, side = int(at["noise_batch"]), int(at["noise_side"])
            tables.append({"kind": "variance", "kernel": kernel, "values": m * side**2, "batch": m, "value": float(centre), "low": float(low),
                           "high": float(high), "worth": at["worth_theory"].item(), "theory": 1 - 1 / at["worth_theory"].item()})  # fmt: skip
    for label, value, theory in zip(
        results["one_pixel"].values,
        results["bright"].values,
        results["bright_theory"].values,
        strict=True,
    ):
        side, m = int(str(label).split(" ")[0]), int(str(label).split("= ")[1])
        tables.append(
            {
                "kind": "bright",
                "values": m * side**2,
                "batch": m,
                "value": float(value),
                "theory": float(theory),
            }
        )
    return pd.DataFrame(tables).assign(runs=results.sizes["run"])


def _parts(data: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return tuple(
        data[data["kind"] == kind].sort_values("values") for kind in ("variance", "bright")
    )


def alt(data: pd.DataFrame) -> str:
    variance, bright = _parts(data)
    first = variance[variance["kernel"] == "blurred"].iloc[0]
    return (f"Left: the mean variance of a channel against m h w. For independent pixels it is near 1 throughout; for blurred ones it starts at {first['value']:.2f} with {first['values']} values and rises. "
            f"Right: one bright pixel in a dark batch normalizes to the square root of m h w minus 1, up to {bright['value'].max():.0f} for {bright['values'].max()} values.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    variance, bright = _parts(data)
    off = (variance["value"] / variance["theory"] - 1).abs().max()
    return (f"Left: mean variance of a channel (divisor $m h w$) of random images, the variance of a pixel being 1; means and 95 % intervals over {data['runs'].iloc[0]} runs. Lines: $1 - 1/n$, where $n$ is the number of independent values that "
            f"the pixels are worth, at most {100 * off:.1f} % away; dashed: $1 - 1/(m h w)$, which holds for independent pixels. Right: the normalized value of one bright pixel in a dark batch, $\\varepsilon = 0$; line: $\\sqrt{{m h w - 1}}$; dotted: "
            f"$\\sqrt{{m - 1}}$, what it could be at most if only the {bright['batch'].max()} values at its own place counted.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.7)
    variance, bright = _parts(data)
    smooth = np.geomspace(24, 700, 100)
    colours = dict(
        zip(
            SHOWN,
            (theme.colour("positive"), theme.colour("neutral"), theme.colour("negative")),
            strict=True,
        )
    )
    for kernel, dy in (("sharpened", 10), ("blurred", -12)):
        rows = variance[variance["kernel"] == kernel]
        worth = (rows["worth"] / rows["values"]).iloc[0]
        left.plot(smooth, 1 - 1 / (worth * smooth), color=theme.colour("theory"), linewidth=1)
        errors = [rows["value"] - rows["low"], rows["high"] - rows["value"]]
        left.errorbar(rows["values"], rows["value"], errors, fmt="o", color=colours[kernel])
        at = rows.iloc[0]
        theme.label(left, at["values"], at["value"], kernel, colours[kernel], dx=8, dy=dy)
    rows = variance[variance["kernel"] == "independent"]
    left.plot(smooth, 1 - 1 / smooth, color=theme.colour("theory"), linewidth=1, linestyle="--")
    left.errorbar(rows["values"], rows["value"], [rows["value"] - rows["low"], rows["high"] - rows["value"]], fmt="o", color=colours["independent"])  # fmt: skip
    theme.label(
        left,
        rows["values"].iloc[0],
        rows["value"].iloc[0],
        "independent",
        colours["independent"],
        dx=8,
        dy=-12,
    )
    left.set(
        xscale="log",
        ylim=(0.65, 1.08),
        xlabel="values of a channel, m · h · w",
        ylabel="mean variance of a channel",
    )
    ticks = [32, 128, 512]
    left.set_xticks(ticks, [str(tick) for tick in ticks])

    smooth = np.geomspace(bright["values"].min(), bright["values"].max(), 100)
    right.plot(smooth, np.sqrt(smooth - 1), color=theme.colour("theory"), linewidth=1)
    right.plot(bright["values"], bright["value"], "o", color=theme.colour("batch norm"))
    bound = np.sqrt(bright["batch"].max() - 1)
    right.axhline(bound, color=theme.muted, linewidth=1, linestyle=":", zorder=1.5)
    theme.label(right, bright["values"].max(), bound, f"√(m−1) at m = {bright['batch'].max()}", theme.muted, dx=0, dy=-9, ha="right", weight="normal")  # fmt: skip
    last = bright.iloc[-1]
    theme.label(
        right,
        last["values"],
        last["value"],
        "√(m·h·w−1)",
        theme.colour("batch norm"),
        dx=-10,
        dy=4,
        ha="right",
    )
    right.set(
        xscale="log",
        yscale="log",
        ylim=(2, 300),
        xlabel="values of a channel, m · h · w",
        ylabel="one bright pixel, normalized",
    )
    for ax in (left, right):
        ax.minorticks_off()
    return figure
