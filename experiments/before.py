"""The old words, for studies that are not in the new ones yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from experiments.study import VERDICTS


@dataclass(frozen=True)
class Case:
    when: str
    measure: Callable[..., Any]
    holds: Callable[..., Any]
    rule: str


@dataclass(frozen=True)
class Claim:
    id: str
    says: str
    source: str
    cases: tuple[Case, ...]
    verdict: str
    figure: str
    because: str

    def __post_init__(self) -> None:
        assert self.verdict in VERDICTS
