"""How much a layer's inputs differ from batch to batch, and how far they travel while the network learns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import t as student

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Batches can be alike and the shift over training large all the same"
TAGS = ("batches", "internal covariate shift")
CLAIMS = ("alike-batches-no-shift", "alike-batches-less-shift")

KINDS = ("one batch", "balanced", "random", "two digits", "one digit")
LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Spread of batch means before training, and way over training, by kind and network; means over runs with 95 % intervals."""
    tried = np.isfinite(results["accuracy"].isel(run=0)).all(["kind", "norm"])
    main = results.sel(rate=results["rate"].values[tried.values][0])
    rows = []
    for kind in KINDS:
        for norm in LABELS:
            one = main.sel(kind=kind, norm=norm)
            for what, values in (
                ("between", one["between"].sel(when="before").values),
                ("travelled", one["travelled"].values),
            ):
                half = (
                    student.ppf(0.975, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size)
                )
                rows.append({"kind": kind, "network": norm, "what": what, "mean": values.mean(), "low": values.mean() - half,
                             "high": values.mean() + half, "rate": float(main["rate"]), "steps": int(main["step"][-1]), "runs": values.size})  # fmt: skip
    return pd.DataFrame(rows)


def alt(data: pd.DataFrame) -> str:
    means = data.set_index(["what", "network", "kind"])["mean"]
    told = "; ".join(
        f"{kind}: {means['between', 'none', kind]:.2g} and {means['travelled', 'none', kind]:.0f}"
        for kind in KINDS
    )
    return (f"Without batch norm, spread of batch means and way over training in standard deviations: {told}. With batch norm the way is "
            f"{means['travelled', 'batch norm', 'one batch']:.1f} for one batch and {means['travelled', 'batch norm', 'random']:.1f} for random batches.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    return (f"Inputs of the last hidden layer, in front of the normalization if there is one. Left: how far the means of batches lie apart while the network stands still, before "
            f"training. Right: how far the distribution on fixed images travels over {data['steps'].iloc[0]} steps at rate ${data['rate'].iloc[0]:g}$, from reading to reading. "
            f"Both in standard deviations of the distribution itself; means of {data['runs'].iloc[0]} runs with 95 % intervals, most of them hidden by the dots.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.4, sharey=True)
    for ax, (what, title) in zip(
        axes, {"between": "from batch to batch", "travelled": "over training"}.items(), strict=True
    ):
        for norm in LABELS:
            rows, colour = (
                data[(data["what"] == what) & (data["network"] == norm)]
                .set_index("kind")
                .loc[list(KINDS[::-1])],
                theme.colour(norm),
            )
            y = np.arange(len(rows)) + (0.12 if norm == "none" else -0.12)
            ax.hlines(y, rows["low"], rows["high"], color=colour, linewidth=1.2)
            ax.plot(rows["mean"], y, "o", color=colour, markersize=6)
            if what == "travelled":
                beside = (
                    {"dx": 0, "dy": 11, "ha": "center"} if norm == "none" else {"dx": 8, "dy": 0}
                )
                theme.label(ax, rows["mean"].iloc[-1], y[-1], LABELS[norm], colour, **beside)
        ax.set(title=title, xlabel="standard deviations")
    axes[0].set_yticks(range(len(KINDS)), KINDS[::-1])
    axes[0].set(xlim=(-0.03, None), ylim=(-0.5, len(KINDS) - 0.4))
    axes[1].set(xscale="log", xlim=(0.7 * data.loc[data["what"] == "travelled", "low"].min(), None))
    return figure
