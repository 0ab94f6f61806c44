"""How far the output of undone batch norm is from its input, against the batch size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "With batch statistics γ and β cannot undo batch norm"
TAGS = ("gamma and beta", "batch size")
CLAIMS = ("gamma-beta-undo-it", "undo-error-is-known", "training-finds-the-undo")
MISSING = {"theory": "only Gaussian inputs have a closed form"}

BEST = "gaussian, best γ and β"


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every kind of input and batch size: the mean with its 95 % interval over runs, the exact value for Gaussian
    inputs, and the leading term for large batches."""  # fmt: skip
    from scipy.stats import t

    rows = []
    kinds = [(str(d), results["error"].sel(distribution=d)) for d in results["distribution"].values]
    for name, values in [*kinds, (BEST, results["best_error"].sel(distribution="gaussian"))]:
        exact = {"gaussian": results["error_theory"], BEST: results["best_error_theory"]}.get(name)
        for m in results["batch"].values:
            runs = values.sel(batch=m).values
            low, high = t.interval(
                0.95, runs.size - 1, runs.mean(), runs.std(ddof=1) / np.sqrt(runs.size)
            )
            rows.append({"input": name, "batch": m, "error": runs.mean(), "low": low, "high": high,
                         "theory": np.nan if exact is None else exact.sel(batch=m).item(),
                         "large_batch": results["error_large_batch"].sel(distribution=name.split(",")[0], batch=m).item(),
                         "runs": runs.size})  # fmt: skip
    return pd.DataFrame(rows)


def _rows(data: pd.DataFrame, name: str) -> pd.DataFrame:
    return data[data["input"] == name].sort_values("batch")


def alt(data: pd.DataFrame) -> str:
    rows, best = _rows(data, "gaussian"), _rows(data, BEST)
    return (f"On logarithmic axes the squared error falls nearly in a straight line, for Gaussian inputs from {rows['error'].iloc[0]:.2f} of the "
            f"variance in batches of {rows['batch'].iloc[0]} to {rows['error'].iloc[-1]:.4f} in batches of {rows['batch'].iloc[-1]}; the best γ and "
            f"β reach {best['error'].iloc[0]:.2f} and {best['error'].iloc[-1]:.4f}. Exponential inputs lie above, uniform ones below.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    known = data.dropna(subset="theory")
    off = (known["error"] / known["theory"] - 1).abs().max()
    return (f"Mean squared difference between the input and what batch norm with $\\gamma = \\sigma$, $\\beta = \\mu$ puts out in training mode. Points: "
            f"{data['runs'].iloc[0]} runs with 95 % intervals, mostly smaller than the points; lines: the exact expectation for Gaussian inputs, at most {100 * off:.1f} % away; "
            f"dashed: $(\\kappa+3)/(4m)$ for inputs of kurtosis $\\kappa$, which is $3/(2m)$ for a Gaussian.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=4.0)
    styles = {"exponential": (theme.colour("none"), 0), "gaussian": (theme.colour("batch norm"), 12),
              BEST: (theme.colour("truth"), -1), "uniform": (theme.colour("layer norm"), -11)}  # fmt: skip
    for name, (colour, dy) in styles.items():
        rows = _rows(data, name)
        if not len(rows):
            continue
        if rows["theory"].notna().all():
            ax.plot(
                rows["batch"], rows["theory"], color=theme.colour("theory"), linewidth=1, zorder=1.9
            )
        if name != BEST:
            ax.plot(
                rows["batch"],
                rows["large_batch"],
                color=colour,
                linewidth=1,
                linestyle="--",
                zorder=1.8,
            )
        errors = [rows["error"] - rows["low"], rows["high"] - rows["error"]]
        ax.errorbar(
            rows["batch"], rows["error"], errors, fmt="d" if name == BEST else "o", color=colour
        )
        theme.label(
            ax,
            rows["batch"].iloc[-1],
            rows["error"].iloc[-1],
            name.replace("gaussian", "Gaussian"),
            colour,
            dx=9,
            dy=dy,
        )
    ax.set(
        xscale="log",
        yscale="log",
        ylim=(0.0025, 2),
        xlabel="batch size m",
        ylabel="squared error / variance",
    )
    sizes = sorted(data["batch"].unique())
    ax.set_xticks(sizes, [str(m) for m in sizes])
    ticks = [0.01, 0.1, 1.0]
    ax.set_yticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()
    return figure
