"""What stops the build before MkDocs sees a page: one sentence, with the page and its line."""

from __future__ import annotations

import ast
import builtins
import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from experiments.claims import VERDICTS
from site_gen import imprint, paths
from site_gen.errors import BuildError
from site_gen.pages import book, calls, citations, formatting
from tests.site_gen.pages.conftest import CARD, FRONT, collected, figure, study

Rendered, Refused = Callable[..., dict[str, str]], Callable[..., str]


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ('[[= figur("coin-heads") ]]', "there is no tag 'figur'; did you mean figure"),
        ("[[= profil ]]", "there is no name 'profil'; did you mean profile?"),
        ('[[= figure("coin-head") ]]', "there is no figure 'coin-head'; did you mean coin-heads?"),
        ('[[= claim("coin-fair") ]]', "there is no claim 'coin-fair'; did you mean coin-is-fair?"),
        ('[[= verdict("coin") ]]', "there is no claim 'coin'"),
        (
            '[[= value("coin.head") ]]',
            "there is no measured value 'coin.head'; did you mean coin.heads",
        ),
        ('[[= value("coins.heads") ]]', "did you mean coin.heads"),
        (
            '[[= setting("coin.toses") ]]',
            "there is no setting of coin 'toses'; did you mean tosses?",
        ),
        ('[[= settings("coins") ]]', "there is no study 'coins'; did you mean coin?"),
        (
            '[[= cite("iofe2015") ]]',
            "in docs/references.json, there is no reference 'iofe2015'; did you mean ioffe2015?",
        ),
        (
            '[[= source("experiments/suggest.py", "unknwon") ]]',
            "there is no definition 'unknwon'; did you mean unknown?",
        ),
        (
            '[[= source("experiments/suggest", "unknown") ]]',
            "there is no file experiments/suggest to show",
        ),
        ('[[= source("README.md", "unknown") ]]', "README.md:"),
        ('[[= source("/etc/hostname", "x") ]]', "there is no file /etc/hostname to show"),
        (
            "[[= figure() ]]",
            "missing a required argument: 'identifier'. "
            'It is written [[= figure("identifier") ]]',
        ),
        ('[[= figure("coin-heads", "x") ]]', "too many positional arguments"),
        (
            '[[= value("coin.heads", sepc=".2f") ]]',
            "value: there is no argument 'sepc'; did you mean spec?",
        ),
        ("[[= figure(3) ]]", "figure: identifier is a text between quotation marks, not 3"),
        (
            '[[= decides("coin-is-fair", none) ]]',
            "identifiers is a text between quotation marks, not None",
        ),
        ('[[= value("coin.heads", ".2q") ]]', "'.2q' cannot format 0.5"),
        ("[[= 1 / 0 ]]", "cannot be filled in (ZeroDivisionError"),
        ('[[= figure("coin-heads"|uper) ]]', "there is no Jinja filter 'uper'; did you mean upper"),
        (
            '[[= value("coin.heads") is strng ]]',
            "there is no Jinja test 'strng'; did you mean string",
        ),
        (
            "[[= value ]]",
            'value is named and not called. It is written [[= value("name", "spec") ]]',
        ),
        ("[[= board|upper ]]", "board is named and not called. It is written [[= board() ]]"),
        ("[[% set f = cite %]]", "cite is named and not called"),
        ('[[= value(*["coin.heads", ".2f", "x", "y"]) ]]', "cannot be filled in (TypeError"),
        ('[[= figure("coin-heads") ', "the tag cannot be read: "),
        ('[[= figure("coin-heads" ]]', "the tag cannot be read: "),
        ('[[= figure("coin-heads) ]]', "the tag cannot be read: "),
        (
            '[[ figure("coin-heads") ]]',
            'figure would be printed as text. It is written [[= figure("identifier") ]]',
        ),
        ('{{ figure("coin-heads") }}', "figure would be printed as text"),
        ('[[ verdict("coin-is-fair")', "verdict would be printed as text"),
        ("[[% figure %]]", "A tag that prints something is written [[= … ]]"),
        ('[[% include "nosuch" %]]', "there is no template 'nosuch' to include"),
    ],
)
def test_a_bad_tag_is_named_with_its_line(refused: Refused, tag: str, told: str) -> None:
    said = refused(f"Words.\n\n{tag}\n\nMore words.")
    assert said.startswith("docs/index.md:7: ") and told in said
    assert "\n" not in said


def test_a_tag_over_several_lines_is_named_where_it_begins(refused: Refused) -> None:
    assert refused('A.\n\n[[= figure(\n\n"coin-head"\n) ]]').startswith("docs/index.md:7: ")


