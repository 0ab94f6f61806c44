"""How often a prediction in training mode changes with the rest of the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "In training mode the neighbours have a say, in evaluation mode never"
TAGS = ("biased batches", "train and eval", "batch size")
CLAIMS = (
    "prediction-depends-on-neighbours",
    "evaluation-prediction-depends-on-neighbours",
    "only-the-number-of-neighbours-matters",
)

WHO = {
    "any": "random\ndigits",
    "another digit": "all of\nanother digit",
    "own digit": "all of\nits own digit",
}


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every measure and batch size or company: mean over runs and the 95 % interval (Student's t); the size of a company is not in the table."""
    from scipy.stats import t

    runs, rows = results.sizes["run"], []
    for measure, dim in (("apart", "size"), ("alone", "size"), ("company", "who")):
        for key in results[dim].values:
            values = results[measure].sel({dim: key}).values
            half = t.ppf(0.975, runs - 1) * values.std(ddof=1) / np.sqrt(runs)
            size, who = (int(key), "any") if dim == "size" else (0, str(key))
            rows.append(
                (
                    measure,
                    size,
                    who,
                    values.mean(),
                    values.mean() - half,
                    values.mean() + half,
                    runs,
                )
            )
    return pd.DataFrame(rows, columns=["measure", "size", "who", "share", "low", "high", "runs"])


def _apart(data: pd.DataFrame) -> pd.DataFrame:
    return data[data["measure"] == "apart"].sort_values("size")


def _company(data: pd.DataFrame) -> pd.DataFrame:
    return data[data["measure"] == "company"].set_index("who").loc[list(WHO)]


def alt(data: pd.DataFrame) -> str:
    apart, company = _apart(data), _company(data)["share"]
    return (f"Left: two random companies give an image different predictions in {100 * apart['share'].iloc[0]:.0f} % of cases in batches of {apart['size'].iloc[0]}, falling to "
            f"{100 * apart['share'].iloc[-1]:.1f} % in batches of {apart['size'].iloc[-1]}; 0 % in evaluation mode. Right: a company of 31 changes {100 * company['any']:.0f} % of predictions if random, "
            f"{100 * company['own digit']:.0f} % if all are of the image's own digit.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    company = _company(data)["share"]
    return (f"A network trained with shuffled batches of 32, its test images among neighbours from the test images; means of {data['runs'].iloc[0]} runs with 95 % intervals. Left: how often an image is given two different digits in two random "
            f"batches of that size. Right: how often 31 neighbours change the prediction of evaluation mode, {100 * company['any']:.0f} % to {100 * company['own digit']:.0f} %.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, (left, right) = theme.figure(cols=2, height=3.7)
    apart, colour = _apart(data), theme.colour("negative")
    left.plot(apart["size"], apart["share"], "o-", color=colour, markersize=5)
    theme.band(left, apart["size"], apart["low"], apart["high"], colour)
    alone = data[data["measure"] == "alone"].sort_values("size")
    left.plot(alone["size"], alone["share"], "o-", color=theme.colour("batch norm"), markersize=5, clip_on=False)  # fmt: skip
    first = apart.iloc[0]
    theme.label(left, first["size"], first["share"], "training mode", colour, dx=14, dy=2)
    theme.label(
        left, alone["size"].iloc[0], 0, "evaluation mode", theme.colour("batch norm"), dx=0, dy=12
    )
    sizes = list(apart["size"])
    left.set(xscale="log", xlabel="images in the batch", title="Two random companies disagree")
    left.set_xticks(sizes, labels=[f"{s}" for s in sizes])
    left.minorticks_off()
    company = _company(data)
    right.bar(range(len(WHO)), company["share"], width=0.55, color=colour)
    right.errorbar(range(len(WHO)), company["share"], yerr=(company["share"] - company["low"], company["high"] - company["share"]),
                   fmt="none", ecolor=theme.ink)  # fmt: skip
    for k, share in enumerate(company["share"]):
        theme.label(right, k, share, f"{100 * share:.0f} %", theme.ink, dx=0, dy=11, ha="center")
    right.set(title="31 neighbours change the prediction", xlim=(-0.6, 2.6))
    right.set_xticks(range(len(WHO)), labels=list(WHO.values()))
    ticks = np.arange(0, 1.01, 0.2)
    for ax in (left, right):
        ax.set(ylim=(0, 1))
        ax.set_yticks(ticks, labels=[f"{100 * t:.0f} %" for t in ticks])
    return figure
