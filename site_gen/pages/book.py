"""What pages may refer to: measurements, figures with the hashes of their files, references."""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from site_gen import paths
from site_gen.errors import BuildError
from site_gen.media import catalogue
from site_gen.pages import citations
from site_gen.pipeline.measure import line_of
from site_gen.storage import read_json


class PageError(Exception):
    """Something a tag on a page asks for does not exist; gets its page and line where it is caught."""


@dataclass(frozen=True)
class Book:
    """Everything that pages may refer to.

    Attributes
    ----------
    profile : str
        The profile that all measurements come from.
    studies : dict
        Study → what `measure.evaluate` gave.
    figures : dict
        Id → entry of `figures.json`.
    references : dict
        Key → CSL-JSON entry.
    url : str
        Where the site is published, with a slash at the end.
    shown : dict
        Claim → the page that discusses it.
    chapters : dict
        Page → the part of the site that it stands in, by its title in the navigation.
    simulators : dict
        Simulator → page that holds it, in the order of the navigation → what the tag there chooses: preset and settings.
    """

    profile: str
    studies: dict[str, dict[str, Any]]
    figures: dict[str, dict[str, Any]]
    references: dict[str, dict[str, Any]]
    url: str
    shown: dict[str, str]
    chapters: dict[str, str]
    simulators: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    @cached_property
    def claims(self) -> dict[str, dict[str, Any]]:
        """All claims by id, in the order of studies and, within one, of its declaration.

        Raises
        ------
        BuildError
            If two studies declare the same id, or a claim names a figure or a source that does not exist.
        """
        found: dict[str, dict[str, Any]] = {}
        for name, study in self.studies.items():
            for claim in study["claims"]:
                where = claim_line(claim)
                if claim["id"] in found:
                    raise BuildError(
                        f"{where}: the claim {claim['id']!r} stands in {found[claim['id']]['study']} too"
                    )
                if claim["figure"] not in self.figures:
                    raise BuildError(f"{where}: the claim {claim['id']!r} names the figure {claim['figure']!r}, which does not "
                                     f"exist; the figures are: {', '.join(self.figures)}")  # fmt: skip
                if claim["source"] not in citations.POPULAR and claim["source"] not in self.references:
                    raise BuildError(f"{where}: the claim {claim['id']!r} names the source {claim['source']!r}, which is not "
                                     "in docs/references.json")  # fmt: skip
                page = self.shown.get(claim["id"])
                found[claim["id"]] = claim | {
                    "study": name,
                    "page": page,
                    "topic": self.chapters.get(page, ""),
                }
        return found

    def measurement(self, name: str) -> dict[str, Any]:
        """A measured value ("study.name") or the headline of a claim (its id)."""
        study, _, value = name.partition(".")
        if study in self.studies and value in self.studies[study]["values"]:
            return self.studies[study]["values"][value]
        if name in self.claims:
            return self.claims[name]
        known = (
            [f"{study}.{key}" for key in self.studies[study]["values"]]
            if study in self.studies
            else list(self.studies)
        )
        raise PageError(f"there is no measured value {name!r}; there are: {', '.join(known)}")


def collect(
    profile: str, names: list[str], url: str, sources: dict[str, str], chapters: dict[str, str]
) -> Book:
    """Read what the earlier stages left: measurements, figures with the hashes of their files, references.

    Parameters
    ----------
    profile : str
        The profile in force.
    names : list of str
        The studies.
    url : str
        Where the site is published, with a slash at the end.
    sources : dict
        Page → its Markdown.
    chapters : dict
        Page → the part of the site that it stands in.
    """
    studies = {name: read_json(paths.measures(profile, name)) for name in names}
    claims_of: dict[str, list[str]] = {}
    for study in studies.values():
        for claim in study["claims"]:
            claims_of.setdefault(claim["figure"], []).append(claim["id"])
    figures = {}
    for drawing in catalogue.drawings().values():
        folder = paths.media(profile, drawing.id)
        entry = read_json(folder / f"{drawing.id}.json")
        files = [_file_entry(folder / name) for name in drawing.files(profile)]
        figures[drawing.id] = entry | {"claims": claims_of.get(drawing.id, []), "files": files}
    shown = {
        claim: name
        for name, text in sources.items()
        for claim in re.findall(r"\[\[=\s*claim\(\s*[\"']([^\"']+)", text)
    }
    return Book(
        profile, studies, figures, citations.load(), url, shown, chapters, simulators(sources, chapters)
    )


def simulators(sources: dict[str, str], chapters: dict[str, str]) -> dict[str, dict[str, dict[str, Any]]]:
    """Which simulators stand on which pages, the first of a kind on each, and what their tags choose.

    A tag that cannot be read is left out: it stops the build where its page is rendered.
    """
    order = {page: position for position, page in enumerate(chapters)}
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for page in sorted(sources, key=lambda page: (order.get(page, len(order)), page)):
        for tag in re.findall(r"\[\[=\s*(simulator\(.*?\))\s*\]\]", sources[page], re.S):
            try:
                call = ast.parse(tag, mode="eval").body
                name = ast.literal_eval(call.args[0])
                chosen = {one.arg: ast.literal_eval(one.value) for one in call.keywords}
            except (SyntaxError, ValueError, IndexError):
                continue
            found.setdefault(name, {}).setdefault(page, chosen)
    return found


def _file_entry(path: Path) -> dict[str, Any]:
    raw = path.read_bytes()
    return {
        "path": f"figures/{path.parent.name}/{path.name}",
        "bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
    }


def claim_line(claim: dict[str, Any]) -> str:
    """Where a claim is declared, as `file:line`."""
    path = paths.STUDIES / f"{claim['study']}.py"
    return f"{paths.relative(path)}:{line_of(path, claim['id'])}"
