"""What every figure and every animation promises, whatever it shows."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest

from site_gen.media import catalogue
from site_gen.media.still import write_table
from site_gen.pages.prose import typed_numbers
from site_gen.theme import DARK, LIGHT, Animation
from tests import quick

DRAWINGS = catalogue.drawings()
FIGURES = [drawing.id for drawing in DRAWINGS.values() if drawing.kind == "figure"]
ANIMATIONS = [drawing.id for drawing in DRAWINGS.values() if drawing.kind == "animation"]
# What only the theme may decide. Marker sizes and line widths that carry data come from it too.
STYLE_WORDS = {"fontsize", "fontfamily", "fontweight", "facecolor", "edgecolor", "cmap"}


@cache
def table(identifier: str) -> pd.DataFrame:
    """The table of a drawing, as its CSV gives it back."""
    drawing = catalogue.find(identifier)
    with TemporaryDirectory() as folder:
        return write_table(drawing.module().data(quick.results(drawing.study)), Path(folder) / "table.csv")


@pytest.mark.parametrize("identifier", DRAWINGS)
def test_its_study_exists_and_its_words_are_sentences_with_numbers(identifier: str) -> None:
    drawing = catalogue.find(identifier)
    assert drawing.study in quick.NAMES
    module, data = drawing.module(), table(identifier)
    assert not module.TITLE.endswith(".") and not list(typed_numbers(module.TITLE)) and module.TAGS
    for text in (module.alt(data), module.caption(data)):
        assert text.endswith((".", ".)")) and re.search(r"\d", text), text
        assert not re.search(r"\b(nan|None)\b|\[\[|np\.float", text), text
    assert "$" not in module.alt(data) and "\n" not in module.alt(data)


@pytest.mark.parametrize("identifier", DRAWINGS)
def test_the_table_is_tidy_and_survives_its_csv(identifier: str) -> None:
    drawing = catalogue.find(identifier)
    data = drawing.module().data(quick.results(drawing.study))
    assert len(data) and all(re.fullmatch(r"[a-z][a-z0-9_]*", column) for column in data.columns)
    again = table(identifier)
    pd.testing.assert_frame_equal(data.reset_index(drop=True), again, check_dtype=False, rtol=0, atol=0)


@pytest.mark.parametrize("identifier", DRAWINGS)
def test_style_comes_from_the_theme(identifier: str) -> None:
    tree = ast.parse(catalogue.find(identifier).path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not re.fullmatch(r"#[0-9a-fA-F]{3,8}", node.value), (
                f"line {node.lineno}: colour {node.value}"
            )
        if isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant):
            assert node.arg not in STYLE_WORDS, f"line {node.value.lineno}: {node.arg}={node.value.value!r}"
            if node.arg in ("color", "c"):
                assert node.value.value == "none", (
                    f"line {node.value.lineno}: {node.arg}={node.value.value!r}"
                )
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert "pyplot" not in ast.unparse(node)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("identifier", FIGURES)
def test_a_figure_draws_even_quick_results(identifier: str, theme) -> None:
    from matplotlib.figure import Figure

    with theme.context():
        figure = catalogue.find(identifier).module().draw(table(identifier), theme)
    assert isinstance(figure, Figure) and figure.axes


@pytest.mark.parametrize("identifier", ANIMATIONS)
def test_an_animation_moves_and_may_be_entered_at_any_frame(identifier: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with LIGHT.context():
        animation = catalogue.find(identifier).module().animate(table(identifier), LIGHT)
        assert isinstance(animation, Animation) and animation.artists
        assert (
            animation.fps in (10, 20, 25)
            and 40 <= animation.frames <= 160
            and 0 <= animation.poster < animation.frames
        )
        canvas = FigureCanvasAgg(animation.figure)
        canvas.draw()
        animation.figure.set_layout_engine("none")  # as the encoder does: the stage is laid out once

        def frame(number: int) -> bytes:
            animation.update(number)
            canvas.draw()
            return bytes(canvas.buffer_rgba())

        middle = animation.frames // 2
        first = frame(middle)
        assert frame(animation.frames - 1) != first or frame(0) != first
        assert frame(middle) == first
