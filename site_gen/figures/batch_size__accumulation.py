"""Accumulated gradients: how far from the gradient of the whole batch, and what training with them reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Accumulating gradients makes no large batch for batch norm"
TAGS = ("batch size", "gradient accumulation", "alternatives")
CLAIMS = ("accumulation-replaces-large-batches", "accumulated-gradient-is-whole")

NORMS = ("batch norm", "layer norm", "group norm", "none")


def _band(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over the last axis and the ends of its 95 % interval (Student's t)."""
    from scipy.stats import t

    n = samples.shape[-1]
    centre = samples.mean(axis=-1)
    half = t.ppf(0.975, n - 1) * samples.std(axis=-1, ddof=1) / np.sqrt(n)
    return centre, centre - half, centre + half


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every measure, way to normalize and size of a part: mean over runs with the 95 % interval; of gradients, the median, smallest and largest."""
    runs, rows = results.sizes["run"], []
    for norm in NORMS:
        for part in results["gradient_part"].values:
            values = results["gradient_difference"].sel(norm=norm, gradient_part=part).values
            rows.append(
                ("gradient", norm, int(part), np.median(values), values.min(), values.max())
            )
    for norm in ("batch norm", "layer norm"):
        for measure, name, dim in (("parts", "parted", "part"), ("plain", "accuracy", "size")):
            curve = results[name].sel(norm=norm, mode="running").transpose(dim, "run")
            for size, values in zip(curve[dim].values, curve.values, strict=True):
                if np.isfinite(values).all() and size <= 32:
                    rows.append((measure, norm, int(size), *(float(v) for v in _band(values))))
    return pd.DataFrame(rows, columns=["measure", "norm", "size", "value", "low", "high"]).assign(
        runs=runs
    )


def _rows(data: pd.DataFrame, measure: str, norm: str) -> pd.DataFrame:
    return data[(data["measure"] == measure) & (data["norm"] == norm)].sort_values("size")


def _numbers(data: pd.DataFrame) -> tuple[float, float, float, float]:
    """Smallest difference with batch norm, largest without; accuracy with the smallest parts and with the whole batch."""
    gradient = data[data["measure"] == "gradient"]
    batch = gradient["norm"] == "batch norm"
    parts = _rows(data, "parts", "batch norm")["value"].iloc[0]
    return gradient[batch]["low"].min(), gradient[~batch]["high"].max(), parts, _rows(data, "plain", "batch norm")["value"].iloc[-1]  # fmt: skip


def alt(data: pd.DataFrame) -> str:
    apart, same, parts, whole = _numbers(data)
    size = _rows(data, "parts", "batch norm")["size"].iloc[0]
    return (f"Left: relative difference between the accumulated gradient and that of the whole batch, at most {same:.0e} without batch statistics and at least {apart:.1f} with batch norm. "
            f"Right: test accuracy of batch norm with accumulated parts of {size} is {100 * parts:.0f} %, of whole batches {100 * whole:.0f} %.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    runs = data["runs"].iloc[0]
    _, _, parts, whole = _numbers(data)
    size = _rows(data, "parts", "batch norm")["size"].iloc[0]
    return (f"A batch of 32 images cut into parts whose gradients are averaged. Left: relative length of the difference from the gradient of the whole batch, initial weights, double precision; "
            f"median and range of {runs} networks. Right: test accuracy after training, evaluation mode; means of {runs} paired runs with 95 % intervals. Accumulated parts of {size} reach "
            f"{100 * parts:.0f} %, the whole batch {100 * whole:.0f} %. Line: plain small batches, a step after each.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.6)
    for norm in NORMS:
        rows, colour = _rows(data, "gradient", norm), theme.colour(norm)
        left.vlines(rows["size"], rows["low"], rows["high"], color=colour, linewidth=2)
        left.plot(rows["size"], rows["value"], "o-", color=colour, markersize=4)
    parts = sorted(data.loc[data["measure"] == "gradient", "size"].unique())
    theme.label(
        left, parts[0], 3, "batch norm", theme.colour("batch norm"), dx=0, dy=-24, ha="left"
    )
    theme.label(left, parts[0], 1e-15, "layer norm, group norm, none: round-off", theme.muted, dx=0, dy=12, weight="normal")  # fmt: skip
    left.set(xscale="log", yscale="log", ylim=(1e-17, 1e3), xlabel="images in a part", title="Difference of the gradients")  # fmt: skip
    left.set_yticks([1e-16, 1e-12, 1e-8, 1e-4, 1], labels=["10⁻¹⁶", "10⁻¹²", "10⁻⁸", "10⁻⁴", "1"])
    left.set_xticks(parts, labels=[f"{p}" for p in parts])

    plain, accumulated = (_rows(data, measure, "batch norm") for measure in ("plain", "parts"))
    colour = theme.colour("batch norm")
    right.plot(plain["size"], plain["value"], color=colour, linewidth=1.2)
    theme.band(right, plain["size"], plain["low"], plain["high"], colour)
    right.errorbar(accumulated["size"], accumulated["value"], yerr=(accumulated["value"] - accumulated["low"], accumulated["high"] - accumulated["value"]),
                   fmt="o", color=colour, markersize=6)  # fmt: skip
    layer = _rows(data, "parts", "layer norm")
    right.plot(layer["size"], layer["value"], "o", color=theme.colour("layer norm"), markersize=6)
    first = layer.iloc[0]
    theme.label(right, first["size"], first["value"], "layer norm, accumulated", theme.colour("layer norm"), dx=2, dy=15)  # fmt: skip
    low = accumulated.iloc[0]
    theme.label(right, low["size"], low["value"], "batch norm, accumulated\nto 32 (points) and\nnot accumulated (line)", colour, dx=14, dy=-22)  # fmt: skip
    sizes = sorted(plain["size"].unique())
    ticks = np.arange(0, 1.01, 0.2)
    right.set(xscale="log", ylim=(0, 1), xlabel="images that share their statistics", title="Test accuracy after training")  # fmt: skip
    right.set_yticks(ticks, labels=[f"{100 * t:.0f} %" for t in ticks])
    right.set_xticks(sizes, labels=[f"{s}" for s in sizes])
    for ax in (left, right):
        ax.minorticks_off()
    return figure
