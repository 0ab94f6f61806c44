"""A number as an author would type it after reading a measurement."""

from __future__ import annotations

import re

# a decimal, a percentage or a multiple: "0.87", "87 %", "3×", "2 times"
NUMBER = re.compile(
    r"(?<![\w.])[-−+]?\d[\d,  ]*(?:\.\d+|(?:\.\d+)?\s?(?:%|×|times\b|per cent\b))", re.I
)
