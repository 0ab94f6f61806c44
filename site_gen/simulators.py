"""Simulators: what a page may ask of one, and what the browser is told about it.

A simulator is `widgets/<name>.js`, a custom element, and `widgets/<name>.json` beside it: its controls, where they start, and its
presets. The same declaration checks the tags on pages and makes the controls in the browser.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from site_gen import paths
from site_gen.book import Book, PageError

FOLDER = Path(__file__).with_name("widgets")
SHARED = ("engine.js", "kit.js")  # scripts of every simulator, before its own
STYLE = "widgets.css"


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


def link(name: str, preset: str) -> tuple[str, str]:
    """The page that a simulator says is its own, and the query that opens it there with a preset.

    Raises
    ------
    PageError
        If there is no such preset, if the simulator has no page, or if that page does not begin with it.
    """
    values = start(name, preset, {})
    page, tag = declaration(name).get("page", ""), f'[[= widget("{name}", fallback='
    if not page:
        raise PageError(f'{name} has no page of its own: name one as "page" in {name}.json')
    if not (paths.DOCS / page).is_file() or tag not in (paths.DOCS / page).read_text(encoding="utf-8"):
        raise PageError(f"{name} should be on docs/{page}, but that page has no {tag}… ]]")
    stem = name.removeprefix("bn-")
    return page, urlencode({f"{stem}.{key}": value for key, value in values.items()})


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
