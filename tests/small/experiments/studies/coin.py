"""How often does a fair coin show heads?

A study as small as a study can be: tests build a site from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.measures.statistics import mean
from experiments.study import Case, Claim


@dataclass(frozen=True)
class Setup:
    """Settings."""

    coins: tuple[int, ...] = (1, 2, 3)  # coins, by their number
    tosses: int = 400  # of each coin in each run
    runs: int = 16  # runs
    pause: float = 0.0  # seconds that each point takes longer
    seed: int = 1  # of the tosses


QUICK, FULL, PAPER = Setup(coins=(1, 2), runs=4), Setup(), Setup(tosses=10_000)


@dataclass(frozen=True)
class Point:
    """One coin."""

    coin: int
    tosses: int
    runs: int
    pause: float
    seed: int


def points(setup: Setup) -> dict[str, Point]:
    """One unit of work a coin."""
    return {
        f"coin-{coin}": Point(coin, setup.tosses, setup.runs, setup.pause, setup.seed)
        for coin in setup.coins
    }


def run(point: Point) -> xr.Dataset:
    """Toss."""
    import time

    time.sleep(point.pause)
    rng = np.random.default_rng([point.seed, point.coin])
    heads = rng.integers(0, 2, (1, point.runs, point.tosses)).mean(axis=2)
    coords = {"coin": [point.coin], "run": np.arange(point.runs)}
    return xr.Dataset(
        {"heads": (("coin", "run"), heads, {"units": "1", "long_name": "share of heads"})}, coords
    )


CLAIMS = (
    Claim(
        "coin-is-fair",
        says="A coin shows heads half of the time.",
        source="reader",
        cases=(Case("", lambda results: mean(results.heads.values), lambda m: m.within(0.5, absolute=0.05),
                    "within 0.05 of one half"),),
        verdict="supported",
        figure="coin-heads",
        because="Counted.",
    ),
)  # fmt: skip

VALUES = {"heads": lambda results: mean(results.heads.values)}
