"""Numbers as readers see them."""

from __future__ import annotations

import math

import pytest

from site_gen.pages import formatting

NARROW = "\N{NARROW NO-BREAK SPACE}"
NO_BREAK = "\N{NO-BREAK SPACE}"
TEN = f"{NARROW}×{NARROW}10"


def measured(estimate: float | str, low: float | str, high: float | str, unit: str = "") -> dict:
    return {"estimate": estimate, "low": low, "high": high, "unit": unit}


@pytest.mark.parametrize(
    ("value", "spec", "shown"),
    [
        (-0.884, ".2f", "−0.88"),
        (-0.001, ".2f", "0.00"),
        (1234, "d", "1234"),
        (12345, "d", f"12{NARROW}345"),
        (-1234567.8, ".1f", f"−1{NARROW}234{NARROW}567.8"),
        (0.87, ".0%", f"87{NARROW}%"),
        (1.2e-7, ".3g", f"1.2{NARROW}×{NARROW}10⁻⁷"),
        (3e10, ".1e", f"3.0{NARROW}×{NARROW}10¹⁰"),
        (math.inf, ".2f", "∞"),
        ("-inf", ".2f", "−∞"),
        (0.5, "+.1f", "+0.5"),
    ],
)
def test_a_number(value: float | str, spec: str, shown: str) -> None:
    assert formatting.number(value, spec) == shown


@pytest.mark.parametrize("value", [math.nan, "0.5", True])
def test_what_is_no_number(value: object) -> None:
    with pytest.raises(ValueError, match=r"number"):
        formatting.number(value)


@pytest.mark.parametrize(
    ("taken", "estimate", "bounds"),
    [
        ((0.8812, 0.8712, 0.8911), "0.881", "0.871 to 0.891"),
        ((12345.0, 12200.0, 12540.0), f"12{NARROW}345", f"12{NARROW}200 to 12{NARROW}540"),
        ((31.5, 30.0, 34.0), "31.5", "30.0 to 34.0"),
        ((0.0, -0.1, 0.1), "0.00", "−0.10 to 0.10"),
        ((2.0, 2.0, 2.0), "2", ""),
        ((1 / 3, 1 / 3, 1 / 3), "0.3333", ""),
        ((0.0, 0.0, 0.0), "0", ""),
        (("inf", 1.0, "inf"), "∞", "1.000 to ∞"),
        ((1.234e-8, 1.2e-8, 1.27e-8), f"1.234{TEN}⁻⁸", f"1.200{TEN}⁻⁸ to 1.270{TEN}⁻⁸"),
        ((0.5, 0.5 - 1e-12, 0.5 + 1e-12), "0.5000", ""),
    ],
)
def test_as_many_digits_as_the_interval_warrants(taken: tuple, estimate: str, bounds: str) -> None:
    assert formatting.estimate(measured(*taken)) == estimate
    assert formatting.bounds(measured(*taken)) == bounds


def test_units_stay_with_their_number() -> None:
    assert formatting.estimate(measured(2, 2, 2, "steps")) == f"2{NO_BREAK}steps"
    assert formatting.estimate(measured(2, 2, 2, "%")) == f"2{NARROW}%"


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (812, "812 B"),
        (24_300, "24 KB"),
        (999_499, "999 KB"),
        (999_500, "1.0 MB"),
        (1_340_000, "1.3 MB"),
    ],
)
def test_sizes(count: int, shown: str) -> None:
    assert formatting.size(count) == shown.replace(" ", NO_BREAK)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (16, "16"),
        (60000, f"60{NARROW}000"),
        (0.1, "0.1"),
        (1e-5, f"1{TEN}⁻⁵"),
        ([2, 8, 64], "2, 8, 64"),
        (True, "yes"),
        (None, "none"),
        ("sigmoid", "sigmoid"),
        ("inf", "∞"),
    ],
)
def test_settings(value: object, shown: str) -> None:
    assert formatting.setting(value) == shown


def test_powers_of_ten_in_a_caption() -> None:
    assert formatting.powers("below 3e-12, or 1.50e+03 at $x = 1e-5$; at 2e-4.") == (
        f"below 3{TEN}⁻¹², or 1.50{TEN}³ at $x = 1e-5$; at 2{TEN}⁻⁴."
    )
    assert formatting.powers("2e5a1b and file1e-5.csv") == "2e5a1b and file1e-5.csv"


def test_files() -> None:
    names = ("figures/a/a.svg", "figures/a/a-dark.webm", "figures/a/a.csv")
    assert [formatting.file_kind(name) for name in names] == ["SVG", "Video, WebM", "Data, CSV"]
    assert [formatting.file_theme(name) for name in names] == ["light", "dark", ""]
