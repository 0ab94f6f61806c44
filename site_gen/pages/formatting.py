"""Numbers for readers: a true minus, narrow spaces, as many digits as the interval supports."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import jinja2

from site_gen import imprint
from site_gen.media.catalogue import THEMES
from site_gen.theme.numbers import SUPERSCRIPTS

# Verdicts as readers meet them, the clearest first: in the ledger, on the board, on the terminal.
VERDICT_ORDER = ("supported", "depends", "refuted", "untested", "undecided")
MINUS, NARROW, TIMES = "\N{MINUS SIGN}", "\N{NARROW NO-BREAK SPACE}", "\N{MULTIPLICATION SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"
MOST_DIGITS = 6
POWER = re.compile(r"(?<![\w.])\d(?:\.(\d+))?e[-+]?\d+(?!\w)")
KINDS = {
    "svg": "SVG",
    "png": "PNG",
    "pdf": "PDF",
    "csv": "Data, CSV",
    "json": "Settings, JSON",
    "gif": "GIF",
    "webm": "Video, WebM",
    "mp4": "Video, MP4",
}


def number(value: float | str, spec: str = ".3g") -> str:
    """A number under a format specification.

    Parameters
    ----------
    value : float or str
        The number; "inf" and "-inf" stand for infinities, as in JSON.
    spec : str
        As for `format`: ".2f", ".3g", ".0%", "d".

    Returns
    -------
    str
        For example "−0.88", "12 345", "87 %", "1.2 × 10⁻⁷", "∞".

    Raises
    ------
    ValueError
        If the specification does not fit, or the number is not defined.
    """
    if isinstance(value, bool) or (isinstance(value, str) and value not in ("inf", "-inf")):
        raise ValueError(f"{value!r} is not a number")
    value = float(value) if isinstance(value, str) else value
    if math.isnan(value):
        raise ValueError("the number is not defined")
    if spec == "d" and float(value).is_integer():
        value = int(value)  # measurements are floats, counts among them too
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if value == 0 and spec.endswith("e"):
        return "0"
    text = format(value, spec)
    text, percent, _ = text.partition("%")
    mantissa, exponent, power = text.partition("e")
    if not float(mantissa):
        mantissa = mantissa.lstrip("-")  # no "−0.00"
    whole, point, decimals = mantissa.replace(",", "").partition(".")
    shown = _grouped(whole) + point + decimals
    if exponent:
        shown += f"{NARROW}{TIMES}{NARROW}10{str(int(power)).translate(SUPERSCRIPTS)}"
    return shown.replace("-", MINUS) + (f"{NARROW}%" if percent else "")


def _grouped(whole: str) -> str:
    """Group digits in threes from five digits on: 12 345, but 1234 as in a year."""
    digits = whole.lstrip("+-")
    if len(digits) < 5:
        return whole
    return whole[: -len(digits)] + f"{int(digits):,}".replace(",", NARROW)


def spec_for(estimate: float, low: float, high: float) -> str:
    """The format specification for a number with an interval.

    It shows two significant digits of the interval's width, and at most six of the number.
    """
    finite = [abs(x) for x in (estimate, low, high) if math.isfinite(x)]
    largest = max(finite, default=0.0)
    if not largest or (low == high and estimate == round(estimate) and largest < 10**MOST_DIGITS):
        return ".0f"
    magnitude = math.floor(math.log10(largest))
    width = high - low
    visible = largest * 1e-4 < width < math.inf  # a narrower interval is no reason for more digits
    digits = magnitude - math.floor(math.log10(width)) + 2 if visible else 4
    digits = max(2, min(digits, MOST_DIGITS))
    if magnitude < -3 or magnitude >= MOST_DIGITS:
        return f".{digits - 1}e"
    return f".{max(0, digits - 1 - magnitude)}f"


def _spec(measured: Mapping[str, Any]) -> str:
    return spec_for(*(float(measured[key]) for key in ("estimate", "low", "high")))


def with_unit(text: str, unit: str) -> str:
    """A formatted number and its unit, kept on one line with it."""
    return f"{text}{NARROW if unit == '%' else NO_BREAK}{unit}" if unit else text


def estimate(measured: Mapping[str, Any]) -> str:
    """The estimate of a claim, a case or a value, with its unit.

    "not measured" if these settings give none.
    """
    if measured["estimate"] is None:
        return "not measured"
    return with_unit(number(measured["estimate"], _spec(measured)), measured["unit"])


def bounds(measured: Mapping[str, Any]) -> str:
    """The ends of its interval, "0.87 to 0.89".

    "" if there is none, or both ends look the same with this many digits.
    """
    if measured["estimate"] is None:
        return ""
    spec = _spec(measured)
    low, high = number(measured["low"], spec), number(measured["high"], spec)
    return "" if low == high else f"{low} to {high}"


def size(count: int) -> str:
    """Bytes as "812 B", "24 KB", "1.3 MB"."""
    if count < 1000:
        return f"{count}{NO_BREAK}B"
    return f"{count / 1e3:.0f}{NO_BREAK}KB" if count < 999_500 else f"{count / 1e6:.1f}{NO_BREAK}MB"


def powers(text: str) -> str:
    """Write computers' powers of ten, outside formulas, for readers: "3e-12" → "3 × 10⁻¹²"."""
    parts = text.split("$")
    for i in range(0, len(parts), 2):
        parts[i] = POWER.sub(_power, parts[i])
    return "$".join(parts)


def _power(found: re.Match[str]) -> str:
    return number(float(found[0]), f".{len(found[1] or '')}e")


def words(name: str) -> str:
    """An identifier as words: "batch_size" → "batch size"."""
    return name.replace("_", " ").replace("-", " ")


def setting(value: Any) -> str:
    """A setting's value: numbers formatted, lists joined by commas, words as they are."""
    if isinstance(value, list | tuple):
        return ", ".join(setting(item) for item in value)
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, int):
        return number(value, "d")
    if isinstance(value, float) or value in ("inf", "-inf"):
        return number(value, ".6g")
    return str(value)


def file_kind(path: str) -> str:
    """What a figure's file is: "SVG", "Video, WebM"."""
    return KINDS[path.rpartition(".")[2]]


def file_theme(path: str) -> str:
    """The paper a figure's file is made for: "dark", "light", or "" if it has none.

    Tables, settings and files for print have none.
    """
    stem, _, ending = path.rpartition(".")
    if ending in ("csv", "json", "pdf"):
        return ""
    return "dark" if stem.endswith(THEMES["dark"]) else "light"


def register(environment: jinja2.Environment) -> None:
    """Give templates these functions as filters, and the order of verdicts and themes as names."""
    numbers = (number, estimate, bounds, size, powers, setting, with_unit)
    for function in (*numbers, words, file_kind, file_theme):
        environment.filters[function.__name__] = function
    environment.globals |= {
        "verdict_order": VERDICT_ORDER,
        "themes": THEMES,
        "site_title": imprint.TITLE,
        "licence_url": imprint.LICENCE_URL,
    }
