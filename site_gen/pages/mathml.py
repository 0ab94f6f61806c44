"""Python-Markdown extension: TeX that `pymdownx.arithmatex` finds becomes MathML at build time.

An extension and not a MkDocs hook, so that any generator that reads `mkdocs.yml` runs it.
Arithmatex must be in generic mode.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from xml.etree.ElementTree import Element
from xml.sax.saxutils import unescape

import markdown
import math_core
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from pymdownx import arithmatex

# Every formula numbers its equations from 1, so it looks the same wherever it stands.
CONVERTER = math_core.LatexToMathML(fancy_error=False)
INLINE, DISPLAY = (r"\(", r"\)"), (r"\[", r"\]")
# What arithmatex takes for a formula: its own patterns, so that both see the same.
_BLOCKS = re.compile(
    rf"{arithmatex.RE_DOLLAR_BLOCK}|{arithmatex.RE_TEX_BLOCK}|{arithmatex.RE_BRACKET_BLOCK}", re.S
)
_INLINES = re.compile(rf"{arithmatex.RE_SMART_DOLLAR_INLINE}|{arithmatex.RE_BRACKET_INLINE}", re.S)


class MathError(ValueError):
    """A formula that is not valid TeX or uses an unknown command; the message shows it."""


@cache
def mathml(tex: str, display: bool = False) -> str:
    r"""Set a formula.

    Parameters
    ----------
    tex : str
        TeX mathematics without its dollar signs, for example ``\hat x_i``.
    display : bool
        Whether it stands on a line of its own.

    Returns
    -------
    str
        A ``<math>`` element.

    Raises
    ------
    MathError
        If the formula cannot be set.
    """
    try:
        return CONVERTER.convert_with_local_state(tex, displaystyle=display)
    except math_core.LatexError as error:
        position, _, reason = str(error).partition(": ")
        where = f" at character {position}" if position.isdigit() else ""
        raise MathError(f"the formula {tex!r} cannot be set: {reason or error}{where}") from None


@dataclass(frozen=True)
class Formula:
    """A formula in a Markdown text."""

    tex: str
    display: bool
    line: int


def formulas(text: str) -> Iterator[Formula]:
    """The formulas of a Markdown text from which code was taken out."""

    def blank(match: re.Match[str]) -> str:
        return "\n" * match[0].count("\n")

    for match in _BLOCKS.finditer(text):
        tex = match["math"] or match["math2"] or match["math3"]
        yield Formula(tex.strip(), True, text.count("\n", 0, match.start()) + 1)
    # A paragraph ends whatever is open.
    for start, paragraph in _paragraphs(_BLOCKS.sub(blank, text)):
        for match in _INLINES.finditer(paragraph):
            tex = match[3] or match[6]
            if tex:
                yield Formula(tex.strip(), False, start + paragraph.count("\n", 0, match.start()))


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    line = 1
    for paragraph in re.split(r"(\n[ \t]*(?=\n))", text):
        yield line, paragraph
        line += paragraph.count("\n")


def fault(formula: Formula) -> str:
    """Why a formula cannot be set, and the formula; "" if it can."""
    try:
        mathml(formula.tex, formula.display)
    except MathError as error:
        return str(error)
    return ""


class MathMLTreeprocessor(Treeprocessor):
    """Replaces the TeX inside of every element of the class "arithmatex"."""

    def run(self, root: Element) -> None:
        """Set all formulas of a page.

        Raises
        ------
        MathError
            With all formulas of the page that cannot be set.
        """
        errors = []
        for element, parent, before in _with_neighbours(root):
            if element.get("class") != "arithmatex" or not element.text:
                continue
            text = unescape(element.text.strip())  # blocks come escaped, <, > and & only
            display = text.startswith(DISPLAY[0])
            opening, closing = DISPLAY if display else INLINE
            if not (text.startswith(opening) and text.endswith(closing)):
                continue
            try:
                formula = mathml(text.removeprefix(opening).removesuffix(closing).strip(), display)
            except MathError as error:
                errors.append(str(error))
                continue
            element.set("class", "bn-math bn-math--display" if display else "bn-math")
            element.text = self.md.htmlStash.store(formula)
            if not display:
                element.text = _opening_brackets(parent, before) + element.text
        if errors:
            raise MathError("\n".join(errors))


def _with_neighbours(root: Element) -> list[tuple[Element, Element, Element | None]]:
    """Every element below the root with its parent and the element before it, if there is one."""
    return [
        (element, parent, parent[position - 1] if position else None)
        for parent in root.iter()
        for position, element in enumerate(parent)
    ]


def _opening_brackets(parent: Element, before: Element | None) -> str:
    """Take brackets and quotation marks off the end of the text before a formula.

    Browsers would break the line between them and the formula.
    """
    text = (parent.text if before is None else before.tail) or ""
    rest = text.rstrip("([“‘")
    if before is None:
        parent.text = rest
    else:
        before.tail = rest
    return text[len(rest) :]


class MathMLExtension(Extension):
    """Registers the tree processor between inline patterns and the table of contents.

    Inline patterns (20) find the formulas; the table of contents has priority 5.
    """

    def extendMarkdown(self, md: markdown.Markdown) -> None:
        """Add the tree processor to a Markdown instance."""
        md.treeprocessors.register(MathMLTreeprocessor(md), "mathml", 15)


def makeExtension(**kwargs: object) -> MathMLExtension:
    """What Python-Markdown calls for `site_gen.pages.mathml` in `markdown_extensions`."""
    return MathMLExtension(**kwargs)
