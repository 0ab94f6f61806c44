"""What a page may ask of a simulator, and what stops the build."""

from __future__ import annotations

import json
import re

import pytest

from site_gen.errors import BuildError, PageError
from site_gen.pages import book as books
from site_gen.pages import render
from site_gen.pages.book import Book
from site_gen.pages.book import simulators as simulators_on
from site_gen.pages.calls import calls, environment
from site_gen.simulators import declarations

FRONT = "---\ntitle: A page?\ndescription: For tests.\n---\n"
STILL = {
    "id": "coin-heads",
    "kind": "figure",
    "title": "Coins",
    "caption": "Of coins.",
    "alt": "Coins.",
    "width": 720,
    "height": 360,
    "claims": [],
    "files": [],
    "study": "coin",
    "source": "site_gen/figures/coin__heads.py",
}


def rendered(*tags: str, page: str = "part/page.md") -> str:
    """One page with these tags, on its own lines from the third on."""
    book = Book("quick", {}, {"coin-heads": STILL}, {}, "https://example.org/", {}, {})
    text = "First.\n\n" + "\n\n".join(f"[[= {tag} ]]" for tag in tags) + "\n"
    made_by = environment({page: text})
    return made_by.get_template(page).render(render.Page(book, made_by, page).functions())


def refused(tag: str) -> str:
    """What the build says of a page with a wrong tag."""
    book = Book("quick", {}, {"coin-heads": STILL}, {}, "https://example.org/", {}, {})
    with pytest.raises(BuildError) as stopped:
        render.render(book, {"part/page.md": f"{FRONT}First.\n\n[[= {tag} ]]\n"})
    return str(stopped.value)


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        (
            'simulator("bn-magic", fallback="coin-heads")',
            "there is no simulator 'bn-magic'; did you mean bn-",
        ),
        (
            'simulator("bn-affine")',
            "needs a figure that stands in for it: "
            '[[= simulator("bn-affine", fallback="figure-id") ]]',
        ),
        ('simulator("bn-affine", fallback="no-such")', "there is no figure 'no-such'"),
        (
            'simulator("bn-affine", fallback="coin-heads", preset="magic")',
            "there is no preset of bn-affine 'magic'; there are: copied-example",
        ),
        (
            'simulator("bn-affine", fallback="coin-heads", delta=1)',
            "there is no setting of bn-affine 'delta'; did you mean data",
        ),
        (
            'simulator("bn-affine", fallback="coin-heads", gamma="2")',
            "cannot start with gamma='2': it is a number from",
        ),
        (
            'simulator("bn-affine", fallback="coin-heads", gamma=1e9)',
            "cannot start with gamma=1000000000.0",
        ),
        (
            'simulator("bn-affine", fallback="coin-heads", batch=3)',
            "cannot start with batch=3: it is one of 2, 4, 8",
        ),
        (
            'simulator("bn-affine", fallback="coin-heads", data="magic")',
            "cannot start with data='magic': it is one of normal",
        ),
    ],
)
def test_what_does_not_exist_stops_the_build_with_its_line(tag: str, why: str) -> None:
    said = refused(tag)
    assert said.startswith("docs/part/page.md:7: ")
    assert why in said


def test_scripts_once_and_ids_apart() -> None:
    text = rendered(*2 * ['simulator("bn-affine", fallback="coin-heads", gamma=2)'])
    assert text.count("<script src=") == 4 and text.count("<link ") == 1
    assert [*re.findall(r'<bn-affine id="([^"]+)"', text)] == ["affine", "affine-2"]
    assert 'src="../assets/simulators/engine.js" defer' in text
    told = json.loads(re.search(r'<script type="application/json">(.*?)</script>', text)[1])
    assert told["start"] == {"gamma": 2} and told["declared"] == declarations.declaration(
        "bn-affine"
    )


def test_scripts_that_a_simulator_needs_come_before_its_own() -> None:
    text = rendered('simulator("bn-train", fallback="coin-heads")')
    assert re.findall(r"simulators/(\S+\.js)", text) == [
        "engine.js",
        "kit.js",
        "charts.js",
        "training.js",
        "bn-train.js",
    ]


