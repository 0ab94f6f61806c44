"""Front matter of pages, and whether each page has its line in the navigation."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from site_gen.pages.configuration import FILE, StrictLoader, where

NEEDED = ("title", "description")
REMEDY = "begin the page with “---”, a line “title: …”, a line “description: …”, and “---”"
_FRONT = re.compile(r"\A\ufeff?---[ \t\r]*\n(?P<inside>.*?)^(?:---|\.\.\.)[ \t\r]*\n", re.S | re.M)
_COMMENT = re.compile(r"\w+:\s*[^\s\"'|>#].*\s#")  # behind a text without quotation marks


def end(text: str) -> int:
    """Where the front matter of a page ends; 0 if it has none."""
    found = _FRONT.match(text)
    return found.end() if found else 0


def read(text: str) -> dict[str, Any]:
    """The front matter of a page, empty if it has none that can be read."""
    found = _FRONT.match(text)
    try:
        content = yaml.safe_load(found["inside"]) if found else None
    except (yaml.YAMLError, ValueError):
        content = None
    return content if isinstance(content, dict) else {}


def faults(text: str) -> Iterator[tuple[int, str]]:
    """What is wrong with a page's front matter: line, and what to do.

    MkDocs publishes as text what it cannot read, and so none of this may pass.
    """
    found = _FRONT.match(text)
    if not found:
        begun = re.match(r"\ufeff?---[ \t]*(\n|\Z)", text)
        unended = "the front matter does not end: add a line “---” behind it"
        yield 1, unended if begun else f"there is no front matter: {REMEDY}"
        return
    try:
        content = yaml.load(found["inside"], StrictLoader)
    except yaml.YAMLError as error:
        line, reason = where(error)
        advice = _advice(found["inside"], line, reason)
        yield line + 1, f"the front matter cannot be read as YAML ({reason}): {advice}"
        return
    except ValueError as error:  # a date that does not exist
        advice = "put quotation marks around that value"
        yield 1, f"the front matter cannot be read as YAML ({error}): {advice}"
        return
    if not isinstance(content, dict):
        yield 2, f"the front matter is no list of names and values: {REMEDY}"
        return
    for name in NEEDED:
        value = content.get(name)
        line = _line_of(found["inside"], name)
        if isinstance(value, str) and value.strip():
            if line > 1 and _COMMENT.match(found["inside"].splitlines()[line - 2]):
                fault = f"the {name} ends before its sign #, a comment in YAML"
                yield line, f"{fault}: put quotation marks around it"
            elif name == "description" and '"' in value:
                fault = "the description holds a quotation mark that ends it in HTML"
                yield line, f"{fault}: write “ and ”"
            continue
        if name not in content:
            yield 1, f"the front matter has no {name}: add a line “{name}: …” below the first “---”"
        elif value is None or isinstance(value, str):
            yield line, f"the {name} is empty: write it behind “{name}:”"
        else:
            fault = f"the {name} is read as {value!r}, which is no text"
            yield line, f"{fault}: put quotation marks around it"


def _line_of(inside: str, name: str) -> int:
    lines = inside.splitlines()
    return next((at for at, line in enumerate(lines, start=2) if line.startswith(name)), 1)


def _advice(inside: str, line: int, reason: str) -> str:
    """What to write in place of a line that YAML cannot read."""
    lines = inside.splitlines()
    wrong = lines[line - 1] if line <= len(lines) else ""
    name, colon, value = wrong.partition(": ")
    special = reason.startswith("mapping values") or value[:1] in set("@%`*&!")
    if colon and re.fullmatch(r"\w+", name) and special:
        quoted = value.strip().replace("\\", "\\\\").replace('"', '\\"')
        return f'write {name}: "{quoted}"'
    return "mend this line, or the one above it"


def navigation(sources: Mapping[str, str], chapters: Mapping[str, str]) -> Iterator[str]:
    """Pages without an entry in the navigation, and entries without a page.

    Parameters
    ----------
    sources : mapping
        Page → its Markdown.
    chapters : mapping
        Page → the part of the navigation that it stands in. Empty if mkdocs.yml has no `nav`: then
        MkDocs lists all pages by itself.
    """
    if not chapters:
        return
    for name in sorted(set(sources) - set(chapters)):
        part, line = _entry(name, sources[name], chapters)
        place = f"to the part {part!r} of nav" if part else "to nav"
        fault = f"docs/{name}: the page is missing from the navigation"
        yield f"{fault}: add the line “{line}” {place} in {FILE}"
    for name in chapters:
        if re.match(r"[a-z]+:|//|/", name) or not name.endswith(".md") or name in sources:
            continue
        close = difflib.get_close_matches(name, sorted(set(sources) - set(chapters)), n=1)
        meant = f"did you mean {close[0]}?" if close else "write that page, or take the entry out"
        yield f"{FILE}: nav names {name}, but there is no page docs/{name}: {meant}"


def _entry(name: str, text: str, chapters: Mapping[str, str]) -> tuple[str, str]:
    """The part of the navigation that a page belongs to ("" for none), and its line there."""
    title = read(text).get("title")
    if not isinstance(title, str) or not title:
        title = PurePosixPath(name).stem.replace("-", " ").capitalize()
    entry = yaml.safe_dump(
        {title: name}, allow_unicode=True, width=float("inf"), default_flow_style=False
    )
    sizes = Counter(chapters.values())
    folder = PurePosixPath(name).parent
    neighbours = [
        part
        for page, part in chapters.items()
        if PurePosixPath(page).parent == folder and sizes[part] > 1
    ]
    beside = [] if folder == PurePosixPath(".") else neighbours
    part = Counter(beside).most_common(1)[0][0] if beside else ""
    return part, ("      - " if part else "  - ") + entry.strip()
