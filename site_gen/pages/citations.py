"""References in docs/references.json (CSL-JSON): author-year links, their list, citing a figure."""

from __future__ import annotations

import json
from typing import Any

from site_gen import imprint
from site_gen.errors import BuildError

FILE = "docs/references.json"
# Sources of claims that no single publication makes: kinds of text, described and not named.
POPULAR = {
    "reader": "a question from readers",
    "demo": "an interactive demonstration",
    "overview": "an introductory overview",
    "post": "a blog post",
    "thread": "a thread among learners",
}


def load(raw: bytes) -> dict[str, dict[str, Any]]:
    """All references by key.

    Parameters
    ----------
    raw : bytes
        The content of docs/references.json.

    Raises
    ------
    BuildError
        If the file is broken, a key stands twice, or an entry lacks author, year or title; names
        the file, and the line or the reference.
    """
    try:
        entries = json.loads(raw.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise BuildError(
            f"{FILE}:{error.lineno}: cannot be read as JSON ({error.msg} at column {error.colno}). "
            f"Mend this line"
        ) from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BuildError(
            f"{FILE}:{line}: cannot be read, because it is not UTF-8. Save it as UTF-8"
        ) from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        meant = "a list of references in CSL-JSON, [{…}, {…}]"
        raise BuildError(f"{FILE}:1: is {meant}, and holds something else")
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        key = str(entry.get("id", "?"))
        reason = "stands twice" if key in found else _lacking(entry)
        if reason:
            raise BuildError(f"{FILE}: the reference {key!r} {reason}. Mend this entry")
        found[key] = entry
    return found


def _lacking(entry: dict[str, Any]) -> str:
    """What an entry has to have and has not, in words; "" if it is complete."""
    missing = [name for name in ("id", "author", "issued", "title") if not entry.get(name)]
    if missing:
        return f"has no {' and no '.join(missing)}"
    for name in ("id", "title", "container-title", "publisher", "URL"):
        if not isinstance(entry.get(name, ""), str):
            return f'needs a text as its {name}: "{name}": "…"'
    try:
        parts = [part for author in entry["author"] for part in author.values()]
        texts = all(isinstance(part, str) for part in parts)
        complete = bool(names(entry)) and isinstance(year(entry), int) and texts
    except (KeyError, IndexError, TypeError, AttributeError):
        complete = False
    if not complete:
        return 'needs "author": [{"family": "…"}] and "issued": {"date-parts": [[2015]]}'
    return ""


def year(entry: dict[str, Any]) -> int:
    """The year of publication."""
    return entry["issued"]["date-parts"][0][0]


def names(entry: dict[str, Any]) -> str:
    """The authors as a running text names them: one, two, or the first "et al."."""
    authors = [author.get("family") or author["literal"] for author in entry["author"]]
    return " & ".join(authors) if len(authors) <= 2 else f"{authors[0]} et al."


def author_year(entry: dict[str, Any]) -> str:
    """For example "Ioffe & Szegedy, 2015"."""
    return f"{names(entry)}, {year(entry)}"


def full(entry: dict[str, Any]) -> str:
    """One reference as Markdown: authors, year, title, where it appeared, link."""
    authors = ", ".join(_full_name(author) for author in entry["author"])
    where = entry.get("container-title") or entry.get("publisher")
    where = f" {where}." if where else ""
    link = f" [{entry['URL'].removeprefix('https://')}]({entry['URL']})" if entry.get("URL") else ""
    stop = "" if entry["title"].endswith(("?", "!", ".")) else "."
    return f"{authors} ({year(entry)}). *{entry['title']}*{stop}{where}{link}"


def _full_name(author: dict[str, str]) -> str:
    family = author.get("family") or author["literal"]
    return f"{author['given']} {family}" if author.get("given") else family


def for_figure(figure: dict[str, Any], url: str) -> dict[str, dict[str, str]]:
    """How to cite a figure: name of the format → language for highlighting, and text.

    The version is the start of the hash of the figure's table, so that a citation says which
    numbers were seen.
    """
    version = next(file["sha256"][:8] for file in figure["files"] if file["path"].endswith(".csv"))
    key = "bnm-" + figure["id"]
    bibtex = (
        f"@misc{{{key},\n  title        = {{{figure['title']}}},\n"
        f"  author       = {{{{{imprint.AUTHOR}}}}},\n  howpublished = {{{imprint.TITLE}}},\n"
        f"  year         = {{{imprint.YEAR}}},\n  url          = {{{url}}},\n"
        f"  note         = {{Version {version}. {figure['licence']}}}\n}}"
    )
    csl = {
        "id": key,
        "type": "graphic",
        "title": figure["title"],
        "author": [{"literal": imprint.AUTHOR}],
        "URL": url,
        "issued": {"date-parts": [[imprint.YEAR]]},
        "container-title": imprint.TITLE,
        "version": version,
    }
    apa = (
        f"{imprint.AUTHOR}. ({imprint.YEAR}). {figure['title']} (Version {version}) "
        f"[{figure['kind'].capitalize()}]. {imprint.TITLE}. {url}"
    )
    return {
        "BibTeX": {"language": "bibtex", "text": bibtex},
        "CSL-JSON": {"language": "json", "text": json.dumps([csl], indent=1, ensure_ascii=False)},
        "APA": {"language": "text", "text": apa},
    }
