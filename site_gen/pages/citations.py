"""References: docs/references.json (CSL-JSON) → author-year links, the list of references, how to cite a figure."""

from __future__ import annotations

import json
from typing import Any

from site_gen.errors import BuildError
from site_gen.paths import DOCS, relative
from site_gen.storage import read_json

SITE = "Batch Norm, Measured"
SITE_AUTHOR = "Batch Norm, Measured contributors"
SITE_YEAR = 2026
FILE = DOCS / "references.json"
# Where a claim is made that no single publication can be held to: kinds of text, described and not named.
POPULAR = {
    "reader": "a question from readers",
    "demo": "an interactive demonstration",
    "overview": "an introductory overview",
    "post": "a blog post",
    "thread": "a thread among learners",
}


def load() -> dict[str, dict[str, Any]]:
    """All references by key.

    Raises
    ------
    BuildError
        If the file is broken, a key stands twice, or an entry lacks author, year or title.
    """
    found: dict[str, dict[str, Any]] = {}
    for entry in read_json(FILE):
        key = entry.get("id", "?")
        missing = [name for name in ("author", "issued", "title") if not entry.get(name)]
        if missing or key in found:
            reason = f"has no {' and no '.join(missing)}" if missing else "stands twice"
            raise BuildError(f"{relative(FILE)}: the reference {key!r} {reason}")
        found[key] = entry
    return found


def year(entry: dict[str, Any]) -> int:
    """The year of publication."""
    return entry["issued"]["date-parts"][0][0]


def names(entry: dict[str, Any]) -> str:
    """The authors as a running text names them: one, two, or the first "et al."."""
    authors = [author.get("family") or author["literal"] for author in entry["author"]]
    return (
        authors[0]
        if len(authors) == 1
        else " & ".join(authors)
        if len(authors) == 2
        else f"{authors[0]} et al."
    )


def author_year(entry: dict[str, Any]) -> str:
    """For example "Ioffe & Szegedy, 2015"."""
    return f"{names(entry)}, {year(entry)}"


def full(entry: dict[str, Any]) -> str:
    """One reference as Markdown: authors, year, title, where it appeared, link."""
    authors = ", ".join(
        f"{author['given']} {author['family']}" if author.get("given") else author.get("family") or author["literal"]
        for author in entry["author"]
    )  # fmt: skip
    where = entry.get("container-title") or entry.get("publisher")
    where = f" {where}." if where else ""
    link = f" [{entry['URL'].removeprefix('https://')}]({entry['URL']})" if entry.get("URL") else ""
    stop = "" if entry["title"].endswith(("?", "!", ".")) else "."
    return f"{authors} ({year(entry)}). *{entry['title']}*{stop}{where}{link}"


def for_figure(figure: dict[str, Any], url: str) -> dict[str, dict[str, str]]:
    """How to cite a figure: name of the format → language for highlighting, and text.

    The version is the start of the hash of the figure's table, so that a citation says which numbers were seen.
    """
    version = next(file["sha256"][:8] for file in figure["files"] if file["path"].endswith(".csv"))
    key = "bnm-" + figure["id"]
    bibtex = (
        f"@misc{{{key},\n  title        = {{{figure['title']}}},\n  author       = {{{{{SITE_AUTHOR}}}}},\n"
        f"  howpublished = {{{SITE}}},\n  year         = {{{SITE_YEAR}}},\n  url          = {{{url}}},\n"
        f"  note         = {{Version {version}. {figure['licence']}}}\n}}"
    )
    csl = {
        "id": key, "type": "graphic", "title": figure["title"], "author": [{"literal": SITE_AUTHOR}], "URL": url,
        "issued": {"date-parts": [[SITE_YEAR]]}, "container-title": SITE, "version": version,
    }  # fmt: skip
    apa = f"{SITE_AUTHOR}. ({SITE_YEAR}). {figure['title']} (Version {version}) [{figure['kind'].capitalize()}]. {SITE}. {url}"
    return {
        "BibTeX": {"language": "bibtex", "text": bibtex},
        "CSL-JSON": {"language": "json", "text": json.dumps([csl], indent=1, ensure_ascii=False)},
        "APA": {"language": "text", "text": apa},
    }
