"""Numbers as figures say them."""

from __future__ import annotations

import math

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power_of_ten(value: float) -> str:
    """The power of ten that is nearest to a number: 30,000 → "10⁴"."""
    return f"10{str(round(math.log10(value))).translate(SUPERSCRIPTS)}"


def percent(share: float, digits: int = 0) -> str:
    """A share in per cent: 0.126 → "13 %"."""
    return f"{100 * share:.{digits}f} %"
