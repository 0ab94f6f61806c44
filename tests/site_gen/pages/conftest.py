"""A book with one study, one figure and one claim, and what the build says of pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from site_gen.errors import BuildError
from site_gen.pages import book, render

FRONT = "---\ntitle: A question?\ndescription: A page for tests.\n---\n"  # four lines
REFERENCES = b"""[{"id": "ioffe2015", "title": "Batch",
 "author": [{"family": "Ioffe"}, {"family": "Szegedy"}], "issued": {"date-parts": [[2015]]}}]"""
MEASURED = {"estimate": 0.5, "low": 0.4, "high": 0.6, "unit": "", "runs": 16, "level": 0.95}
CARD = '[[= claim("coin-is-fair") ]]'


def figure(identifier: str = "coin-heads", **changed: Any) -> dict[str, Any]:
    """An entry of figures.json."""
    path = f"figures/{identifier}/{identifier}"
    files = [
        {"path": path + end, "bytes": 1, "sha256": "0" * 64}
        for end in (".svg", "-dark.svg", ".csv")
    ]
    return {
        "id": identifier,
        "kind": "figure",
        "study": "coin",
        "source": "site_gen/figures/coin__heads.py",
        "title": "Coins are fair",
        "caption": "Coins.",
        "alt": "Dots.",
        "width": 720,
        "height": 360,
        "files": files,
        "tags": ["coins"],
        "claims": ["coin-is-fair"] if identifier == "coin-heads" else [],
        "licence": "CC BY 4.0",
        "profile": "full",
        "runs": 16,
        "seed": 1,
        "versions": {},
        "command": "make figure",
    } | changed


def study(**changed: Any) -> dict[str, Any]:
    """What a study's measurement leaves."""
    case = MEASURED | {"when": "", "rule": "about one half", "holds": True}
    claim = MEASURED | {
        "id": "coin-is-fair",
        "says": "Coins are fair.",
        "source": "reader",
        "study": "coin",
        "verdict": "supported",
        "measured": "supported",
        "profile": "full",
        "because": "Counted.",
        "cases": [case],
    }
    values = {"heads": MEASURED, "tails": MEASURED}
    return {
        "question": "Fair?",
        "setup": {"tosses": 4},
        "words": {"tosses": "of each coin"},
        "claims": [claim | changed],
        "values": values,
    }


def collected(sources: dict[str, str], **changed: Any) -> book.Book:
    """A book for these pages."""
    given = {
        "profile": "full",
        "measures": {"coin": study()},
        "figures": {"coin-heads": figure()},
        "references": REFERENCES,
        "url": "https://example.org/",
        "sources": sources,
        "chapters": {},
    } | changed
    return book.collect(**given)


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """`rendered(body, **changed)`: name → text after rendering `index.md` with this body.

    The claim's card is added to the body.
    """
    monkeypatch.setattr(book, "claim_line", lambda claim: "experiments/studies/coin.py:7")
    monkeypatch.setattr(render, "claim_line", lambda claim: "experiments/studies/coin.py:7")

    def run(body: str, front: str = FRONT, **changed: Any) -> dict[str, str]:
        sources = {"index.md": front + body + f"\n\n{CARD}\n"} | changed.pop("more", {})
        made = render.render(collected(sources, **changed), sources)
        return {name: raw.decode() for name, raw in made.items()}

    return run


@pytest.fixture
def refused(rendered: Callable[..., dict[str, str]]) -> Callable[..., str]:
    """What the build says of a page that stops it."""

    def run(body: str, **changed: Any) -> str:
        with pytest.raises(BuildError) as stopped:
            rendered(body, **changed)
        return str(stopped.value)

    return run