def simulator(**chosen: object) -> str:
    """A tag of bn-affine."""
    settings = "".join(f", {name}={value!r}" for name, value in chosen.items())
    return f'[[= simulator("bn-affine", fallback="coin-heads"{settings}) ]]'


PAGES = {
    "last.md": simulator(gamma=2),
    "part/first.md": f"{simulator(preset='copied-example')}\n{simulator()}",
}
PLACED = simulators_on(
    {name: calls(text) for name, text in PAGES.items()}, {"part/first.md": "", "last.md": ""}
)


def linked(tag: str, page: str) -> str:
    """What a tag on a page prints, where two pages have the simulator."""
    book = Book("quick", {}, {}, {}, "https://example.org/", {}, {}, PLACED)
    return render.render(book, {page: f"{FRONT}[[= {tag} ]]"})[page].decode().splitlines()[-1]


@pytest.mark.parametrize(
    ("tag", "page", "link"),
    [
        # the first page in the navigation, and only what differs from how its simulator begins
        (
            'try_it("bn-affine", preset="copied-example", text="try")',
            "part/other.md",
            "[try](../part/first.md#affine)",
        ),
        (
            'try_it("bn-affine", preset="flat")',
            "about.md",
            "[A large β](part/first.md?affine.data=normal&affine.gamma=1&affine.beta=5#affine)",
        ),
        # its own page, if that has one
        (
            'try_it("bn-affine", preset="step", text="try")',
            "last.md",
            "[try](last.md?affine.gamma=10#affine)",
        ),
        ('try_it("bn-affine", text="try", gamma=2)', "last.md", "[try](last.md#affine)"),
        (
            'try_it("bn-affine", text="try", data="typed", numbers="−1, 2&3")',
            "last.md",
            "[try](last.md?affine.data=typed&affine.numbers=%E2%88%921%2C%202%263"
            "&affine.gamma=1#affine)",
        ),
    ],
)
def test_a_link_opens_a_simulator_with_a_preset(tag: str, page: str, link: str) -> None:
    assert linked(tag, page) == link


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ('try_it("bn-magic", preset="flat")', "there is no simulator 'bn-magic'; did you mean bn-"),
        (
            'try_it("bn-affine", preset="magic")',
            "there is no preset of bn-affine 'magic'; there are: copied-example",
        ),
        (
            'try_it("bn-affine", text="try", delta=1)',
            "there is no setting of bn-affine 'delta'; did you mean data",
        ),
        (
            'try_it("bn-affine", text="try", batch=3)',
            "cannot start with batch=3: it is one of 2, 4, 8",
        ),
        (
            'try_it("bn-affine")',
            'needs a preset or a text: [[= try_it("bn-affine", preset="…", text="…") ]]',
        ),
        (
            'try_it("bn-affine", preset="flat", text="2.5 times")',
            "is typed into the text of a link",
        ),
        (
            'try_it("bn-running", preset="slow")',
            'no page has bn-running: put [[= simulator("bn-running", fallback="figure-id") ]]',
        ),
    ],
)
def test_a_link_to_what_does_not_exist_stops_the_build(tag: str, why: str) -> None:
    with pytest.raises(BuildError) as stopped:
        linked(f'"" ]]\n\n[[= {tag}', "last.md")
    assert str(stopped.value).startswith("docs/last.md:7: ")
    assert why in str(stopped.value)


@pytest.mark.parametrize("name", declarations.names())
def test_a_declaration_agrees_with_itself(name: str) -> None:
    declared = declarations.declaration(name)
    for setting in declared["settings"]:
        assert declarations.possible(setting, setting["start"]), setting["name"]
        if setting["kind"] == "ladder":
            assert setting["values"] == sorted(setting["values"])
        if "low" in setting:
            assert setting["least"] <= setting["low"] < setting["high"] <= setting["most"]
    for preset, what in declared["presets"].items():
        assert declarations.start(name, preset, {}) == what["set"]
        assert what["watch"].endswith(".") and what["label"]
    assert (declarations.FOLDER / f"{name}.js").is_file()


