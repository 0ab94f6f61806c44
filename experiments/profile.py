"""The settings of a build: a profile, optionally with another base seed or changed settings."""

from __future__ import annotations

import hashlib
import re
import types
import typing
from dataclasses import dataclass, fields, replace
from types import ModuleType
from typing import Any

from experiments.suggest import plain, unknown

NAMES = ("quick", "full", "paper")
EXAMPLE = 'SET="tiny_batch.batches=2,4 noisy_bn.runs=32"'


@dataclass(frozen=True)
class Change:
    """One setting of one study, as it was typed."""

    study: str
    setting: str
    value: str

    def __str__(self) -> str:
        return f"{self.study}.{self.setting}={self.value}"


@dataclass(frozen=True)
class Profile:
    """The settings in force.

    Attributes
    ----------
    name : str
        "quick", "full" or "paper": which of its three `Setup`s each study takes.
    seed : int or None
        Another base seed for everything random.
    changes : tuple of Change
        Settings that differ from the profile's.

    Raises
    ------
    ValueError
        If there is no such profile.
    """

    name: str = "full"
    seed: int | None = None
    changes: tuple[Change, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(
                f"{unknown('profile', self.name, NAMES)} (PROFILE=quick, full or paper)"
            )

    @property
    def label(self) -> str:
        """A short name that no other settings have; also the folder in which results are kept."""
        seed = "" if self.seed is None else f"-seed-{self.seed}"
        changed = hashlib.sha256(" ".join(map(str, self.changes)).encode()).hexdigest()[:8]
        return self.name + seed + (f"-set-{changed}" if self.changes else "")

    @property
    def is_published(self) -> bool:
        """Whether declared verdicts apply: not to "quick", which is too small, nor to changes."""
        return self.name != "quick" and self.seed is None and not self.changes

    @property
    def is_draft(self) -> bool:
        """Whether figures are drafts: without a PDF, coarser, animations with few frames."""
        return self.name == "quick"

    @property
    def options(self) -> str:
        """The arguments of a make command that give these settings, with a blank in front."""
        name = "" if self.name == "full" else f" PROFILE={self.name}"
        seed = "" if self.seed is None else f" SEED={self.seed}"
        changed = f' SET="{" ".join(map(str, self.changes))}"' if self.changes else ""
        return name + seed + changed

    def of(self, study: str) -> Profile:
        """The profile as one study sees it: without changes to others, whose results it shares."""
        return replace(self, changes=tuple(one for one in self.changes if one.study == study))


def changes(text: str, studies: typing.Iterable[str]) -> tuple[Change, ...]:
    """Read `SET`: `study.setting=value`, separated by blanks, in any order.

    Raises
    ------
    ValueError
        If a part has another form, a study does not exist, or a setting is given twice.
    """
    by_plain = {plain(name): name for name in studies}
    found: dict[tuple[str, str], Change] = {}
    for part in text.split():
        match = re.fullmatch(r"([\w-]+)\.(\w+)=(\S+)", part)
        if not match:
            raise ValueError(f"SET cannot be read at {part!r}: write {EXAMPLE}")
        study = by_plain.get(plain(match[1]))
        if study is None:
            raise ValueError(f"SET: {unknown('study', match[1], by_plain.values())}")
        change = Change(study, match[2], match[3])
        if (study, change.setting) in found:
            raise ValueError(f"SET: {study}.{change.setting} stands twice; give it once")
        found[study, change.setting] = change
    return tuple(found[key] for key in sorted(found))


def setup(study: ModuleType, profile: Profile) -> Any:
    """The `Setup` of a study under a profile, with its seed and its changes.

    Raises
    ------
    ValueError
        If a change names no setting of the study, or a value is not of the setting's type.
    """
    name = study.__name__.rpartition(".")[2]
    declared = profile.name.upper()
    if not hasattr(study, declared):
        file = "/".join(study.__file__.replace("\\", "/").rsplit("/", 3)[1:])
        raise ValueError(f"{file}:1: {declared} is missing: declare `{declared} = Setup(…)`")
    chosen = getattr(study, declared)
    if profile.seed is not None and hasattr(chosen, "seed"):
        chosen = replace(chosen, seed=profile.seed)
    hints = typing.get_type_hints(type(chosen))
    known = [field.name for field in fields(chosen)]
    for change in profile.of(name).changes:
        if change.setting not in known:
            raise ValueError(f"SET: {unknown(f'setting of {name}', change.setting, known)}")
        try:
            value = _read(change.value, hints[change.setting])
        except ValueError as error:
            raise ValueError(
                f"SET: {name}.{change.setting} is {error}, not {change.value!r}"
            ) from None
        chosen = replace(chosen, **{change.setting: value})
    return chosen


def _read(text: str, hint: Any) -> Any:
    """A value of a type from its text; a `ValueError` says what it should be."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if type(None) in inner and text.lower() == "none":
            return None
        hint = next(one for one in inner if one is not type(None))
        return _read(text, hint)
    if origin is tuple:
        return _read_tuple(text, inner)
    if hint is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError("true or false")
        return text.lower() == "true"
    words = {int: "a whole number such as 32", float: "a number such as 0.1", str: "a word"}
    if hint not in words:
        raise ValueError("a setting that SET cannot change")
    try:
        value = hint(text)
    except ValueError:
        raise ValueError(words[hint]) from None
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError(words[hint])
    return value


def _read_tuple(text: str, inner: tuple[Any, ...]) -> tuple[Any, ...]:
    parts = _split(text)
    if len(inner) == 2 and inner[1] is Ellipsis:
        item = inner[0]
        nested = typing.get_origin(item) is tuple
        try:
            return tuple(_read(part, item) for part in parts)
        except ValueError as error:
            shape = "groups such as (1,2),(3,4)" if nested else "values such as 2,4"
            raise ValueError(f"{shape}, each {error}") from None
    if len(parts) != len(inner):
        raise ValueError(f"{len(inner)} values separated by commas")
    return tuple(_read(part, item) for part, item in zip(parts, inner, strict=True))


def _split(text: str) -> list[str]:
    """Split at commas outside brackets, and strip brackets that enclose a whole part."""
    parts, depth = [""], 0
    for letter in text.rstrip(","):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part[1:-1] if part.startswith("(") and part.endswith(")") else part for part in parts]
