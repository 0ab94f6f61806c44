"""Python-Markdown extension: TeX that `pymdownx.arithmatex` found becomes native MathML while the page is built.

An extension and not a MkDocs hook, so that any generator that reads `mkdocs.yml` runs it. Arithmatex must be in generic mode.
"""

from __future__ import annotations

from functools import cache
from xml.etree.ElementTree import Element
from xml.sax.saxutils import unescape

import markdown
import math_core
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

# Numbers of equations start anew in every formula, so that a formula looks the same wherever it stands.
CONVERTER = math_core.LatexToMathML(fancy_error=False)
INLINE, DISPLAY = (r"\(", r"\)"), (r"\[", r"\]")


class MathError(ValueError):
    """A formula that is not valid TeX, or uses a command that cannot be set; the message shows the formula."""


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
    """Take the brackets and quotation marks off the end of the text before a formula: browsers would break the line between them."""
    text = (parent.text if before is None else before.tail) or ""
    rest = text.rstrip("([“‘")
    if before is None:
        parent.text = rest
    else:
        before.tail = rest
    return text[len(rest) :]


class MathMLExtension(Extension):
    """Registers the tree processor after inline patterns (20), which find the formulas, and before the table of contents (5)."""

    def extendMarkdown(self, md: markdown.Markdown) -> None:
        """Add the tree processor to a Markdown instance."""
        md.treeprocessors.register(MathMLTreeprocessor(md), "mathml", 15)


def makeExtension(**kwargs: object) -> MathMLExtension:
    """What Python-Markdown calls for `site_gen.pages.mathml` in `markdown_extensions`."""
    return MathMLExtension(**kwargs)