def test_several_bad_tags_are_told_at_once(refused: Refused) -> None:
    said = refused("[[= figur(1) ]]\n\n[[= claim() ]]\n\n[[= nosuch ]]").splitlines()
    assert [line.split(": ")[0] for line in said] == [
        "docs/index.md:5",
        "docs/index.md:7",
        "docs/index.md:9",
    ]


def test_a_broken_tag_hides_no_claim_of_its_page(refused: Refused) -> None:
    assert "no page shows" not in refused("[[= figure( ]]")


def test_a_macro_of_the_page_is_no_unknown_name(rendered: Rendered) -> None:
    macro = "[[% macro twice(x) %]][[= x ]][[= x ]][[% endmacro %]][[= twice('ab') ]]"
    loop = "[[% for i in range(2) %]]c[[% endfor %]]"
    assert "ababcc" in rendered(macro + loop)["index.md"]
    assert (
        "ab" in rendered("[[% for figure in ('a', 'b') %]][[= figure ]][[% endfor %]]")["index.md"]
    )


def test_arguments_that_are_spread_are_counted_when_they_are_known(rendered: Rendered) -> None:
    assert "0.50" in rendered('[[= value(*("coin.heads", ".2f")) ]]')["index.md"]
    assert "0.50" in rendered('[[= value(**{"name": "coin.heads", "spec": ".2f"}) ]]')["index.md"]


def test_a_sign_that_cannot_be_read_is_told_without_its_place_in_characters(
    refused: Refused,
) -> None:
    assert "unexpected char '?'. Close" in refused("[[= figure(?) ]]")
    assert ".." not in refused("[[% for a in b %]]")


def test_no_message_lists_more_than_a_dozen(refused: Refused) -> None:
    many = {f"coin-{number}": figure(f"coin-{number}") for number in range(40)} | {
        "coin-heads": figure()
    }
    said = refused('[[= figure("zebra") ]]', figures=many)
    assert "coin-11" in said and "coin-12" not in said and "and 29 more" in said
    said = refused("x", figures=many | {"coin-heads": figure(claims=["coin-is-fair", "zebra"])})
    assert said.startswith(
        "site_gen/figures/coin__heads.py: in CLAIMS, there is no claim 'zebra'; "
    )


def test_a_claim_is_shown_by_exactly_one_figure(refused: Refused) -> None:
    for figures, told in (
        ({"coin-heads": figure(claims=[])}, "no figure shows it"),
        ({name: figure(name, claims=["coin-is-fair"]) for name in "ab"}, "2 figures show it: a, b"),
    ):
        said = refused("x", figures=figures)
        assert said.startswith("experiments/studies/coin.py:7: ") and told in said


@pytest.mark.parametrize(
    ("front", "told"),
    [
        (
            "---\ntitle: What: is this?\ndescription: A.\n---\n",
            "2: the front matter cannot be read as YAML (mapping values are not allowed here): "
            'write title: "What: is this?"',
        ),
        (
            "---\ntitle: What?\ndescription: It is: this.\n---\n",
            "3: the front matter cannot be read as YAML (mapping values are not allowed here): "
            'write description: "It is: this."',
        ),
        ("---\ntitle: @what\ndescription: A.\n---\n", 'write title: "@what"'),
        ("---\ntitle: [What\ndescription: A.\n---\n", "mend this line, or the one above it"),
        ("", "1: there is no front matter: begin the page with “---”"),
        ("\n" + FRONT, "1: there is no front matter"),
        ("---\ntitle: What?\n", "1: the front matter does not end"),
        ("---\n- title\n---\n", "2: the front matter is no list of names and values"),
        ("---\njust words\n---\n", "2: the front matter is no list of names and values"),
        ("---\n---\n", "2: the front matter is no list of names and values"),
        ("---\ndescription: A.\n---\n", "1: the front matter has no title: add a line “title: …”"),
        ("---\ntitle: What?\n---\n", "1: the front matter has no description"),
        ("---\ntitle:\ndescription: A.\n---\n", "2: the title is empty"),
        (
            "---\ndescription: A.\ntitle: [What, is]\n---\n",
            "3: the title is read as ['What', 'is'], which is no text: put quotation marks",
        ),
        (
            "---\ntitle: What?\ndescription: A.\ntitle: Who?\n---\n",
            "4: the front matter cannot be read as YAML ('title' stands twice)",
        ),
        (
            "---\ntitle: What?\n\tdescription: A.\n---\n",
            "3: the front matter cannot be read as YAML (found character '\\t'",
        ),
        ("---\ntitle: Yes\ndescription: A.\n---\n", "2: the title is read as True"),
        (
            "---\ntitle: What is the first # of all?\ndescription: A.\n---\n",
            "2: the title ends before its sign #, a comment in YAML: put quotation marks around it",
        ),
        (
            '---\ntitle: What?\ndescription: A "b".\n---\n',
            "3: the description holds a quotation mark",
        ),
    ],
)
def test_front_matter_that_mkdocs_would_publish_as_text(
    refused: Refused, front: str, told: str
) -> None:
    said = refused("Words.", front=front)
    assert said.startswith("docs/index.md:") and told in said.splitlines()[0]


