"""Ids of headings: they say what the heading says, and old ones go on."""

from __future__ import annotations

import re
import unicodedata

import markdown
import pytest

from site_gen.pages.headings import ALIAS, slug
from site_gen.paths import DOCS, sources
from tests.site_gen.pages.test_mathml import site_markdown


@pytest.mark.parametrize(
    ("heading", "identifier"),
    [
        ("γ = 0", "gamma-0"),
        ("γ and β", "gamma-and-beta"),
        ("With ε", "with-epsilon"),
        ("What ε costs", "what-epsilon-costs"),
        ("ΔW, λ and Λ", "delta-w-lambda-and-lambda"),
        ("ϵ ϑ ϕ ϖ ϱ ς µ ά", "epsilon-theta-phi-pi-rho-sigma-mu-alpha"),
        ("𝛾𝛽", "gamma-beta"),
        ("σ² is Σ", "sigma-2-is-sigma"),
        ("ε-neighbourhood", "epsilon-neighbourhood"),
        ("Plain words, `code_like`", "plain-words-code_like"),
        ("2015", "section-2015"),
        ("1 2", "section-1-2"),
        ("And", "section-and"),
        ("= ?", "section"),
    ],
)
def test_a_slug(heading: str, identifier: str) -> None:
    assert slug(heading) == identifier


def test_every_letter_of_the_greek_alphabet_has_its_name() -> None:
    names = (
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho "
        "sigma sigma tau upsilon phi chi psi omega"
    )
    assert " ".join(slug(chr(code)) for code in range(ord("α"), ord("ω") + 1)) == names
    assert {
        slug(chr(code)) for code in range(ord("Α"), ord("Ω") + 1) if unicodedata.name(chr(code), "")
    } == set(names.split())


@pytest.fixture
def converter() -> markdown.Markdown:
    return site_markdown()


@pytest.mark.parametrize(
    ("text", "identifier", "alias"),
    [
        ("## γ = 0", "gamma-0", "0"),
        ("## γ and β", "gamma-and-beta", "and"),
        ("## $\\gamma = 0$", "gamma-0", "0"),
        ("## What is $\\hat\\gamma_B / \\sigma$?", "what-is-gamma-b-sigma", "what-is-b"),
        ("## γ", "gamma", None),
        ("## γ = 2", "gamma-2", None),  # no page had the id "2"
        ("## β with δ", "beta-with-delta", "with"),
        ("## Plain words", "plain-words", None),
        ("## γ { #mine }", "mine", None),
        ("## *γ* in `code`", "gamma-in-code", "in-code"),
    ],
)
def test_a_heading_and_its_old_id(
    converter: markdown.Markdown, text: str, identifier: str, alias: str | None
) -> None:
    html = converter.convert(text)
    old = f'<span class="{ALIAS}" id="{alias}"></span>' if alias else ""
    assert html.startswith(f'<h2 id="{identifier}">{old}') and html.count(" id=") == 1 + bool(alias)
    assert f'href="#{identifier}"' in html
    (token,) = converter.toc_tokens
    assert token["id"] == identifier and ALIAS not in token["name"]


def test_ids_are_unique(converter: markdown.Markdown) -> None:
    symbols = "## γ\n\n## γ\n\n## γ = 1\n\n## β = 1\n\n## 1\n\n"
    words = "## What costs\n\n## What ε costs\n\n## x { #0 }\n\n## γ = 0\n"
    html = converter.convert(symbols + words)
    ids = re.findall(r' id="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    assert re.findall(r'<h2 id="([^"]*)"', html) == [
        "gamma",
        "gamma_1",
        "gamma-1",
        "beta-1",
        "section-1",
        "what-costs",
        "what-epsilon-costs",
        "0",
        "gamma-0",
    ]


def test_ids_on_the_site_say_something(converter: markdown.Markdown) -> None:
    """Headings of all pages; and links between pages use no id of old."""
    ids: dict[str, set[str]] = {}
    old: dict[str, set[str]] = {}
    for path in (one for one in sources(DOCS) if one.suffix == ".md"):
        headings = [
            line
            for line in path.read_text(encoding="utf-8").splitlines()
            if re.match(r"#{1,6} ", line)
        ]
        converter.reset()
        html = converter.convert("\n\n".join(headings))
        name = path.relative_to(DOCS).as_posix()
        old[name] = set(re.findall(rf'class="{ALIAS}" id="([^"]*)"', html))
        ids[name] = set(re.findall(r'<h\d id="([^"]*)"', html))
        assert not [one for one in ids[name] if re.fullmatch(r"\d+|and|with|_\d+", one)], name
    assert "0" in old["transform/gamma-and-beta.md"]
    assert "gamma-0" in ids["transform/gamma-and-beta.md"]
    assert "and" in old["optimization/placement.md"]
    assert "with" in old["optimization/size-of-weights.md"]
    for path in (one for one in sources(DOCS) if one.suffix == ".md"):
        text = path.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\(([\w./-]*)#([\w-]+)\)", text):
            linked = (path.parent / target).resolve() if target else path
            page = linked.relative_to(DOCS).as_posix()
            assert anchor not in old.get(page, ()), f"{path.name}: {target}#{anchor}"
