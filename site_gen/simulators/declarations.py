"""Simulators: what a page may ask of one, and what the browser is told about it.

A simulator is `<name>.js`, a custom element, and `<name>.json` beside it: its controls, where they start, and its
presets. The same declaration checks the tags on pages and makes the controls in the browser.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from site_gen.pages.book import Book, PageError

FOLDER = Path(__file__).parent
SHARED = ("engine.js", "kit.js")  # scripts of every simulator, before its own
STYLE = "simulators.css"


def names() -> list[str]:
    """All simulators."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def files() -> list[Path]:
    """What browsers load of all simulators."""
    return sorted(path for path in FOLDER.iterdir() if path.suffix in (".js", ".css"))


@cache
def declaration(name: str) -> dict[str, Any]:
    """A simulator's title, settings and presets.

    Raises
    ------
    PageError
        If there is no such simulator.
    """
    if name not in names():
        raise PageError(f"there is no simulator {name!r}; there are: {', '.join(names())}")
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def scripts(name: str) -> list[str]:
    """The scripts that a simulator takes, in this order."""
    return [*SHARED, *declaration(name).get("needs", ()), f"{name}.js"]


def start(name: str, preset: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """The settings that a page's tag starts a simulator with.

    Parameters
    ----------
    name : str
        The simulator.
    preset : str
        One of its presets, or "".
    chosen : dict
        Setting → value; they win over the preset.

    Raises
    ------
    PageError
        If a preset or a setting does not exist, or a value is not possible.
    """
    known = declaration(name)
    if preset and preset not in known["presets"]:
        raise PageError(
            f"{name} has no preset {preset!r}; its presets are: {', '.join(known['presets']) or 'none'}"
        )
    settings = {one["name"]: one for one in known["settings"]}
    values = (known["presets"][preset]["set"] if preset else {}) | chosen
    for key, value in values.items():
        if key not in settings:
            raise PageError(f"{name} has no setting {key!r}; its settings are: {', '.join(settings)}")
        if not possible(settings[key], value):
            raise PageError(f"{name} cannot start with {key}={value!r}: {allowed(settings[key])}")
    return values


def address(name: str, wanted: dict[str, Any], page: dict[str, Any]) -> str:
    """The end of a link that opens a page's simulator with settings of the link's own: query and anchor.

    Parameters
    ----------
    name : str
        The simulator.
    wanted : dict
        Setting → value, of those that are not to be as declared.
    page : dict
        What the tag on that page chooses: `preset`, settings, and the figure that stands in.

    Raises
    ------
    PageError
        If the tag on that page chooses what does not exist.
    """
    chosen = {key: value for key, value in page.items() if key not in ("preset", "fallback")}
    there = start(name, page.get("preset", ""), chosen)
    declared = {one["name"]: one["start"] for one in declaration(name)["settings"]}
    identifier = name.removeprefix("bn-")
    differing = {
        f"{identifier}.{key}": value
        for key, value in (declared | wanted).items()
        if value != (declared | there)[key]
    }
    return ("?" + urlencode(differing, quote_via=quote) if differing else "") + f"#{identifier}"


def possible(setting: dict[str, Any], value: Any) -> bool:
    """Whether a setting can have a value."""
    if setting["kind"] == "choice":
        return value in setting["choices"]
    if setting["kind"] == "numbers":
        return isinstance(value, str)
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if setting["kind"] == "ladder":
        return number and value in setting["values"]
    return number and setting["least"] <= value <= setting["most"]


def allowed(setting: dict[str, Any]) -> str:
    """The values that a setting can have, in words."""
    if setting["kind"] == "choice":
        return f"it is one of {', '.join(setting['choices'])}"
    if setting["kind"] == "numbers":
        return "it is a text with numbers in it"
    if setting["kind"] == "ladder":
        return f"it is one of {', '.join(map(str, setting['values']))}"
    return f"it is a number from {setting['least']} to {setting['most']}"


def facts(name: str, book: Book) -> dict[str, Any]:
    """What a simulator needs of the measurements: for `bn-convert`, the numbers that the page's table of conventions shows."""
    if name != "bn-convert":
        return {}
    return {
        key: {"name": title}
        | {
            fact: book.measurement(f"conventions.{fact}_{key}")["estimate"]
            for fact in ("tenth", "factor", "momentum", "eps")
        }
        for key, title in next(one for one in declaration(name)["settings"] if one["name"] == "from")[
            "choices"
        ].items()
    }