def test_a_template_that_cannot_be_read_is_named(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(calls.TEMPLATES, tmp_path, dirs_exist_ok=True)
    (tmp_path / "verdict.md").write_text("\n[[= x")
    monkeypatch.setattr(calls, "TEMPLATES", tmp_path)
    said = refused('\n[[= verdict("coin-is-fair") ]]')
    assert said.startswith(
        f"docs/index.md:6: {tmp_path}/verdict.md:2 cannot be read: unexpected end"
    )
    assert "\n" not in said


def test_code_may_look_like_a_tag_of_another_tool(rendered: Rendered) -> None:
    line = '`{{ figure("a") }}` [[% raw %]][[= figure("a") ]][[% endraw %]]'
    block = '```\n[[figure("a")]]\n```'
    assert '[[= figure("a") ]]' in rendered(f"{line}\n\n{block}\n")["index.md"]


def test_a_page_that_is_missing_from_the_navigation(refused: Refused) -> None:
    chapters = {"index.md": "Home", "part/a.md": "The part", "part/b.md": "The part"}
    more = {
        "part/a.md": FRONT,
        "part/b.md": FRONT,
        "part/new.md": FRONT.replace("A question?", "'New: is it?'"),
    }
    said = refused("x", chapters=chapters, more=more)
    assert said == (
        "docs/part/new.md: the page is missing from the navigation: add the line "
        "“      - 'New: is it?': part/new.md” to the part 'The part' of nav in mkdocs.yml"
    )
    said = refused("x", chapters={"index.md": "Home"}, more={"new.md": FRONT})
    assert "docs/new.md: " in said and "“  - A question?: new.md” to nav in mkdocs.yml" in said


def test_an_entry_of_the_navigation_without_a_page(refused: Refused) -> None:
    said = refused("x", chapters={"index.md": "", "pages.md": "", "https://example.org": ""})
    assert said == (
        "mkdocs.yml: nav names pages.md, but there is no page docs/pages.md: "
        "write that page, or take the entry out"
    )
    said = refused("x", chapters={"index.md": "", "pages.md": ""}, more={"page.md": FRONT})
    assert "did you mean page.md?" in said


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("One $x$.\n\nTwo $\\frac{1}$.", 7),
        ("One `$\\frac{1}$`.\n\n$$\n\\frac{1}\n$$", 7),
        ("1. One\n\n    $$\\frac{1}$$", 7),
        ("One \\(\\frac{1}\\).", 5),
        ("```\n$\\frac{1$\n```\n\nTwo $x +\n\\frac{1}$.", 9),
        ('[[= given("a") ]]\n\n$[[= given("2") ]] + \\frac{1}$', 7),
        ('Words.\n\n[[= given("$\\\\frac{1}$") ]]', 7),
        ("## $\\frac{1}$", 5),
    ],
)
def test_a_formula_that_cannot_be_set(refused: Refused, body: str, line: int) -> None:
    said = refused(body)
    assert said.startswith(f"docs/index.md:{line}: the formula ") and r"\\frac{1}" in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "body",
    [
        "It costs 5 $ or \\$6 $.",
        "`$\\frac{1}$`",
        "```\n$$\\frac{1}$$\n```",
        "<!-- $\\frac{1}$ -->",
        '=== "A"\n\n    ```\n    $\\frac{1}$\n    ```\n',
        "``a`$\\frac{1}$``",
        '<i title="$\\frac{1}$">x</i>',
        "It costs $5.\n\nOr \\frac{1} of 6$.",
    ],
)
def test_what_is_no_formula(rendered: Rendered, body: str) -> None:
    rendered(body)


def test_a_formula_in_a_caption_or_a_claim_names_the_file_that_holds_it(refused: Refused) -> None:
    said = refused(
        '[[= figure("coin-heads") ]]', figures={"coin-heads": figure(caption=r"About $\frac{1}$.")}
    )
    assert said == (
        r"site_gen/figures/coin__heads.py: in the caption, the formula '\\frac{1}' cannot be set: "
        + said.rpartition("cannot be set: ")[2]
    )
    said = refused("x", measures={"coin": study(because=r"About $\frac{1}$.")})
    assert said.startswith(
        "experiments/studies/coin.py:7: in the claim 'coin-is-fair', the formula "
    )
    assert "\n" not in said


def test_a_declared_verdict_that_the_measurement_contradicts_names_every_tag(
    refused: Refused,
) -> None:
    said = refused('`[[=verdict ("coin-is-fair")]]`', measures={"coin": study(verdict="refuted")})
    assert said.startswith(
        "docs/index.md:5, docs/index.md:7: the claim 'coin-is-fair' is declared 'refuted'"
    )


