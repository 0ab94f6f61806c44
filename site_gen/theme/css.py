"""The palette as CSS custom properties.

After changing `palette.py`, run `python -m site_gen.theme.css`.
"""

from pathlib import Path

from site_gen.theme.palette import PALETTE, SURFACE

FILE = Path(__file__).parent / "overrides" / "assets" / "palette.css"
LIGHT, DARK = "default", "slate"  # Material's names of its schemes


def properties(side: int) -> str:
    """`--bn-…` for every surface and condition, on light (0) or dark (1) paper."""
    colours = {name: pair[side] for name, pair in (SURFACE | PALETTE).items()}
    return "\n".join(
        f"  --bn-{name.replace(' ', '-')}: {colour};" for name, colour in colours.items()
    )


def stylesheet() -> str:
    """The whole file: light, dark, and light again on printed paper."""
    light, dark, printed = _rule(LIGHT, 0), _rule(DARK, 1), _rule(DARK, 0)
    head = "/* Written by `python -m site_gen.theme.css` from palette.py. */\n"
    return f"{head}{light}{dark}@media print {{\n{printed}}}\n"


def _rule(scheme: str, side: int) -> str:
    """The rule that gives a scheme of Material the colours of one paper."""
    declared = f"  color-scheme: {('light', 'dark')[side]};\n{properties(side)}\n"
    return f'[data-md-color-scheme="{scheme}"] {{\n{declared}}}\n'


if __name__ == "__main__":
    FILE.write_text(stylesheet(), encoding="utf-8")
