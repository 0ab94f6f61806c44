"""The batch variance and its inverse, on average, against the batch size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "The variance of a small batch is too small, and its inverse far too large"
TAGS = ("transform", "batch size", "gradients")
CLAIMS = ("batch-variance-is-population-variance", "small-batches-only-add-noise")
MISSING = dict.fromkeys(
    ("low", "high", "theory"),
    "a median over runs has no interval here, and up to three samples the mean does not exist",
)

SHOWN = (2, 3, 4, 8, 64)


def data(results: xr.Dataset) -> pd.DataFrame:
    """Three kinds of rows: the mean variance against the batch size; the mean inverse variance against it (over all batches of a
    run); and the same for some sizes against the number of batches averaged, the run in the middle."""  # fmt: skip
    from scipy.stats import t

    tables = []
    for kind, values in (
        ("variance", results["variance"]),
        ("inverse", results["inverse_variance"].isel(count=-1)),
    ):
        for m in results["batch"].values:
            if (
                kind == "inverse" and m <= 5
            ):  # the variance of 1/σ² is infinite: an interval over runs means nothing
                continue
            runs = values.sel(batch=m).values
            centre = runs.mean()
            low, high = t.interval(
                0.95, runs.size - 1, centre, runs.std(ddof=1) / np.sqrt(runs.size)
            )
            tables.append(
                {
                    "kind": kind,
                    "batch": m,
                    "batches": results["count"].values[-1],
                    "estimate": centre,
                    "low": low,
                    "high": high,
                    "theory": results[f"{'inverse_' * (kind == 'inverse')}variance_theory"]
                    .sel(batch=m)
                    .item(),
                }
            )
    running = results["inverse_variance"].median("run")
    tables += [{"kind": "running", "batch": m, "batches": count, "estimate": running.sel(batch=m, count=count).item(),
                "theory": results["inverse_variance_theory"].sel(batch=m).item()}
               for m in SHOWN for count in results["count"].values]  # fmt: skip
    table = pd.DataFrame(tables)
    table["theory"] = table["theory"].where(
        np.isfinite(table["theory"])
    )  # an infinite mean is an empty cell
    return table.assign(runs=results.sizes["run"])


def _rows(data: pd.DataFrame, kind: str) -> pd.DataFrame:
    return data[data["kind"] == kind].sort_values(["batch", "batches"])


def alt(data: pd.DataFrame) -> str:
    variance, inverse, running = (_rows(data, kind) for kind in ("variance", "inverse", "running"))
    pair = running[running["batch"] == 2]["estimate"]
    return (f"Left: the mean batch variance rises from {variance['estimate'].iloc[0]:.2f} at a batch of {variance['batch'].iloc[0]} to "
            f"{variance['estimate'].iloc[-1]:.3f} at {variance['batch'].iloc[-1]}, and the mean inverse variance falls to 1 from above. Right: over "
            f"more and more batches the mean inverse variance settles for batches of {inverse['batch'].iloc[0]} and more, and keeps growing for "
            f"batches of 2, to {pair.iloc[-1]:.0f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    known = data[data["kind"].isin(["variance", "inverse"])]
    first = _rows(data, "inverse")["batch"].min()
    off = (known["estimate"] / known["theory"] - 1).abs().max()
    return (f"Variance $\\sigma^2$ (divisor $m$) of random Gaussian batches, $\\varepsilon = 0$. Left: means and 95 % intervals over {data['runs'].iloc[0]} "
            f"runs of {known['batches'].iloc[0]} batches, for $1/\\sigma^2$ from $m = {first}$ on, where its variance is finite; lines: $(m-1)/m$ and $m/(m-3)$, at most {100 * off:.1f} % away. Right: mean of the first "
            f"$n$ values of $1/\\sigma^2$, the median run; dotted: $m/(m-3)$, which is infinite for batches of 2 and 3.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.7)
    variance, inverse = _rows(data, "variance"), _rows(data, "inverse")
    smooth = np.geomspace(variance["batch"].min(), variance["batch"].max(), 200)
    left.plot(smooth, (smooth - 1) / smooth, color=theme.colour("theory"), linewidth=1)
    left.plot(
        smooth[smooth > 3.2],
        (smooth / (smooth - 3))[smooth > 3.2],
        color=theme.colour("theory"),
        linewidth=1,
    )
    for rows, colour, text, at, dy in ((variance, theme.colour("batch norm"), "σ²", 8, -14),
                                       (inverse, theme.colour("gradient"), "1/σ²", 8, 12)):  # fmt: skip
        errors = [rows["estimate"] - rows["low"], rows["high"] - rows["estimate"]]
        left.errorbar(rows["batch"], rows["estimate"], errors, fmt="o", color=colour)
        theme.label(
            left, at, rows.loc[rows["batch"] == at, "estimate"].iloc[0], text, colour, dx=6, dy=dy
        )
    left.axhline(1, color=theme.muted, linewidth=1, linestyle="--", zorder=1.5)
    left.set(
        xscale="log",
        ylim=(0, 3),
        xlabel="batch size m",
        ylabel="share of the population’s",
        title="mean of σ², of 1/σ²",
    )
    ticks = [2, 4, 8, 16, 64, 256]
    left.set_xticks(ticks, [str(m) for m in ticks])

    running = _rows(data, "running")
    height = np.inf
    for (m, rows), colour in zip(
        running.groupby("batch"), theme.sequence(running["batch"].nunique()), strict=True
    ):
        right.plot(rows["batches"], rows["estimate"], color=colour)
        if rows["theory"].notna().all():
            right.axhline(
                rows["theory"].iloc[0], color=colour, linewidth=1, linestyle=":", zorder=1.5
            )
        height = min(rows["estimate"].iloc[-1], height / 1.7)
        theme.label(right, rows["batches"].iloc[-1], height, f"m = {m}", colour)
    right.set(
        xscale="log",
        yscale="log",
        xlabel="batches averaged, n",
        title="mean of the first n values of 1/σ²",
    )
    for ax in (left, right):
        ax.minorticks_off()
    return figure
