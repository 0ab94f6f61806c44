"""Which values an output depends on, for each normalization, in training, in evaluation, and going backward."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = (
    "What one output depends on: some normalizations look across the batch, some across the sample"
)
TAGS = ("alternatives", "batch statistics", "layer norm")
CLAIMS = ("bn-is-regular-everywhere", "no-batch-no-gap", "renormalization-closes-the-gap")

ORDER = ("none", "weight normalization", "layer norm", "batch norm", "ghost batches", "RMSNorm",
         "batch renormalization", "instance norm", "group norm")  # fmt: skip
COLOURS = {"batch norm": "batch norm", "ghost batches": "batch norm", "batch renormalization": "batch norm",
           "layer norm": "layer norm", "RMSNorm": "layer norm", "group norm": "group norm", "instance norm": "group norm"}  # fmt: skip

STEP = 2.5  # from one channel or sample, drawn as a square of two by two pixels, to the next


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every normalization and value: whether the first output depends on it, by mode."""
    long = results["depends"].transpose("norm", "sample", "channel", "pixel", "mode").astype(int)
    columns = ["norm", "sample", "channel", "pixel", *results["mode"].values.tolist()]
    return long.to_dataset("mode").to_dataframe().reset_index()[columns]


def alt(data: pd.DataFrame) -> str:
    told = [f"{norm} {data.loc[data['norm'] == norm, 'training'].sum()}" for norm in ORDER]
    return (f"Nine grids of {len(data) // 9} values, samples by channels and pixels. Values that the first output depends on in training: "
            f"{', '.join(told)}.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    samples, channels, pixels = (data[name].nunique() for name in ("sample", "channel", "pixel"))
    return (f"Measured: in an array of {samples} samples (rows) of {channels} channels of {pixels} pixels, every value was changed in turn. Filled: the output at the ringed place changes, in training. "
            f"Dot: it changes in evaluation too. Outlined: the value's place counts in the gradient only. Batch renormalization is within its limits here. "
            f"Ghosts hold {samples // 2} samples, group norm has 2 groups.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    from matplotlib.patches import Rectangle

    figure, axes = theme.figure(3, 3, height=6.0)
    for ax, norm in zip(axes.ravel(), ORDER, strict=True):
        rows = data[data["norm"] == norm]
        colour = theme.colour(COLOURS.get(norm, "none"))
        for row in rows.itertuples():
            x, y = row.channel * STEP + row.pixel % 2, row.sample * STEP + row.pixel // 2
            fill = colour if row.training else theme.grid
            ax.add_patch(Rectangle((x, y), 0.88, 0.88, facecolor=fill, linewidth=0))
            if row.gradient and not row.training:
                ax.add_patch(Rectangle((x + 0.1, y + 0.1), 0.68, 0.68, fill=False, color=colour, linewidth=1.2))  # fmt: skip
            if row.evaluation:
                ax.plot(x + 0.44, y + 0.44, "o", color=theme.paper, markersize=2.6)
        ax.add_patch(
            Rectangle((-0.12, -0.12), 1.12, 1.12, fill=False, color=theme.ink, linewidth=1.6)
        )
        ax.set(xlim=(-0.4, (rows["channel"].max() + 1) * STEP), ylim=((rows["sample"].max() + 1) * STEP, -0.4),
               title="no normalization" if norm == "none" else norm)  # fmt: skip
        ax.set_aspect("equal")
        ax.grid(False)
        ax.set_xticks([])
        ax.set_yticks([])
        for spine in ax.spines.values():
            spine.set_visible(False)
    axes[1, 0].set_ylabel("samples")
    axes[2, 1].set_xlabel("channels, with their pixels")
    return figure
