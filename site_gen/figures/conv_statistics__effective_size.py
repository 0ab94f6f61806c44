"""How many independent values a channel of an image is worth, against its number of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "The pixels of a digit are worth far fewer independent ones, however many there are"
TAGS = ("transform", "convolution", "batch size")
CLAIMS = (
    "channel-batch-is-m-h-w-values",
    "worth-of-pixels-has-a-closed-form",
    "batches-of-digits-settle-by-worth",
    "larger-images-steady-a-channel",
)
MISSING = dict.fromkeys(
    ("batch", "low", "high", "theory", "layer", "channel", "run"),
    "rows of noise, of digits and of feature maps have columns of their own",
)

KERNELS = ("independent", "blurred", "sharpened")


def _interval(runs: np.ndarray) -> tuple[float, float, float]:
    """The mean over runs with its 95 % interval (Student's t)."""
    from scipy.stats import t

    low, high = t.interval(0.95, runs.size - 1, runs.mean(), runs.std(ddof=1) / np.sqrt(runs.size))
    return runs.mean(), low, high


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every point: random pixels by kernel (with the closed form), digits by grid, feature maps by layer and channel."""
    tables = []
    worth = 1 / (results["mean_square"] * results["noise_batch"])  # of one image
    for kernel in results["kernel"].values:
        for setting in results["setting"].values:
            at = worth.sel(kernel=kernel, setting=setting)
            centre, low, high = _interval(at.values)
            m, side = (
                int(results[name].sel(setting=setting)) for name in ("noise_batch", "noise_side")
            )
            tables.append({"kind": str(kernel), "pixels": side**2, "batch": m, "worth": float(centre), "low": float(low), "high": float(high),
                           "theory": results["worth_theory"].sel(kernel=kernel, setting=setting).item() / m})  # fmt: skip
    for pixels in results["pixels"].values:
        centre, low, high = _interval(results["grid_worth"].sel(pixels=pixels).values)
        tables.append(
            {
                "kind": "digits",
                "pixels": int(pixels),
                "worth": float(centre),
                "low": float(low),
                "high": float(high),
            }
        )
    maps = results["map_worth"].to_dataframe(name="worth").reset_index()
    maps = maps.assign(kind="feature map", pixels=results["pixels"].max().item())
    return pd.concat([pd.DataFrame(tables), maps], ignore_index=True).assign(
        runs=results.sizes["run"]
    )


def _digit(data: pd.DataFrame) -> pd.Series:
    digits = data[data["kind"] == "digits"]
    return digits.loc[digits["pixels"].idxmax()]


def alt(data: pd.DataFrame) -> str:
    digit, maps = _digit(data), data[data["kind"] == "feature map"]["worth"]
    return (f"Independent values that a channel is worth against pixels of an image. Independent pixels lie on the diagonal, blurred ones a factor of 9 below, sharpened ones a factor of 29 above. "
            f"Digits level off at {digit['worth']:.0f} for {digit['pixels']} pixels. Their feature maps spread from {maps.min():.0f} to {maps.max():.0f}, half of them below {maps.median():.0f}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    noise = data[data["kind"].isin(KERNELS)]
    off = (noise["worth"] / noise["theory"] - 1).abs().max()
    digit, maps = _digit(data), data[data["kind"] == "feature map"]["worth"]
    return (f"The number of independent values that would settle a channel's mean as well as the pixels of one image do: variance of a pixel over variance of an image's mean. Points: "
            f"means and 95 % intervals over {data['runs'].iloc[0]} runs. Lines: $h w\\,\\sum k^2 / (\\sum k)^2$ for random pixels convolved with $k$, at most {100 * off:.0f} % away. Digits: every seventh, fourth, second and every pixel; all "
            f"{digit['pixels']} are worth {digit['worth']:.0f}. Dots: channels of random networks' feature maps after one to three convolutions, before they are normalized; half of them are below {maps.median():.0f}.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=4.4)
    colours = dict(
        zip(
            KERNELS,
            (theme.colour("neutral"), theme.colour("negative"), theme.colour("positive")),
            strict=True,
        )
    )
    smooth = np.array([12.0, 1100.0])
    places = {
        "sharpened": (64, -6, 9, "right"),
        "independent": (256, -6, 9, "right"),
        "blurred": (64, 8, -7, "left"),
    }
    for kernel, colour in colours.items():
        rows = data[data["kind"] == kernel]
        factor = (rows["theory"] / rows["pixels"]).iloc[0]
        ax.plot(smooth, factor * smooth, color=theme.colour("theory"), linewidth=1)
        errors = [rows["worth"] - rows["low"], rows["high"] - rows["worth"]]
        ax.errorbar(rows["pixels"], rows["worth"], errors, fmt="o", color=colour)
        at, dx, dy, ha = places[kernel]
        theme.label(ax, at, factor * at, f"{kernel} pixels", colour, dx=dx, dy=dy, ha=ha)
    digits = data[data["kind"] == "digits"].sort_values("pixels")
    colour = theme.colour("batch norm")
    ax.errorbar(
        digits["pixels"],
        digits["worth"],
        [digits["worth"] - digits["low"], digits["high"] - digits["worth"]],
        fmt="o-",
        color=colour,
    )
    theme.label(
        ax, digits["pixels"].iloc[-1], digits["worth"].iloc[-1], "digits", colour, dx=9, dy=-3
    )
    maps, last = data[data["kind"] == "feature map"], data["pixels"].max()
    layers = np.sort(maps["layer"].unique())
    for layer, shade in zip(layers, theme.sequence(len(layers)), strict=True):
        rows = maps[maps["layer"] == layer]
        x = np.full(len(rows), 1.55 ** (layer + 0.8) * last)
        ax.plot(x, rows["worth"], "o", color=shade, alpha=0.35, zorder=2.2)
        ax.plot(
            x[0] * np.array([0.86, 1.16]), [rows["worth"].median()] * 2, color=theme.ink, zorder=2.5
        )
        ax.annotate(
            f"{layer:.0f}", (x[0], 1.35), ha="center", va="bottom", color=shade, weight="semibold"
        )
    ax.annotate(
        "feature maps after\nthis many convolutions",
        (1.55**2.8 * last, 2.6),
        ha="center",
        va="bottom",
        color=theme.muted,
    )
    ax.set(xscale="log", yscale="log", xlim=(10, 1.55**4.6 * last), ylim=(0.7, 1e5), xlabel="pixels of an image, h · w", ylabel="independent values it is worth")  # fmt: skip
    ax.set_xticks([16, 49, 64, 196, 256, 784], ["16", "49", "", "196", "", "784"])
    ax.minorticks_off()
    return figure