def test_a_notice_stands_below_the_front_matter(rendered: Rendered) -> None:
    assert "!!! warning" not in rendered("x")["index.md"]
    refuted = {"coin": study(verdict="refuted")}
    page = rendered("x", notice="Mine\nWords.", measures=refuted)["index.md"]
    assert page.startswith(f'{FRONT}\n!!! warning "Mine"\n\n    Words.\n')


def test_collecting_reads_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    text = {"index.md": FRONT + CARD}
    collected(text)  # modules are loaded

    def no(*_: Any, **__: Any) -> None:
        raise AssertionError("a file was opened")

    for owner, name in (
        (builtins, "open"),
        (io, "open"),
        (os, "open"),
        (Path, "open"),
        (Path, "read_bytes"),
    ):
        monkeypatch.setattr(owner, name, no)
    found = collected(text)
    assert found.shown == {"coin-is-fair": "index.md"}
    assert found.figures["coin-heads"]["claims"] == ["coin-is-fair"]


def test_source_files_that_pages_show() -> None:
    sources = {
        "a.md": (
            '[[= source("b.py", "f") ]] `[[=source(\n"a.py", name="f")]]` '
            '[[= source(name="g", path="c.py") ]]'
        ),
        "b.md": '[[% raw %]][[= source("d.py", "f") ]][[% endraw %]] [[= source(',
    }
    assert book.quoted_sources(sources) == ["a.py", "b.py", "c.py"]


def entry(**changed: object) -> bytes:
    """A list with one complete reference, but for what is changed."""
    issued = {"date-parts": [[1]]}
    complete = {"id": "a", "title": "A", "author": [{"family": "B"}], "issued": issued}
    return json.dumps([complete | changed]).encode()


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"[\n{]", "docs/references.json:2: cannot be read as JSON"),
        (b"[\n\xff]", "docs/references.json:2: cannot be read, because it is not UTF-8"),
        (b"{}", "docs/references.json:1: is a list of references"),
        (
            b'[{"id": "a"}]',
            "docs/references.json: the reference 'a' has no author and no issued and no title",
        ),
        (entry(author=[{}], issued={}), "the reference 'a' has no issued"),
        (entry(author=[{}]), "the reference 'a' needs"),
        (entry(issued={"date-parts": "2015"}), "the reference 'a' needs"),
        (entry(id=["a"]), "needs a text as its id"),
        (entry(title=3), "the reference 'a' needs a text as its title"),
        (entry(URL=3), "the reference 'a' needs a text as its URL"),
        (entry(author=[{"family": "B", "given": 3}]), "the reference 'a' needs"),
    ],
)
def test_broken_references(raw: bytes, told: str) -> None:
    with pytest.raises(BuildError) as stopped:
        citations.load(raw)
    assert str(stopped.value).startswith("docs/references.json:") and told in str(stopped.value)


def test_verdicts_have_one_order() -> None:
    assert set(formatting.VERDICT_ORDER) == {*VERDICTS, "undecided"}
    for template in (paths.ROOT / "site_gen/pages/templates").glob("*.*"):
        if template.suffix in (".md", ".html") and template.name != "README.md":
            text = template.read_text(encoding="utf-8")
            for fact in ('"refuted"', "-dark", imprint.TITLE, imprint.LICENCE_URL):
                assert fact not in text, template.name


def test_a_chapter_that_breaks_a_rule_stops_the_build(rendered) -> None:
    with pytest.raises(
        BuildError, match=r"docs/shift/a.md:2: the title of a chapter is a question"
    ):
        rendered(
            "Text.", more={"shift/a.md": "---\ntitle: No question\ndescription: One.\n---\nText.\n"}
        )


def test_the_name_of_the_site_is_the_same_everywhere() -> None:
    config = (paths.ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert f"\nsite_name: {imprint.TITLE}\n" in config
    assert imprint.LICENCE in config and imprint.LICENCE_URL in config
    assert f'\ntitle: "{imprint.TITLE}"\n' in (paths.ROOT / "CITATION.cff").read_text(
        encoding="utf-8"
    )


def test_no_page_takes_a_profile_name_apart() -> None:
    places = [
        path.name
        for path in (paths.ROOT / "site_gen/pages").rglob("*.*")
        if path.suffix in (".py", ".md", ".html") and "-seed-" in path.read_text(encoding="utf-8")
    ]
    assert places == []


def test_only_jinja_looks_for_tags() -> None:
    """No regular expression of the pages holds the delimiters."""
    for path in (paths.ROOT / "site_gen/pages").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert r"\[\[" not in node.value, path.name
