"""The palette as CSS custom properties; run `python -m site_gen.theme.css` after changing `palette.py`."""

from pathlib import Path

from site_gen.theme.palette import PALETTE, SURFACE

FILE = Path(__file__).parent / "overrides" / "assets" / "palette.css"
SCHEMES = ("default", "slate")  # what Material calls light and dark


def properties(side: int) -> str:
    """`--bn-…` for every surface and condition, on light (0) or dark (1) paper."""
    colours = {name: pair[side] for name, pair in (SURFACE | PALETTE).items()}
    return "\n".join(
        f"  --bn-{name.replace(' ', '-')}: {colour};" for name, colour in colours.items()
    )


def stylesheet() -> str:
    """The whole file: light, dark, and light again on printed paper."""
    light, dark = (f'[data-md-color-scheme="{scheme}"] {{\n  color-scheme: {("light", "dark")[side]};\n{properties(side)}\n}}\n'
                   for side, scheme in enumerate(SCHEMES))  # fmt: skip
    printed = (
        '@media print {\n[data-md-color-scheme="slate"] {\n  color-scheme: light;\n'
        + properties(0)
        + "\n}\n}\n"
    )
    return (
        f"/* Written by `python -m site_gen.theme.css` from palette.py. */\n{light}{dark}{printed}"
    )


if __name__ == "__main__":
    FILE.write_text(stylesheet(), encoding="utf-8")
