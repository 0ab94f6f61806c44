"""What a page may ask of a simulator, and what stops the build."""

from __future__ import annotations

import json
import re

import pytest

from site_gen.errors import BuildError
from site_gen.pages import calls, render
from site_gen.pages.book import Book
from site_gen.pages.book import simulators as simulators_on
from site_gen.simulators import declarations

FRONT = "---\ntitle: A page?\ndescription: For tests.\n---\n"
STILL = {"id": "coin-heads", "kind": "figure", "title": "Coins", "caption": "Of coins.", "alt": "Coins.", "width": 720, "height": 360,
         "claims": [], "files": [], "study": "coin"}  # fmt: skip


def rendered(*tags: str, page: str = "part/page.md") -> str:
    """One page with these tags, on its own lines."""
    book = Book("quick", {}, {"coin-heads": STILL}, {}, "https://example.org/", {}, {})
    text = "First.\n\n" + "\n\n".join(f"[[= {tag} ]]" for tag in tags) + "\n"
    environment = calls.environment({page: text})
    return environment.get_template(page).render(render.Page(book, environment, page).functions())


def refused(tag: str) -> str:
    """What the build says of a page with a wrong tag."""
    book = Book("quick", {}, {"coin-heads": STILL}, {}, "https://example.org/", {}, {})
    with pytest.raises(BuildError) as stopped:
        render.render(book, {"part/page.md": f"{FRONT}First.\n\n[[= {tag} ]]\n"})
    return str(stopped.value)


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ('simulator("bn-magic", fallback="coin-heads")', "there is no simulator 'bn-magic'; "),
        ('simulator("bn-affine")', 'needs a figure that stands in for it: [[= simulator("bn-affine", fallback="figure-id") ]]'),
        ('simulator("bn-affine", fallback="no-such")', "there is no figure 'no-such'"),
        ('simulator("bn-affine", fallback="coin-heads", preset="magic")', "there is no preset of bn-affine 'magic'; "),
        ('simulator("bn-affine", fallback="coin-heads", delta=1)', "there is no setting of bn-affine 'delta'; did you mean"),
        ('simulator("bn-affine", fallback="coin-heads", gamma="2")', "cannot start with gamma='2': it is a number from"),
        ('simulator("bn-affine", fallback="coin-heads", gamma=1e9)', "cannot start with gamma=1000000000.0"),
        ('simulator("bn-affine", fallback="coin-heads", batch=3)', "cannot start with batch=3: it is one of 2, 4, 8"),
        ('simulator("bn-affine", fallback="coin-heads", data="magic")', "cannot start with data='magic': it is one of normal"),
    ],
)  # fmt: skip
def test_what_does_not_exist_stops_the_build_with_its_line(tag: str, why: str) -> None:
    said = refused(tag)
    assert said.startswith("docs/part/page.md:7: ")
    assert why in said


def test_scripts_once_and_ids_apart() -> None:
    text = rendered(*2 * ['simulator("bn-affine", fallback="coin-heads", gamma=2)'])
    assert text.count("<script src=") == 3 and text.count("<link ") == 1
    assert [*re.findall(r'<bn-affine id="([^"]+)"', text)] == ["affine", "affine-2"]
    assert 'src="../assets/simulators/engine.js" defer' in text
    told = json.loads(re.search(r'<script type="application/json">(.*?)</script>', text)[1])
    assert told["start"] == {"gamma": 2} and told["declared"] == declarations.declaration("bn-affine")


def test_scripts_that_a_simulator_needs_come_before_its_own() -> None:
    text = rendered('simulator("bn-train", fallback="coin-heads")')
    assert re.findall(r"simulators/(\S+\.js)", text) == ["engine.js", "kit.js", "training.js", "bn-train.js"]


PLACED = simulators_on({page: calls.calls(text) for page, text in {
    "last.md": '[[= simulator("bn-affine", fallback="coin-heads", gamma=2) ]]',
    "part/first.md": '[[= simulator("bn-affine", fallback="coin-heads", preset="copied-example") ]]\n'
                     '[[= simulator("bn-affine", fallback="coin-heads") ]]',
}.items()}, {"part/first.md": "", "last.md": ""})  # fmt: skip


def linked(tag: str, page: str) -> str:
    """What a tag on a page prints, where two pages have the simulator."""
    book = Book("quick", {}, {}, {}, "https://example.org/", {}, {}, PLACED)
    return render.render(book, {page: f"{FRONT}[[= {tag} ]]"})[page].decode().splitlines()[-1]


@pytest.mark.parametrize(
    ("tag", "page", "link"),
    [
        # the first page in the navigation, and only what differs from how its simulator begins
        ('try_it("bn-affine", preset="copied-example", text="try")', "part/other.md", "[try](../part/first.md#affine)"),
        ('try_it("bn-affine", preset="flat")', "about.md",
         "[A large β](part/first.md?affine.data=normal&affine.gamma=1&affine.beta=5#affine)"),
        # its own page, if that has one
        ('try_it("bn-affine", preset="step", text="try")', "last.md", "[try](last.md?affine.gamma=10#affine)"),
        ('try_it("bn-affine", text="try", gamma=2)', "last.md", "[try](last.md#affine)"),
        ('try_it("bn-affine", text="try", data="typed", numbers="−1, 2&3")', "last.md",
         "[try](last.md?affine.data=typed&affine.numbers=%E2%88%921%2C%202%263&affine.gamma=1#affine)"),
    ],
)  # fmt: skip
def test_a_link_opens_a_simulator_with_a_preset(tag: str, page: str, link: str) -> None:
    assert linked(tag, page) == link


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ('try_it("bn-magic", preset="flat")', "there is no simulator 'bn-magic'; "),
        ('try_it("bn-affine", preset="magic")', "there is no preset of bn-affine 'magic'; "),
        ('try_it("bn-affine", text="try", delta=1)', "there is no setting of bn-affine 'delta'; did you mean"),
        ('try_it("bn-affine", text="try", batch=3)', "cannot start with batch=3: it is one of 2, 4, 8"),
        ('try_it("bn-affine")', 'needs a preset or a text: [[= try_it("bn-affine", preset="…", text="…") ]]'),
        ('try_it("bn-affine", preset="flat", text="2.5 times")', "is typed into the text of a link"),
        ('try_it("bn-running", preset="slow")', 'no page has bn-running: put [[= simulator("bn-running", fallback="figure-id") ]]'),
    ],
)  # fmt: skip
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
