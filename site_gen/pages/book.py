"""What pages may refer to: measurements, figures with the hashes of their files, references."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from experiments.sources import line_of_literal
from experiments.suggest import unknown
from site_gen import paths
from site_gen.errors import BuildError, PageError
from site_gen.pages import citations
from site_gen.pages.calls import UNKNOWN, Call, calls, parses

USUAL = "full"  # the profile that pages do not name


@dataclass(frozen=True)
class Book:
    """Everything that pages may refer to.

    Attributes
    ----------
    profile : str
        The profile that all measurements come from.
    studies : dict
        Study → what `judge` gave.
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
        Simulator → page that holds it, in the order of the navigation → what the tag there chooses:
        preset and settings.
    notice : str
        What stands at the top of every page that is not for citation, a title and a text below it;
        "" if the pages may be cited.
    incomplete : bool
        Whether some page cannot be read, so that what seems to be on no page may be on that one.
    """

    profile: str
    studies: dict[str, dict[str, Any]]
    figures: dict[str, dict[str, Any]]
    references: dict[str, dict[str, Any]]
    url: str
    shown: dict[str, str]
    chapters: dict[str, str]
    simulators: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    notice: str = ""
    incomplete: bool = False

    @property
    def profile_shown(self) -> str:
        """The profile if readers need to know of it, "" for the usual one."""
        return "" if self.profile == USUAL else self.profile

    @cached_property
    def showing(self) -> dict[str, list[str]]:
        """Claim → the figures that name it."""
        found: dict[str, list[str]] = {}
        for identifier, figure in self.figures.items():
            for claim in figure["claims"]:
                found.setdefault(claim, []).append(identifier)
        return found

    @cached_property
    def claims(self) -> dict[str, dict[str, Any]]:
        """All claims by id, in the order of studies and, within one, of its declaration.

        Raises
        ------
        BuildError
            If two studies declare the same id, a claim is not shown by exactly one figure, or it
            names a source that does not exist.
        """
        found: dict[str, dict[str, Any]] = {}
        for name, study in self.studies.items():
            for claim in study["claims"]:
                where = f"{claim_line(claim)}: the claim {claim['id']!r}"
                if claim["id"] in found:
                    other = found[claim["id"]]["study"]
                    raise BuildError(f"{where} stands in {other} too: give it another id")
                figure = self._figure_of(claim)
                if claim["source"] not in (*citations.POPULAR, *self.references):
                    raise BuildError(self._unknown_source(claim))
                page = self.shown.get(claim["id"])
                found[claim["id"]] = claim | {
                    "study": name,
                    "figure": figure,
                    "page": page,
                    "topic": self.chapters.get(page, ""),
                }
        return found

    def _figure_of(self, claim: dict[str, Any]) -> str:
        """The one figure that shows a claim."""
        showing = self.showing.get(claim["id"], [])
        if len(showing) != 1:
            found = f"{len(showing)} figures show it: {', '.join(showing)}"
            raise BuildError(
                f"{claim_line(claim)}: the claim {claim['id']!r} must be shown by one figure, and "
                f"{found if showing else 'no figure shows it'}: name it in the CLAIMS of one figure"
            )
        return showing[0]

    def _unknown_source(self, claim: dict[str, Any]) -> str:
        sources = (*citations.POPULAR, *self.references)
        return (
            f"{claim_line(claim)}: in the claim {claim['id']!r}, "
            f"{unknown('source', claim['source'], sources)} "
            f"(the keys of {citations.FILE}, and {', '.join(citations.POPULAR)})"
        )

    def measurement(self, name: str) -> dict[str, Any]:
        """A measured value ("study.name") or the headline of a claim (its id)."""
        study, _, value = name.partition(".")
        if study in self.studies and value in self.studies[study]["values"]:
            return self.studies[study]["values"][value]
        if name in self.claims:
            return self.claims[name]
        there = [study] if study in self.studies else list(self.studies)
        known = [f"{one}.{key}" for one in there for key in self.studies[one]["values"]]
        if study not in self.studies:
            known += self.claims
        raise PageError(unknown("measured value", name, known))


def collect(
    *,
    profile: str,
    measures: dict[str, dict[str, Any]],
    figures: dict[str, dict[str, Any]],
    references: bytes,
    url: str,
    sources: dict[str, str],
    chapters: dict[str, str],
    notice: str = "",
) -> Book:
    """Put together what pages may refer to; reads no file.

    Parameters
    ----------
    profile : str
        The profile in force.
    measures : dict
        Study → what `judge` gave.
    figures : dict
        Id → entry of the figure's JSON, with its `files`: for each `path`, `bytes`, `sha256`.
    references : bytes
        The content of docs/references.json.
    url : str
        Where the site is published, with a slash at the end.
    sources : dict
        Page → its Markdown.
    chapters : dict
        Page → the part of the site that it stands in.
    notice : str
        What every page says at its top: a heading and, on the next line, a text; "" for nothing.

    Raises
    ------
    BuildError
        If the references cannot be read.
    """
    found = {name: calls(text) for name, text in sources.items()}
    return Book(
        profile=profile,
        studies=measures,
        figures=figures,
        references=citations.load(references),
        url=url,
        shown=shown(found),
        chapters=chapters,
        simulators=simulators(found, chapters),
        notice=notice,
        incomplete=not all(map(parses, sources.values())),
    )


def shown(found: dict[str, list[Call]]) -> dict[str, str]:
    """Claim → the page that shows its card; page → its calls are given."""
    return {
        identifier: page
        for page, there in found.items()
        for call in there
        if call.name == "claim" and isinstance(identifier := call.argument(0, "identifier"), str)
    }


def simulators(
    found: dict[str, list[Call]], chapters: dict[str, str]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Which simulators stand on which pages, the first of a kind on each, and what they choose.

    A tag whose arguments are no literals is left out.
    """
    order = {page: position for position, page in enumerate(chapters)}
    placed: dict[str, dict[str, dict[str, Any]]] = {}
    for page in sorted(found, key=lambda page: (order.get(page, len(order)), page)):
        for call in found[page]:
            chosen = {key: value for key, value in call.kwargs.items() if key != "name"}
            name = call.argument(0, "name")
            literal = isinstance(name, str) and UNKNOWN not in chosen.values()
            if call.name == "simulator" and literal:
                placed.setdefault(name, {}).setdefault(page, chosen)
    return placed


def quoted_sources(sources: dict[str, str]) -> list[str]:
    """The files whose code pages show with `source(…)`, in alphabetical order."""
    found = [call for text in sources.values() for call in calls(text) if call.name == "source"]
    named = {call.argument(0, "path") for call in found}
    return sorted(name for name in named if isinstance(name, str))


def claim_line(claim: dict[str, Any]) -> str:
    """Where a claim is declared, as `file:line`."""
    path = paths.STUDIES / f"{claim['study']}.py"
    return f"{paths.relative(path)}:{line_of_literal(path, claim['id'])}"
