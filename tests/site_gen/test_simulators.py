"""What a page may ask of a simulator, and what stops the build."""

from __future__ import annotations

import json
import re

import pytest

from site_gen import pages, simulators
from site_gen.book import Book
from site_gen.errors import BuildError

STILL = {"id": "coin-heads", "kind": "figure", "title": "Coins", "caption": "Of coins.", "alt": "Coins.", "width": 720, "height": 360,
         "claims": [], "files": [], "study": "coin"}  # fmt: skip


def rendered(*tags: str, page: str = "part/page.md") -> str:
    """One page with these tags, on its own lines from the third on."""
    book = Book("quick", {}, {"coin-heads": STILL}, {}, "https://example.org/", {}, {})
    text = "First.\n\n" + "\n\n".join(f"[[= {tag} ]]" for tag in tags) + "\n"
    environment = pages.jinja2.Environment(
        loader=pages.jinja2.ChoiceLoader([pages.jinja2.DictLoader({page: text}), pages.jinja2.FileSystemLoader(pages.TEMPLATES)]),
        undefined=pages.jinja2.StrictUndefined, **pages.DELIMITERS,
    )  # fmt: skip
    pages.formatting.register(environment)
    return environment.get_template(page).render(pages.Page(book, environment, page).functions())


def refused(tag: str) -> str:
    """What the build says of a page with a wrong tag."""
    book = Book("quick", {}, {"coin-heads": STILL}, {}, "https://example.org/", {}, {})
    with pytest.raises(BuildError) as stopped:
        pages.render(book, {"part/page.md": f"First.\n\n[[= {tag} ]]\n"})
    return str(stopped.value)


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ('widget("bn-magic", fallback="coin-heads")', "there is no simulator 'bn-magic'; there are: bn-affine"),
        ('widget("bn-affine")', 'needs a figure that stands in for it: [[= widget("bn-affine", fallback="figure-id") ]]'),
        ('widget("bn-affine", fallback="no-such")', "there is no figure 'no-such'"),
        ('widget("bn-affine", fallback="coin-heads", preset="magic")', "has no preset 'magic'; its presets are: copied-example"),
        ('widget("bn-affine", fallback="coin-heads", delta=1)', "has no setting 'delta'; its settings are: data"),
        ('widget("bn-affine", fallback="coin-heads", gamma="2")', "cannot start with gamma='2': it is a number from"),
        ('widget("bn-affine", fallback="coin-heads", gamma=1e9)', "cannot start with gamma=1000000000.0"),
        ('widget("bn-affine", fallback="coin-heads", batch=3)', "cannot start with batch=3: it is one of 2, 4, 8"),
        ('try_it("bn-train", preset="magic")', "has no preset 'magic'; its presets are: rate"),
        ('try_it("bn-magic", preset="rate")', "there is no simulator 'bn-magic'"),
        ('try_it("bn-affine", preset="step")', 'bn-affine has no page of its own: name one as "page" in bn-affine.json'),
        ('widget("bn-affine", fallback="coin-heads", data="magic")', "cannot start with data='magic': it is one of normal"),
    ],
)  # fmt: skip
def test_what_does_not_exist_stops_the_build_with_its_line(tag: str, why: str) -> None:
    said = refused(tag)
    assert said.startswith("docs/part/page.md:3: ")
    assert why in said


def test_scripts_once_and_ids_apart() -> None:
    text = rendered(*2 * ['widget("bn-affine", fallback="coin-heads", gamma=2)'])
    assert text.count("<script src=") == 3 and text.count("<link ") == 1
    assert [*re.findall(r'<bn-affine id="([^"]+)"', text)] == ["affine", "affine-2"]
    assert 'src="../assets/widgets/engine.js" defer' in text
    told = json.loads(re.search(r'<script type="application/json">(.*?)</script>', text)[1])
    assert told["start"] == {"gamma": 2} and told["declared"] == simulators.declaration("bn-affine")


def test_a_link_opens_a_situation() -> None:
    """From wherever it stands, with what the preset sets, at the simulator."""
    assert rendered('try_it("bn-train", preset="weights")').splitlines()[2] == (
        "[Weights that stop one](../train.md?train.data=moons&train.scale=0.03&train.until=300#train)"
    )


def test_a_link_to_a_page_without_the_simulator_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    told = simulators.declaration("bn-train") | {"page": "index.md"}
    monkeypatch.setattr(simulators, "declaration", lambda name: told)
    assert "bn-train should be on docs/index.md, but that page has no" in refused(
        'try_it("bn-train", preset="rate")'
    )


def test_scripts_that_a_simulator_needs_come_before_its_own() -> None:
    text = rendered('widget("bn-train", fallback="coin-heads")')
    assert re.findall(r"widgets/(\S+\.js)", text) == ["engine.js", "kit.js", "training.js", "bn-train.js"]


@pytest.mark.parametrize("name", simulators.names())
def test_a_declaration_agrees_with_itself(name: str) -> None:
    declared = simulators.declaration(name)
    for setting in declared["settings"]:
        assert simulators.possible(setting, setting["start"]), setting["name"]
        if setting["kind"] == "ladder":
            assert setting["values"] == sorted(setting["values"])
        if "low" in setting:
            assert setting["least"] <= setting["low"] < setting["high"] <= setting["most"]
    for preset, what in declared["presets"].items():
        assert simulators.start(name, preset, {}) == what["set"]
        assert what["watch"].endswith(".") and what["label"]
    assert (simulators.FOLDER / f"{name}.js").is_file()
