"""Simulators: what a page may ask of one, and what the browser is told about it.

A simulator is `<name>.js`, a custom element, and `<name>.json` beside it: its controls, where they
start, its presets, the scripts that it needs besides those of all simulators, and the measured
numbers that it shows. The same declaration checks the tags on pages and makes the controls in the
browser.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from experiments.suggest import MOST, unknown
from site_gen.errors import BuildError, PageError
from site_gen.paths import relative

FOLDER = Path(__file__).parent
SHARED = ("engine.js", "kit.js")  # scripts of every simulator, before its own
STYLE = "simulators.css"


def names() -> list[str]:
    """All simulators."""
    return sorted(path.stem for path in FOLDER.glob("bn-*.json"))


def files() -> list[Path]:
    """The scripts and styles that browsers load."""
    return sorted(
        path
        for path in FOLDER.iterdir()
        if path.suffix in (".js", ".css") and path.name[0] not in ".#"
    )


@cache
def _file(name: str) -> dict[str, Any]:
    """The content of a simulator's JSON file."""
    if name not in names():
        raise PageError(unknown("simulator", name, names()))
    path = FOLDER / f"{name}.json"
    try:
        return json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        what = f"cannot be read as JSON ({error.msg} at column {error.colno})"
        raise BuildError(f"{relative(path)}:{error.lineno}: {what}. Mend this line") from None


@cache
def declaration(name: str) -> dict[str, Any]:
    """A simulator's title, settings and presets, as browsers get them.

    Raises
    ------
    PageError
        If there is no such simulator.
    """
    return {key: value for key, value in _file(name).items() if key != "facts"}


def scripts(name: str) -> list[str]:
    """The scripts that a simulator needs, in the order in which they are loaded."""
    return [*SHARED, *declaration(name).get("needs", ()), f"{name}.js"]


def start(name: str, preset: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """The settings with which a page's tag starts a simulator.

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
        raise PageError(unknown(f"preset of {name}", preset, known["presets"]))
    settings = {one["name"]: one for one in known["settings"]}
    values = (known["presets"][preset]["set"] if preset else {}) | chosen
    for key, value in values.items():
        if key not in settings:
            raise PageError(unknown(f"setting of {name}", key, settings))
        if not possible(settings[key], value):
            raise PageError(f"{name} cannot start with {key}={value!r}: {allowed(settings[key])}")
    return values


def address(name: str, wanted: dict[str, Any], page: dict[str, Any]) -> str:
    """The query and anchor of a link that opens a page's simulator with its own settings.

    Parameters
    ----------
    name : str
        The simulator.
    wanted : dict
        Setting → value, where it differs from the declaration.
    page : dict
        What the tag on that page chooses: `preset`, settings, and the figure in its place on paper.
    """
    chosen = {key: value for key, value in page.items() if key not in ("preset", "fallback")}
    try:
        there = start(name, page.get("preset", ""), chosen)
    except PageError:
        there = {}  # a misspelt tag is reported on its own page
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
    number = (
        isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    )
    if setting["kind"] == "ladder":
        return number and value in setting["values"]
    return number and setting["least"] <= value <= setting["most"]


def allowed(setting: dict[str, Any]) -> str:
    """The values that a setting can have, in words."""
    if setting["kind"] == "choice":
        return f"it is one of {_listed(setting['choices'])}"
    if setting["kind"] == "numbers":
        return "it is a text with numbers in it"
    if setting["kind"] == "ladder":
        return f"it is one of {_listed(setting['values'])}"
    return f"it is a number from {setting['least']} to {setting['most']}"


def _listed(values: Iterable[Any]) -> str:
    """Values separated by commas, a dozen at most."""
    values = [str(one) for one in values]
    return ", ".join(values[:MOST]) + (
        f" and {len(values) - MOST} more" if len(values) > MOST else ""
    )


def facts(name: str, measurement: Callable[[str], Mapping[str, Any]]) -> dict[str, Any]:
    """The measured numbers that a simulator shows, for each choice of one of its settings.

    Its JSON file names them, `{key}` standing for the choice::

        "facts": {"per_choice_of": "from", "values": {"tenth": "conventions.tenth_{key}"}}

    Parameters
    ----------
    name : str
        The simulator.
    measurement : callable
        Name of a measured value → measurement, with its `estimate`.

    Raises
    ------
    BuildError
        If the file asks for a setting or a value that does not exist.
    """
    wanted = _file(name).get("facts")
    if not wanted:
        return {}
    where = f"{relative(FOLDER / name)}.json: in “facts”"
    choices = {
        one["name"]: one["choices"]
        for one in declaration(name)["settings"]
        if one["kind"] == "choice"
    }
    per = wanted["per_choice_of"]
    if per not in choices:
        raise BuildError(f"{where}, {unknown('setting with choices', per, choices)}")
    try:
        return {
            key: {"name": title}
            | {
                fact: measurement(value.replace("{key}", key))["estimate"]
                for fact, value in wanted["values"].items()
            }
            for key, title in choices[per].items()
        }
    except PageError as error:
        raise BuildError(f"{where}, {error}") from None
