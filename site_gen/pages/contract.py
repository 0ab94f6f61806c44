"""The rules for every page, checked while it is rendered: file, line and remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator

from site_gen.pages import front
from site_gen.pages.calls import calls

CHAPTERS = ("transform", "inference", "shift", "optimization", "depth")  # folders of docs/
OPENING = 1500  # letters of the first screen
PROMISE = re.compile(r"\b(TODO|FIXME|coming soon|placeholder|lorem)\b", re.I)
# What a chapter calls somewhere, and what for.
NEEDED = {
    "settings": 'say what was run: [[= settings("study") ]]',
    "claim": 'show the claims: [[= claim("id") ]]',
    "cite": 'name the sources: [[= cite("key") ]]',
}


def faults(name: str, text: str) -> Iterator[tuple[int, str]]:
    """What breaks a rule on a page of docs/: the line, and the fault with its remedy."""
    description = front.read(text).get("description")
    if isinstance(description, str) and not description.rstrip().endswith("."):
        line = _line(text, r"^description:")
        yield line, "the description is no sentence: end it with a full stop"
    for found in PROMISE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield line, f"{found[0]!r} promises what is not there: write it, or leave it out"
    if name.partition("/")[0] in CHAPTERS:
        yield from _of_chapter(text)


def _of_chapter(text: str) -> Iterator[tuple[int, str]]:
    title = front.read(text).get("title")
    if isinstance(title, str) and "?" not in title:
        yield _line(text, r"^title:"), "the title of a chapter is a question, with a question mark"
    begins = front.end(text)
    first, last = text.count("\n", 0, begins) + 1, text.count("\n", 0, begins + OPENING) + 1
    called = calls(text)
    opening = {call.name for call in called if call.line <= last}
    screen = f"in the first screen of a chapter ({OPENING:,} letters)"
    if not opening & {"value", "interval"}:
        tag = '[[= value("study.name") ]]'
        yield first, f"{screen} its answer has a measured number: write {tag} there"
    if "figure" not in opening:
        yield first, f'{screen} stands a figure: write [[= figure("id") ]] there'
    for missing in NEEDED.keys() - {call.name for call in called}:
        yield first, f"the chapter does not {NEEDED[missing]}"
    if not re.search(r"^## .*\bnot\b", text, re.M | re.I):
        remedy = "add one, “## What this does not show”"
        yield first, f"no section says what the chapter does not show: {remedy}"


def _line(text: str, pattern: str) -> int:
    found = re.search(pattern, text, re.M)
    return text.count("\n", 0, found.start()) + 1 if found else 1
