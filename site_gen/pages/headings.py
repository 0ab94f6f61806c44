"""Python-Markdown extension: ids that say what the heading says, Greek and mathematics included.

Markdown's own ids leave out what is not ASCII, so that "γ = 0" became "0" and "γ and β" became
"and". Those ids go on as aliases, since links to them are out in the world.
"""

from __future__ import annotations

import html
import re
import unicodedata
from xml.etree.ElementTree import Element

import markdown
from markdown.extensions import Extension, toc
from markdown.treeprocessors import Treeprocessor

ALIAS = "bn-alias"  # class of what carries an old id
PREFIX = "section"  # of a heading whose words alone say nothing
_SAYS_NOTHING = re.compile(r"[\d_-]*|and|with")
SAID_NOTHING = {"0", "and", "with"}  # earlier ids of the site that say nothing
_HEADING = re.compile(r"h[1-6]")
_MATH = re.compile(r"<math.*?</math>", re.S)
_SPELLING = {"lamda": "lambda", "final sigma": "sigma"}  # Unicode's names that are not the field's


def slug(text: str, separator: str = "-") -> str:
    """The id of a heading.

    Parameters
    ----------
    text : str
        The heading without its markup.
    separator : str
        What joins words.

    Returns
    -------
    str
        For example "gamma-0" for "γ = 0", "with-epsilon" for "With ε"; never only digits.
    """
    spelt = "".join(_spelt(sign) for sign in unicodedata.normalize("NFKD", text))
    made = re.sub(r"-_|_-", separator, toc.slugify(spelt, separator)).strip(f"{separator}_")
    if _SAYS_NOTHING.fullmatch(made):
        made = f"{PREFIX}{separator}{made}" if made else PREFIX
    return made


def _spelt(sign: str) -> str:
    """A Greek letter as a word of its own; any other sign as it is."""
    name = unicodedata.name(sign, "")
    found = re.fullmatch(
        r"GREEK (?:SMALL LETTER|CAPITAL LETTER|LETTER|LUNATE)? ?(.+?)(?: SYMBOL)?", name
    )
    if not found or not unicodedata.category(sign).startswith("L"):
        return sign
    word = found[1].lower()
    return f" {_SPELLING.get(word, word)} "


class HeadingTreeprocessor(Treeprocessor):
    """Gives every heading its id before the table of contents would, and its old id as an alias."""

    def run(self, root: Element) -> None:
        """Name all headings of a page that have no id yet."""
        headings = [
            one for one in root.iter() if isinstance(one.tag, str) and _HEADING.fullmatch(one.tag)
        ]
        used = {one.get("id") for one in root.iter() if one.get("id")}
        old_used = set(used)
        aliases: list[tuple[Element, str]] = []
        for heading in headings:
            if heading.get("id"):
                continue
            inside = toc.render_inner_html(toc.remove_fnrefs(heading), self.md)
            before = toc.slugify(_plain(inside), "-")
            old = toc.unique(before, old_used)
            spaced = _MATH.sub(lambda found: re.sub(r"<[^>]*>", " ", found[0]), inside)
            heading.set("id", toc.unique(slug(_plain(spaced)), used))
            says_something = not _SAYS_NOTHING.fullmatch(old) or old in SAID_NOTHING
            if before and says_something and old != heading.get("id"):
                aliases.append((heading, old))
        for heading, old in aliases:
            if old not in used:
                used.add(old)
                alias = Element("span", {"id": old, "class": ALIAS})
                alias.tail, heading.text = heading.text, ""
                heading.insert(0, alias)


def _plain(inside: str) -> str:
    return html.unescape(toc.strip_tags(inside))


class HeadingExtension(Extension):
    """Registers the tree processor after mathematics (15) and attributes (8), before toc (5)."""

    def extendMarkdown(self, md: markdown.Markdown) -> None:
        """Add the tree processor to a Markdown instance."""
        md.treeprocessors.register(HeadingTreeprocessor(md), "headings", 7)


def makeExtension(**kwargs: object) -> HeadingExtension:
    """What Python-Markdown calls for `site_gen.pages.headings` in `markdown_extensions`."""
    return HeadingExtension(**kwargs)
