"""Every figure and animation keeps the contract; a broken one is reported with the remedy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from site_gen.errors import BuildError
from site_gen.media import catalogue, contract
from site_gen.media.catalogue import Drawing
from site_gen.media.still import lay_out, read_table, table_bytes
from site_gen.theme import DARK, LIGHT, Animation
from tests import quick

DRAWINGS = catalogue.drawings()
FIGURES = [drawing.id for drawing in DRAWINGS.values() if drawing.kind == "figure"]
ANIMATIONS = [drawing.id for drawing in DRAWINGS.values() if drawing.kind == "animation"]
SMALL = Path(__file__).parents[2] / "small" / "site_gen"
PANDAS = "import pandas as pd"


@cache
def made(identifier: str) -> pd.DataFrame:
    """The table of a drawing, as its `data` gives it."""
    drawing = catalogue.find(identifier)
    return drawing.module().data(quick.results(drawing.study))


@cache
def table(identifier: str) -> pd.DataFrame:
    """The same, as its CSV gives it back."""
    return read_table(table_bytes(made(identifier)))


@pytest.mark.parametrize("identifier", DRAWINGS)
def test_its_file_table_and_words_keep_the_rules(identifier: str) -> None:
    drawing = catalogue.find(identifier)
    contract.check_figure(drawing)
    contract.check_table(drawing, made(identifier))
    contract.check_words(drawing, table(identifier))


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("identifier", FIGURES)
def test_a_figure_draws_even_quick_results(identifier: str, theme) -> None:
    drawing = catalogue.find(identifier)
    with theme.context():
        contract.check_drawn(drawing.module().draw(table(identifier), theme), drawing, draft=True)


@pytest.mark.parametrize("identifier", ANIMATIONS)
def test_an_animation_moves_and_may_be_entered_at_any_frame(identifier: str) -> None:
    drawing = catalogue.find(identifier)
    with LIGHT.context():
        contract.check_animation(
            drawing.module().animate(table(identifier), LIGHT), drawing, draft=True
        )


# -------------------------------------------------------------------------- figures that are broken


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Drawing]:
    """A drawing of the small repository with some text replaced, for a study that exists."""

    def make(*edits: tuple[str, str], kind: str = "figure", study: str = "anatomy") -> Drawing:
        source = SMALL / (
            "figures/coin__heads.py" if kind == "figure" else "animations/coin__tossing.py"
        )
        text = source.read_text(encoding="utf-8")
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new)
        # a package that no other test has
        folder = tmp_path / f"drawings_{abs(hash(str(tmp_path)))}"
        folder.mkdir(exist_ok=True)
        path = folder / f"{study}__view{len(list(folder.iterdir()))}.py"
        path.write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setattr(
            Drawing, "module_name", property(lambda self: f"{folder.name}.{self.path.stem}")
        )
        return Drawing("broken", kind, path)

    return make


def fault(check: Callable[[], None]) -> str:
    with pytest.raises(BuildError) as caught:
        check()
    for line in str(caught.value).splitlines():
        assert "__view" in line and ";" in line, line  # the file, and the remedy
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("TITLE =", "OTHER =", "TITLE is missing"),
        ("TAGS =", "OTHER =", "TAGS is missing"),
        ("def data(", "def other(", "data is missing"),
        ("def alt(", "def other(", "alt is missing"),
        ("def caption(", "def other(", "caption is missing"),
        ("def draw(", "def other(", "draw is missing"),
        ("def draw(", "def animate(", "move the file to site_gen/animations"),
        ('"Coins are fair"', '"Coins are fair."', "without a full stop"),
        ('"Coins are fair"', '"Fair in 50 % of cases"', "typed number"),
        ('("coins",)', '("coins")', "no tuple of words"),
        ('theme.colour("batch norm")', '"#123456"', "colour #123456"),
        ('theme.colour("batch norm")', '"red"', "decides about style"),
        ('"coin")\n    return', '"coin", fontsize=9)\n    return', "fontsize=9 decides"),
        (PANDAS, f"{PANDAS}\nimport matplotlib.pyplot as plt", "matplotlib.pyplot"),
        (PANDAS, f"{PANDAS}\nfrom matplotlib import pyplot", "matplotlib.pyplot"),
        (PANDAS, f"{PANDAS}\nimport seaborn", "imports seaborn"),
        (PANDAS, f"{PANDAS}\nfrom experiments import study", "imports experiments.study"),
        (PANDAS, f"{PANDAS}\nfrom site_gen.figures import undo__error", "undo__error"),
        (PANDAS, f"{PANDAS}\nfrom . import other", "imports ..other"),
        (PANDAS, f"{PANDAS}\nMISSING = 'x'", "MISSING is a str"),
        ("def draw(", "def draw(:", "mend the syntax"),
    ],
)
def test_a_broken_file_is_told(broken, old: str, new: str, said: str) -> None:
    assert said in fault(lambda: contract.check_figure(broken((old, new))))


def test_a_file_that_fails_while_it_is_imported_is_told(broken) -> None:
    drawing = broken(("TITLE =", "TITLE = 1 / 0 #"))
    with pytest.raises(BuildError, match=r"__view0\.py:\d+: ZeroDivisionError"):
        contract.check_figure(drawing)


def test_a_figure_of_no_study_is_told_which_was_meant(broken) -> None:
    assert "did you mean anatomy?" in fault(lambda: contract.check_figure(broken(study="anatomi")))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"a": [1]}, "gives a dict"),
        (pd.DataFrame(), "an empty table"),
        (pd.DataFrame({"Heads": [1]}), "column 'Heads'"),
        (pd.DataFrame({"a b": [1]}), "column 'a b'"),
        (pd.DataFrame({1: [1]}), "column 1"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns 'a'"),
        (pd.DataFrame({"a": [1]}, index=pd.Index([3], name="run")), "reset_index"),
        (pd.DataFrame({"a": np.array([0.1], dtype=np.float32)}), "'a' of float32"),
        (pd.DataFrame({"a": [1.0, np.nan], "b": [1, None]}), 'MISSING = {"a": "…", "b": "…"}'),
        (pd.DataFrame({"a": ["1.0", "2.0"]}), "gives back otherwise"),
        (pd.DataFrame({"a": ["", "x"]}), "gives back otherwise"),
        (pd.DataFrame({"a": [1 + 2j]}), "gives back otherwise"),
    ],
)
def test_a_broken_table_is_told(broken, data: object, said: str) -> None:
    assert said in fault(lambda: contract.check_table(broken(), data))


def test_empty_cells_are_right_where_the_figure_says_why(broken) -> None:
    drawing = broken(("TAGS =", 'MISSING = {"a": "a run that never shows heads"}\nTAGS ='))
    contract.check_table(drawing, pd.DataFrame({"a": [1.0, np.nan]}))
    contract.check_table(drawing, pd.DataFrame({"a": [1.0, 2.0]}))
    assert "column 'a', for which" in fault(
        lambda: contract.check_table(drawing, pd.DataFrame({"b": [1.0]}))
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Dots around {data['heads'].mean():.3f}.", ""),
        ("Dots around 3", "`alt` is no sentence"),
        ("Dots.", "`alt` holds no number"),
        ("From 1 to nan.", "prints 'nan'"),
        ("From 1 to None.", "prints 'None'"),
        ("About np.float64(0.5).", "prints 'np.float64('"),
        ("About $1/2$.", "`alt` holds a formula"),
        ("{{data}} is 1.", "prints '{data}' as it stands; write `f`"),
        ("About $\\nu = {{nu:.2f}}$, 1.", "prints '{nu:.2f}' as it stands; write `f`"),
        ("A \\theta of 1.", "a single backslash made"),
        ("A \\nu of 1.", "a single backslash made"),
        ("{data['tails']} 1.", "`alt` fails: KeyError"),
    ],
)
def test_broken_words_are_told(broken, text: str, said: str) -> None:
    drawing = broken(("Dots around {data['heads'].mean():.3f}.", text))
    data = pd.DataFrame({"coin": [1], "heads": [0.5]})
    if said:
        assert said in fault(lambda: contract.check_words(drawing, data))
    else:
        contract.check_words(drawing, data)


def test_words_over_several_lines_are_one_line(broken) -> None:
    drawing = broken(
        ("f\"Dots around {data['heads'].mean():.3f}.\"", 'f"""Dots\u202fin\n      line \n    1."""')
    )
    assert catalogue.one_line(drawing.module().alt(None)) == "Dots\u202fin line 1."


def test_what_is_drawn_is_a_figure_with_axes(broken) -> None:
    from matplotlib.figure import Figure

    with LIGHT.context():
        empty, _ = LIGHT.figure()
        figure, axes = LIGHT.figure()
        axes.plot([1])
        contract.check_drawn(figure, broken())
        for wrong, said in (
            (axes, "gives a Axes"),
            (None, "gives a NoneType"),
            (Figure(), "without axes"),
            (empty, "draws nothing"),
        ):
            assert said in fault(lambda wrong=wrong: contract.check_drawn(wrong, broken()))


@pytest.mark.parametrize(
    ("second", "rotation", "lies_over"),
    [
        ((0.5, 0.52), 0, True),
        ((0.5, 0.62), 0, False),
        ((0.51, 0.5), 90, True),
        ((0.9, 0.5), 90, False),
    ],
)
def test_texts_that_lie_over_each_other_are_told(
    broken, second, rotation: int, lies_over: bool
) -> None:
    with LIGHT.context():
        figure, axes = LIGHT.figure()
        axes.plot([0, 1])
        axes.text(0.5, 0.5, "with batch norm", rotation=rotation)
        axes.text(*second, "without it", rotation=rotation)
        axes.text(0.5, 0.5, "nobody sees this", visible=False)
        axes.text(0.5, 0.5, "")
        lay_out(figure)
        if lies_over:
            told = fault(lambda: contract.check_drawn(figure, broken()))
            assert "'with batch norm' and 'without it' lie over each other" in told
        else:
            contract.check_drawn(figure, broken())
        contract.check_drawn(figure, broken(), draft=True)


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize(
    ("x", "text", "said"),
    [
        (0.97, "on the left of the edge", "the text 'on the left of the edge' leaves the figure"),
        (0.1, "漢", "the fonts have no sign '漢'"),
        (0.1, "$漢$", "the fonts have no sign '漢'"),
        (0.1, "γ = 1 → σ²", ""),
    ],
)
def test_a_text_that_nobody_can_read_is_told(broken, x: float, text: str, said: str) -> None:
    with LIGHT.context():
        figure, axes = LIGHT.figure()
        axes.plot([0, 1])
        figure.text(x, 0.5, text)
        if said:
            assert said in fault(lambda: contract.check_drawn(figure, broken()))
        else:
            contract.check_drawn(figure, broken())
        if said:
            moving = film(text=text, x=x)
            assert said in fault(lambda: contract.check_animation(moving, broken(kind="animation")))
            contract.check_animation(moving, broken(kind="animation"), draft=True)


def film(text: str = "", x: float = 0.0, **changes: object) -> Animation:
    figure, axes = LIGHT.figure()
    figure.text(x, 0.5, text)
    (dot,) = axes.plot([0], [0], "o")
    axes.set(xlim=(0, 60), ylim=(-1, 1))
    given = {
        "frames": 60,
        "fps": 20,
        "artists": [dot],
        "update": lambda i: dot.set_data([i], [0]),
    } | changes
    return Animation(figure, **given)


def test_a_broken_animation_is_told(broken) -> None:
    calls: list[int] = []
    with LIGHT.context():
        drawing = broken(kind="animation")
        contract.check_animation(film(), drawing)
        by_history = film()
        (dot,) = by_history.artists
        object.__setattr__(
            by_history, "update", lambda i: (calls.append(i), dot.set_data([len(calls)], [0]))
        )
        for animation, said in (
            (film().figure, "gives a Figure"),
            (film(artists=[]), "names no artist"),
            (film(frames=39), "has 39 frames; take 40 to 160"),
            (film(frames=161), "has 161 frames"),
            (film(fps=50), "has 50 frames a second; take 10, 20 or 25"),
            (film(update=lambda i: None), "does not move"),
            (by_history, "looks different in the same frame"),
        ):
            assert said in fault(lambda one=animation: contract.check_animation(one, drawing))
