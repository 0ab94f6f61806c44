"""Make the vendored fonts from their sources; run by hand, and only to change what they contain.

    python -m venv /tmp/fonts && /tmp/fonts/bin/pip install fonttools brotli ziamath
    sudo apt-get install fonts-inter
    /tmp/fonts/bin/python site_gen/theme/fonts/subset.py

Figures get Inter as TrueType under the family name "Inter Figure", so that no Inter of the system's
can stand in for it. Pages get Inter and STIX Two Math as WOFF2.
"""

from importlib.util import find_spec
from pathlib import Path

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

HERE = Path(__file__).parent
WEB = HERE.parent / "overrides" / "assets" / "fonts"
INTER = Path("/usr/share/fonts/opentype/inter")

LATIN = "".join(map(chr, [*range(0x20, 0x7F), *range(0xA0, 0x180)]))
MARKS = "".join(map(chr, range(0x300, 0x30D)))
GREEK = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρςστυφχψωϑϕϵ"
PUNCTUATION = "\u2009\u200a\u202f‐‑‒–—―‖‘’‚“”„†‡•…‰′″‹›€™"
SCRIPTS = "⁰⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚₛₜₓ"
SYMBOLS = "ℓΩ⅓⅔←↑→↓↔↕≠≤≥≈≡∂∆∏∑−∕∙√∞∫◊⋅✓✗■□▲▼◆○●"
TEXT = LATIN + MARKS + GREEK + PUNCTUATION + SCRIPTS + SYMBOLS

# Mathematics: operators, brackets, arrows; italic, bold, script and double-struck alphabets.
ACCENTS = "¨¯ˆˇ˙˜\u0332\u20d7" + MARKS
INVISIBLE = "\u00a0\u2061\u2062\u2063"
ARROWS = "←↑→↓↔↦⇐⇒⇔⇑⇓⟵⟶⟹⟺"
OPERATORS = "±×÷·¬°∀∂∃∅∆∇∈∉∋∏∐∑−∓∕∖∗∘∙√∛∝∞∠∣∤∥∦∧∨∩∪∫∬∮∴∵∼∽≃≅≈≔≜≠≡≤≥≪≫≲≳⊂⊃⊆⊇⊕⊖⊗⊘⊙⊤⊥⋀⋁⋂⋃⋅⋆⋮⋯⋱⟂⨀⨁⨂⩽⩾"
BRACKETS = "⌈⌉⌊⌋⏞⏟⟨⟩"
LETTERS = "ℂℏℎℑℒℓℕℜℝℤℋℱℬℰℳℛ"
ALPHABETS = [*range(0x1D400, 0x1D4B6), *range(0x1D538, 0x1D552), *range(0x1D6FC, 0x1D71C)]
ALPHABETS += [*range(0x1D736, 0x1D750), *range(0x1D7CE, 0x1D7E2)]
MATHS = LATIN[:0x5F] + ACCENTS + INVISIBLE + GREEK + PUNCTUATION
MATHS += ARROWS + OPERATORS + BRACKETS + LETTERS
MATHS += "".join(map(chr, ALPHABETS))

# fields of a TrueType font's table `maxp`, zero until `recalc`
LIMITS = (
    "Points Contours CompositePoints CompositeContours ComponentElements ComponentDepth "
    "TwilightPoints Storage FunctionDefs InstructionDefs StackElements SizeOfInstructions"
)
WEB_FEATURES = ["kern", "mark", "mkmk", "ccmp", "tnum"]


def cut(source: Path, text: str, features: list[str], flavour: str | None = None) -> TTFont:
    """The part of a font that has these characters and layout features, without hints."""
    options = subset.Options(
        layout_features=features,
        flavor=flavour,
        hinting=False,
        desubroutinize=True,
        name_IDs=["*"],
        notdef_outline=True,
    )
    font = subset.load_font(str(source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=text)
    subsetter.subset(font)
    font.recalcTimestamp = False
    font.flavor = flavour
    return font


def to_truetype(font: TTFont) -> TTFont:
    """Turn cubic outlines into quadratic ones.

    A PDF can hold TrueType as it is, and CFF only as a Type 3 font.
    """
    order, shapes, glyphs = font.getGlyphOrder(), font.getGlyphSet(), {}
    for name in order:
        pen = TTGlyphPen(shapes)
        shapes[name].draw(Cu2QuPen(pen, max_err=1.0, reverse_direction=True))
        glyphs[name] = pen.glyph()
    font["loca"], glyf = newTable("loca"), newTable("glyf")
    font["glyf"], glyf.glyphOrder, glyf.glyphs = glyf, order, glyphs
    for name, glyph in glyphs.items():
        glyph.recalcBounds(glyf)
        font["hmtx"][name] = (font["hmtx"][name][0], getattr(glyph, "xMin", 0))
    limits = font["maxp"]
    limits.tableVersion = 0x00010000
    limits.maxZones = 1
    for what in LIMITS.split():
        setattr(limits, f"max{what}", 0)
    glyf.compile(font)
    limits.recalc(font)
    post = font["post"]
    post.formatType, post.extraNames, post.mapping, post.glyphOrder = 2.0, [], {}, order
    del font["CFF "]
    font.sfntVersion = "\0\1\0\0"
    return font


def rename(font: TTFont, old: str, new: str) -> None:
    """Another family name, in every record that holds the old one."""
    for record in font["name"].names:
        if record.nameID in (1, 4, 16):
            record.string = str(record).replace(old, new)
        if record.nameID in (3, 6):
            record.string = str(record).replace(old, new.replace(" ", ""))


def main() -> None:
    """Write every font beside this file and into the website's assets."""
    for style in ("Regular", "Italic", "SemiBold"):
        source = INTER / f"Inter-{style}.otf"
        figure = to_truetype(cut(source, TEXT, ["kern", "mark", "mkmk", "ccmp"]))
        rename(figure, "Inter", "Inter Figure")
        figure.save(HERE / f"InterFigure-{style}.ttf")
        cut(source, TEXT, WEB_FEATURES, "woff2").save(WEB / f"inter-{style.lower()}.woff2")
    (ziamath,) = find_spec("ziamath").submodule_search_locations
    stix = Path(ziamath, "fonts", "STIXTwoMath-Regular.ttf")
    cut(stix, MATHS, ["dtls"], "woff2").save(WEB / "stix-two-math.woff2")
    for path in sorted([*HERE.glob("*.ttf"), *WEB.glob("*.woff2")]):
        print(f"{path.stat().st_size:8d}  {path.name}")


if __name__ == "__main__":
    main()
