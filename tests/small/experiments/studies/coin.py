"""How often does a fair coin show heads?

A study as small as a study can be: tests build a site from it.
"""

from __future__ import annotations

import time

import numpy as np
import xarray as xr

from experiments.claims import Case, supported, within
from experiments.results import table, value
from experiments.study import Settings, call, setting


class Setup(Settings):
    """Settings."""

    coins: tuple[int, ...] = setting((1, 2, 3), "coins, by their number")
    tosses: int = setting(400, "of each coin in each run")
    runs: int = setting(16, "repetitions")
    pause: float = setting(0.0, "seconds that each point takes longer")
    seed: int = setting(1, "of the tosses")


QUICK, FULL, PAPER = Setup(coins=(1, 2), runs=4), Setup(), Setup(tosses=10_000)


def points(s: Setup) -> dict:
    """One unit of work a coin."""
    return {f"coin-{coin}": call(toss, s, coin=coin) for coin in s.coins}


def toss(coin, tosses, pause, runs) -> xr.Dataset:
    """Toss a coin."""
    time.sleep(pause)
    heads = [rng.integers(0, 2, tosses).mean() for rng in runs.part(coin).streams()]
    return table({"heads": (np.array(heads), "share of heads")}, coin=coin, run=runs)


CLAIMS = {
    "coin-is-fair": supported(
        "A coin shows heads half of the time.",
        source="reader",
        cases=(Case("share of heads", value("heads").mean(), within(0.5, absolute=0.05)),),
        because="Counted.",
    ),
}

VALUES = {"heads": value("heads").mean()}
