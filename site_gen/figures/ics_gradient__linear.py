"""The same cosine in a deep linear network, at two learning rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "In a deep linear network the gradient reverses with batch norm, and at a larger rate without it too"
TAGS = ("internal covariate shift", "gradients", "learning rate")

LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}
CASES = {"linear, small rate": "small rate", "linear, larger rate": "rate three times as large"}


def data(results: xr.Dataset) -> pd.DataFrame:
    """Quartiles over runs of the mean cosine of the layers, by rate, network and step."""
    rows = []
    for case in CASES:
        for norm in LABELS:
            at = results.sel(case=case, norm=norm)
            at = at.sel(step=at["loss"].notnull().any("run"))
            lowest = at["cosine"].min("layer")
            for step in at["step"].values:
                low, middle, high = lowest.sel(step=step).quantile([0.25, 0.5, 0.75]).values
                rows.append({"case": case, "network": norm, "step": int(step), "cosine": middle, "low": low, "high": high,
                             "runs": int(lowest.sel(step=step).notnull().sum())})  # fmt: skip
    return pd.DataFrame(rows)


def alt(data: pd.DataFrame) -> str:
    lowest = data.groupby(["case", "network"])["cosine"].min()
    told = [
        f"at the {'small' if 'small' in case else 'larger'} rate {lowest[case, 'none']:.2f} without batch norm and {lowest[case, 'batch norm']:.2f} with"
        for case in CASES
    ]
    return f"The cosine of gradients before and after in the layer that turns most, over training of a deep linear network; its lowest medians are {'; '.join(told)}."


def caption(data: pd.DataFrame) -> str:
    return (f"A deep linear network, all samples in one batch: the cosine in the layer whose gradient turns most at that step. Below $0$ the layers before it have reversed what the "
            f"layer should do. Medians and quartiles of {data['runs'].max()} runs.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=2, height=3.4, sharey=True)
    for ax, (case, title) in zip(axes, CASES.items(), strict=True):
        for network, rows in data[(data["case"] == case) & (data["step"] > 0)].groupby("network"):
            theme.band(ax, rows["step"], rows["low"], rows["high"], theme.colour(network))
            ax.plot(rows["step"], rows["cosine"], color=theme.colour(network))
        ax.axhline(0, color=theme.muted, linewidth=0.8)
        ax.set(xscale="log", xlabel="training steps", title=title)
    axes[0].set(ylabel="cosine of the two gradients", ylim=(-1.05, 1.08))
    for network, y in (("none", 0.14), ("batch norm", 0.05)):
        theme.label(
            axes[0],
            0.04,
            y,
            LABELS[network],
            theme.colour(network),
            transform="axes fraction",
            dx=0,
        )
    return figure