def stopped(sources: dict[str, str]) -> list[str]:
    """What the build says of several pages."""
    found = books.collect(
        profile="quick",
        measures={},
        figures={"coin-heads": STILL},
        references=b"[]",
        url="https://example.org/",
        sources=sources,
        chapters={},
    )
    with pytest.raises(BuildError) as caught:
        render.render(found, sources)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        (
            'simulator("bn-afine", fallback="coin-heads")',
            "there is no simulator 'bn-afine'; did you mean bn-affine",
        ),
        (
            'simulator("bn-affine", fallback="coin-heads", preset="flt")',
            "there is no preset of bn-affine 'flt'; did you mean flat?",
        ),
        (
            'simulator("bn-affine", fallback="coin-heads", gama=2)',
            "there is no setting of bn-affine 'gama'; did you mean gamma?",
        ),
        ('simulator("bn-affine", fallback="coin-heads"', "the tag cannot be read"),
    ],
)
def test_what_is_misspelt_is_reported_where_it_is_misspelt_and_nowhere_else(
    tag: str, told: str
) -> None:
    """Not on the pages whose links lead there."""
    links = ('try_it("bn-affine", preset="flat")', 'try_it("bn-affine", text="x", gamma=2)')
    linking = FRONT + "\n\n".join(f"[[= {link} ]]" for link in links)
    (said,) = stopped({"a.md": linking, "b.md": f"{FRONT}First.\n\n[[= {tag} ]]\n"})
    assert said.startswith("docs/b.md:7: ") and told in said


def test_measured_numbers_are_looked_up_as_the_declaration_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = {
        "settings": [{"name": "of", "kind": "choice", "choices": {"a": "A", "b": "B"}}],
        "facts": {"per_choice_of": "of", "values": {"one": "study.one_{key}"}},
    }
    monkeypatch.setattr(declarations, "_file", lambda name: held)
    monkeypatch.setattr(declarations, "declaration", lambda name: held)
    numbers = {"study.one_a": {"estimate": 1}, "study.one_b": {"estimate": 2}}
    assert declarations.facts("bn-x", numbers.__getitem__) == {
        "a": {"name": "A", "one": 1},
        "b": {"name": "B", "one": 2},
    }
    held["facts"]["per_choice_of"] = "off"
    with pytest.raises(
        BuildError,
        match=r"bn-x\.json: in “facts”, there is no setting with choices 'off'; did you mean of\?",
    ):
        declarations.facts("bn-x", numbers.__getitem__)


def test_a_value_that_a_simulator_wants_and_nobody_measures_names_its_file() -> None:
    def nothing(name: str) -> dict:
        raise PageError(f"there is no measured value {name!r}")

    with pytest.raises(BuildError) as caught:
        declarations.facts("bn-convert", nothing)
    assert str(caught.value).startswith(
        "site_gen/simulators/bn-convert.json: in “facts”, there is no measured value"
    )


def test_browsers_get_nothing_of_where_numbers_come_from() -> None:
    for name in declarations.names():
        assert "facts" not in declarations.declaration(name)
    code = (declarations.FOLDER / "declarations.py").read_text(encoding="utf-8")
    assert not [name for name in declarations.names() if name in code], (
        "no simulator is a special case"
    )


def test_no_line_of_a_script_is_longer_than_120_characters() -> None:
    for path in declarations.files():
        lines = path.read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if len(line) > 120] == [], path.name


def test_leftovers_of_editors_are_no_simulators(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        ".#bn-a.json",
        "#bn-a.json#",
        "bn-a.json~",
        ".#kit.js",
        "kit.js~",
        "bn-a.json",
        "kit.js",
    ):
        (tmp_path / name).write_text("{}")
    monkeypatch.setattr(declarations, "FOLDER", tmp_path)
    assert declarations.names() == ["bn-a"]
    assert [path.name for path in declarations.files()] == ["kit.js"]
