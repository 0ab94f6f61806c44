"""What a study declares: its settings, and the points that are computed with them.

A study is a module in `experiments/studies` with `Setup`, `QUICK`, `FULL`, `PAPER`, `points`,
`CLAIMS` (see experiments/claims.py) and `VALUES`; CONTRIBUTING.md shows one from top to bottom.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, dataclass_transform

from experiments import suggest
from experiments.runs import Runs

if TYPE_CHECKING:
    import xarray as xr

RUNS_AT_A_TIME = 8  # of a point: as many are computed together


def setting(default: Any, words: str) -> Any:
    """A setting of a study with what it is, in words that pages print: a field of its `Setup`."""
    return field(default=default, metadata={"words": words})


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(setting,))
class Settings:
    """What a study can vary: its `Setup` declares each with `setting`, and none can be changed."""

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, kw_only=True)(cls)


class Learning(Settings):
    """Settings that every study has which trains on images; its `Setup` adds its own."""

    data: str = setting("digits", "what is learned: images of digits, or of clothes")
    inputs: str = setting("raw", "grey values as they are (raw), or standardized")
    optimizer: str = setting("SGD", "SGD (stochastic gradient descent), momentum, Adam or AdamW")


def call(function: Callable[..., xr.Dataset], setup: Any, **values: Any) -> partial:
    """A point of a study: a function to call, with plain values.

    A parameter that is not given takes the setting of its name, and `runs` takes the `Runs` of the
    setup. So a point holds exactly what its function takes, and a change of any other setting does
    not run it again.

    Raises
    ------
    ValueError
        If a parameter is neither given nor a setting, or what is given is no parameter.
    """
    given, parameters = dict(values), inspect.signature(function).parameters
    for name in values:
        if name not in parameters and not any(p.kind == p.VAR_KEYWORD for p in parameters.values()):
            told = suggest.unknown("parameter", name, parameters)
            raise ValueError(f"{function.__name__}: {told}")
    for name, parameter in parameters.items():
        if name in given or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if name == "runs":
            given[name] = Runs(setup.seed, setup.runs)
        elif hasattr(setup, name):
            given[name] = getattr(setup, name)
        elif parameter.default is parameter.empty:
            known = [one.name for one in dataclasses.fields(setup)]
            raise ValueError(f"{function.__name__}: {suggest.unknown('setting', name, known)}")
    return partial(function, **given)


def described(point: partial) -> str:
    """A point in words: its function and every value. Equal words mean equal results."""
    given = ", ".join(
        [*map(repr, point.args), *(f"{k}={v!r}" for k, v in sorted(point.keywords.items()))]
    )
    return f"{point.func.__name__}({given})"


def work(study: ModuleType, setup: Any) -> dict[str, partial]:
    """The points of a study by file name, those with many runs in groups of `RUNS_AT_A_TIME`."""
    found: dict[str, partial] = {}
    for key, point in study.points(setup).items():
        names = [name for name, one in point.keywords.items() if isinstance(one, Runs)]
        groups = [] if not names else list(point.keywords[names[0]].groups(RUNS_AT_A_TIME))
        if len(groups) < 2:
            found[key] = point
            continue
        for runs in groups:
            found[f"{key}-runs-{runs.first:02d}"] = partial(point, **{names[0]: runs})
    return found
