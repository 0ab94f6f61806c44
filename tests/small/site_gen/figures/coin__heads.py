"""The share of heads of every coin."""

from __future__ import annotations

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from experiments.results import rows
from site_gen.theme import Theme

TITLE = "Coins are fair"
TAGS = ("coins",)
CLAIMS = ("coin-is-fair",)


def data(results: xr.Dataset) -> pd.DataFrame:
    """A row for every coin and run."""
    return rows(results["heads"])


def alt(data: pd.DataFrame) -> str:
    """What is seen."""
    return f"Dots around {data['heads'].mean():.3f}."


def caption(data: pd.DataFrame) -> str:
    """What it means."""
    return f"The share of heads, {len(data)} dots, about $1/2$."


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    """Dots."""
    figure, axes = theme.figure()
    axes.plot(data["coin"], data["heads"], "o", color=theme.colour("batch norm"))
    axes.set_xlabel("coin")
    return figure
