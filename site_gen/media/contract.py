"""What every figure and animation must fulfil; each fault is reported with its line and remedy.

The pipeline calls these functions while it draws, so `make figure` reports faults before the tests
do. Each raises one `BuildError` with a line for every fault that it found.
"""

from __future__ import annotations

import ast
import logging
import re
import sys
import warnings
from collections.abc import Iterator
from io import StringIO
from itertools import combinations
from types import ModuleType
from typing import TYPE_CHECKING, Any

from experiments import catalogue as studies
from experiments import suggest
from experiments.sources import line_of
from site_gen import typed
from site_gen.errors import BuildError
from site_gen.media.catalogue import one_line
from site_gen.paths import relative
from site_gen.theme import Animation

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from site_gen.media.catalogue import Drawing

# What a figure declares, in the order of a file, and how.
DECLARED = {
    "TITLE": 'write `TITLE = "…"`, the finding in a few words',
    "TAGS": 'write `TAGS = ("…",)`, the subjects it is found under',
    "data": "write `def data(results)`, which gives the table that is drawn",
    "alt": "write `def alt(data)`, one or two sentences on what is seen",
    "caption": "write `def caption(data)`, one or two sentences on what it means",
}
DRAWS = {
    "figure": ("draw", "write `def draw(data, theme)`, which gives a Figure"),
    "animation": ("animate", "write `def animate(data, theme)`, which gives an Animation"),
}
# What a figure may import, beside its own study: `data` makes the table with the functions that
# claims use.
MAY_IMPORT = (
    "numpy",
    "pandas",
    "xarray",
    "scipy",
    "matplotlib",
    "experiments.measures",
    "experiments.results",
    "experiments.theory",
    "site_gen.theme",
)
# What only the theme may decide. Marker sizes and line widths that carry data are a figure's own.
STYLE_WORDS = ("fontsize", "fontfamily", "fontweight", "facecolor", "edgecolor", "cmap")
COLOUR_WORDS = ("color", "c")
FPS = (10, 20, 25)
FEWEST_FRAMES, MOST_FRAMES = 40, 160
TOUCHING = 0.35  # of a line's height: the letters of two lines that overlap by less do not touch

Fault = tuple[int, str]  # the line it is on, and one sentence with the remedy


def check_figure(drawing: Drawing) -> None:
    """Check the file of a figure or an animation before it is drawn.

    Raises
    ------
    BuildError
        If its study does not exist, the file cannot be imported or lacks something, sets what only
        the theme may set, or imports what it may not.
    """
    known = studies.names()
    if drawing.study not in known:
        raise BuildError(
            f"{relative(drawing.path)}: {suggest.unknown('study', drawing.study, known)}"
        )
    faults = []
    try:
        tree = ast.parse(drawing.path.read_text(encoding="utf-8-sig"))
        faults += _style(tree, f"experiments.studies.{drawing.study}")
    except SyntaxError as error:
        _report(drawing, [(error.lineno or 1, f"{error.msg}; mend the syntax")])
    _report(drawing, faults)
    try:
        module = studies.import_source(drawing.module_name, drawing.path)
    except ValueError as error:
        raise BuildError(str(error)) from None
    _report(drawing, _declared(drawing, module))


def check_table(drawing: Drawing, data: Any) -> None:
    """Check the table that `data(results)` gave, before it is written and drawn.

    Raises
    ------
    BuildError
        If it is empty, has badly named columns, is not the same once read back from its CSV, or has
        empty cells in a column for which the figure's `MISSING` gives no reason.
    """
    import pandas as pd

    line = line_of(drawing.path, "data")
    if not isinstance(data, pd.DataFrame) or not len(data) or not len(data.columns):
        what = "an empty table" if isinstance(data, pd.DataFrame) else f"a {type(data).__name__}"
        _report(
            drawing,
            [(line, f"`data` gives {what}; return a DataFrame with a row for all that is drawn")],
        )
    faults = [*_columns(data), *_missing_cells(drawing, data)]
    _report(drawing, [(line, f"the table {fault}") for fault in faults or _lost_in_csv(data)])


def check_words(drawing: Drawing, data: pd.DataFrame) -> None:
    """Check the alternative text and the caption that a figure writes from its table.

    Raises
    ------
    BuildError
        If one fails, is no sentence, holds no number, or prints `nan`, `None` or a tag.
    """
    faults: list[Fault] = []
    module = drawing.module()
    for name in ("alt", "caption"):
        line = line_of(drawing.path, name)
        try:
            text = getattr(module, name)(data)
        except Exception as error:  # noqa: BLE001 - a figure's code may fail in any way
            line = max(studies.line_of_failure(error, drawing.path), line)
            faults.append((line, f"`{name}` fails: {type(error).__name__}: {error}; mend it"))
            continue
        faults += [(line, f"`{name}` {fault}") for fault in _faults_of_words(name, text)]
    _report(drawing, faults)


def check_drawn(figure: Any, drawing: Drawing, draft: bool = False) -> None:
    """Check what `draw` returned, after the layout.

    In a draft texts may overlap: with few runs, curves lie closer together than in publication.

    Raises
    ------
    BuildError
        If it is no Figure with axes, nothing is drawn on them, a text leaves the figure, two texts
        overlap, or the fonts lack a character; names the texts.
    """
    from matplotlib.figure import Figure

    line = line_of(drawing.path, DRAWS[drawing.kind][0])
    if not isinstance(figure, Figure):
        remedy = "return the figure that `theme.figure()` gave, and not its axes"
        _report(drawing, [(line, f"`draw` gives a {type(figure).__name__}; {remedy}")])
    if not figure.axes:
        _report(
            drawing, [(line, "`draw` gives a figure without axes; begin with `theme.figure()`")]
        )
    if not any(axes.has_data() for axes in figure.axes):
        _report(drawing, [(line, "`draw` draws nothing; plot columns of the table on the axes")])
    if not draft:
        _report(drawing, [(line, fault) for fault in _faults_of_texts(figure)])


def check_animation(animation: Any, drawing: Drawing, draft: bool = False) -> None:
    """Check what `animate` returned, before it is encoded.

    Draws three frames: something must move, and a frame must not depend on which one was drawn
    before. In a draft texts may overlap, as in `check_drawn`.

    Raises
    ------
    BuildError
        If it is no Animation, its number of frames or its rate is out of range, nothing moves, a
        frame depends on those before, or two texts overlap.
    """
    line = line_of(drawing.path, "animate")
    if not isinstance(animation, Animation):
        _report(
            drawing, [(line, f"`animate` gives a {type(animation).__name__}; return an Animation")]
        )
    faults = []
    if not list(animation.artists):
        faults.append("names no artist; list in `artists` every one that moves")
    if animation.fps not in FPS:
        told = ", ".join(map(str, FPS[:-1]))
        faults.append(f"has {animation.fps} frames a second; take {told} or {FPS[-1]}")
    if not FEWEST_FRAMES <= animation.frames <= MOST_FRAMES:
        faults.append(f"has {animation.frames} frames; take {FEWEST_FRAMES} to {MOST_FRAMES}")
    faults = faults or _motion(animation)
    _report(drawing, [(line, f"the animation {fault}") for fault in faults])
    if not draft:
        _report(drawing, [(line, fault) for fault in _faults_of_texts(animation.figure)])


def _faults_of_texts(figure: Figure) -> Iterator[str]:
    """Texts that overlap or leave the figure in its current layout, and missing characters."""
    boxes, warned = _boxes_of_texts(figure)
    for sign in _missing_signs(warned):
        yield f"the fonts have no sign {sign!r}; write it in other words"
    for text, box in boxes:
        page = figure.bbox.padded(TOUCHING * min(box.width, box.height))
        if not (page.contains(*box.min) and page.contains(*box.max)):
            yield f"the text {text!r} leaves the figure; move it, or give the axes room for it"
    for (first, a), (second, b) in combinations(boxes, 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        # of the shorter side, so that upright text counts too
        across = min(a.width, b.width, a.height, b.height)
        if min(width, height) > TOUCHING * across:
            yield (
                f"the texts {first!r} and {second!r} lie over each other; "
                "move one with `dx` and `dy`, shorten it, or make the figure higher"
            )


def _boxes_of_texts(figure: Figure) -> tuple[list[tuple[str, Any]], list[str]]:
    """Each text with its bounding box in pixels, and Matplotlib's warnings meanwhile."""
    renderer = _texts_only(figure)
    said: list[str] = []
    # mathtext logs what the rest of Matplotlib warns of
    log = logging.getLogger("matplotlib.mathtext")
    log.addFilter(hear := lambda record: said.append(record.getMessage()))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = lambda message, *_: said.append(str(message))
            figure.draw(renderer)
            texts = [text for text in renderer.texts.values() if text.get_text().strip()]
            boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    finally:
        log.removeFilter(hear)
    return boxes, said


def _missing_signs(warned: list[str]) -> list[str]:
    """The characters that Matplotlib found in no font."""
    pattern = r"Glyph (\d+) .* missing|Font .* glyph .*\[U\+(\w+)\]"
    missing = (re.match(pattern, one) for one in warned)
    return sorted({chr(int(one[1] or one[2], 10 if one[1] else 16)) for one in missing if one})


def _texts_only(figure: Figure) -> Any:
    """A renderer that only collects the texts that would be drawn, without clipped ticks."""
    from matplotlib.backends.backend_agg import RendererAgg

    class TextsOnly(RendererAgg):
        def __init__(self) -> None:
            super().__init__(figure.bbox.width, figure.bbox.height, figure.dpi)
            self.texts: dict[int, Text] = {}

        def draw_text(self, *_: Any, mtext: Text | None = None, **__: Any) -> None:
            if mtext is not None:
                self.texts[id(mtext)] = mtext

        def draw_path(self, *_: Any, **__: Any) -> None:
            """Nothing but texts counts."""

        draw_markers = draw_path_collection = draw_quad_mesh = draw_path
        draw_gouraud_triangles = draw_image = draw_path

    return TextsOnly()


def _report(drawing: Drawing, faults: list[Fault]) -> None:
    if faults:
        raise BuildError(
            "\n".join(f"{relative(drawing.path)}:{line}: {said}" for line, said in sorted(faults))
        )


# ----------------------------------------------------------------------------- what a file declares


def _declared(drawing: Drawing, module: ModuleType) -> list[Fault]:
    draws, remedy = DRAWS[drawing.kind]
    other = next(kind for kind in DRAWS if kind != drawing.kind)
    if not hasattr(module, draws) and hasattr(module, DRAWS[other][0]):
        remedy = f"or move the file to site_gen/{other}s, since it has `{DRAWS[other][0]}`"
    faults, line = [], 1
    for name, how in (DECLARED | {draws: remedy}).items():
        if hasattr(module, name):
            line = max(line, line_of(drawing.path, name))
        else:
            faults.append((line, f"{name} is missing; {how}"))
    faults += [(line_of(drawing.path, name), fault) for name, fault in _faults_of_names(module)]
    return faults


def _faults_of_names(module: ModuleType) -> Iterator[tuple[str, str]]:
    title, tags = getattr(module, "TITLE", "A finding"), getattr(module, "TAGS", ("a tag",))
    if not isinstance(title, str) or not title or title.endswith("."):
        yield "TITLE", "TITLE is no heading; write a few words without a full stop"
    elif number := typed.NUMBER.search(title):
        remedy = "say it in words, or leave it to the caption"
        yield "TITLE", f"TITLE holds a typed number, {number[0]!r}; {remedy}"
    are_words = isinstance(tags, tuple | list) and all(isinstance(t, str) and t for t in tags)
    if not (are_words and tags):
        remedy = 'write `TAGS = ("…",)`, with the comma if there is one'
        yield "TAGS", f"TAGS is no tuple of words; {remedy}"
    claims = getattr(module, "CLAIMS", ())
    if not isinstance(claims, tuple) or not all(isinstance(one, str) for one in claims):
        how = 'write `CLAIMS = ("…",)`, the ids of the claims that it shows'
        yield "CLAIMS", f"CLAIMS is no tuple of words; {how}, with the comma if there is one"
    if not isinstance(missing := getattr(module, "MISSING", {}), dict):
        remedy = "write a dict: column → why cells of it are empty"
        yield "MISSING", f"MISSING is a {type(missing).__name__}; {remedy}"


def _style(tree: ast.Module, own: str) -> Iterator[Fault]:
    """Colours, fonts and imports that a figure's source must not hold."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if re.fullmatch(r"#[0-9a-fA-F]{3,8}", node.value):
                remedy = "take it from the theme: `theme.colour(condition)`"
                yield node.lineno, f"colour {node.value}; {remedy}"
        elif isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant):
            colour = node.arg in COLOUR_WORDS and node.value.value != "none"
            if colour or node.arg in STYLE_WORDS:
                setting = f"{node.arg}={node.value.value!r}"
                remedy = "take colours, fonts and maps from the theme"
                yield node.value.lineno, f"{setting} decides about style; {remedy}"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for name in _imported(node):
                if fault := _stranger(name, own):
                    yield node.lineno, fault


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The full names that an import brings in; a relative one begins with a dot."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = "." * node.level + (node.module or "")
    return [f"{base}.{alias.name}" for alias in node.names]


def _stranger(name: str, own: str) -> str:
    if "pyplot" in name.split(".") or "pylab" in name.split("."):
        remedy = "begin with `theme.figure()`"
        return f"imports {name}, which keeps figures alive behind our back; {remedy}"
    if name.split(".")[0] in sys.stdlib_module_names:
        return ""
    if any(f"{name}.".startswith(f"{known}.") for known in (*MAY_IMPORT, own)):
        return ""
    known = ", ".join(MAY_IMPORT)
    return f"imports {name}; a figure may import its own study, {known} and what comes with Python"


# -------------------------------------------------------------------------------- what a file gives


def _columns(data: pd.DataFrame) -> Iterator[str]:
    for name in data.columns:
        if not (isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9_]*", name)):
            remedy = "name it with a-z, 0-9 and underscores, beginning with a letter"
            yield f"has a column {name!r}; {remedy}"
    for name in data.columns[data.columns.duplicated()].unique():
        yield f"has two columns {name!r}; rename one"
    if any(name is not None for name in data.index.names):
        names = ", ".join(map(str, data.index.names))
        yield f"has an index {names}, which its CSV would lose; call `reset_index()`"
    for name, kind in zip(data.columns, data.dtypes, strict=True):
        if kind in ("float32", "float16"):
            remedy = "write `.astype(float)`"
            yield f"has a column {name!r} of {kind}, which its CSV does not give back; {remedy}"


def _missing_cells(drawing: Drawing, data: pd.DataFrame) -> Iterator[str]:
    declared: Mapping[str, str] = getattr(drawing.module(), "MISSING", {})
    if data.columns.duplicated().any():
        return
    empty = [name for name in data.columns if data[name].isna().any() and not declared.get(name)]
    if empty:
        reasons = ", ".join(f'"{name}": "…"' for name in empty)
        yield (
            f"has empty cells (NaN) in {', '.join(empty)}; mend `data`, or say why they are right: "
            f"MISSING = {{{reasons}}}"
        )
    for name in declared:
        if name not in data.columns:
            remedy = "take it out of MISSING"
            yield f"has no column {name!r}, for which MISSING gives a reason; {remedy}"


def _lost_in_csv(data: pd.DataFrame) -> Iterator[str]:
    import pandas as pd

    from site_gen.media.still import read_table

    again = read_table(StringIO(data.to_csv(index=False, lineterminator="\n")))
    for name in data.columns:
        try:
            pd.testing.assert_series_equal(
                data[name].reset_index(drop=True), again[name], check_dtype=False, rtol=0, atol=0
            )
        except AssertionError:
            first, second = data[name].dtype, again[name].dtype
            yield (
                f"has a column {name!r} of {first} that its CSV gives back otherwise, as {second}; "
                "convert it to float, int or words that are no numbers"
            )


def _faults_of_words(name: str, text: Any) -> Iterator[str]:
    if not isinstance(text, str):
        yield f"gives a {type(text).__name__}; return a sentence"
        return
    if not one_line(text).endswith((".", ".)")):
        yield f"is no sentence: {text[-40:]!r}; end it with a full stop"
    if not re.search(r"\d", text):
        yield "holds no number; compute one from the table"
    if odd := re.search(r"\b(nan|None)\b|\[\[|np\.\w+\(", text):
        yield f"prints {odd[0]!r}; leave out what is not there, and format every number"
    plain = re.sub(r"\$[^$]*\$", "", text)
    if odd := re.search(r"\{[^}]*\}?", plain) or re.search(r"\{\w+:[^{}]*\}", text):
        yield f"prints {odd[0]!r} as it stands; write `f` in front of the quotation marks"
    if re.search(r"[^\S \n\u00a0\u2009\u202f]|[\x00-\x08]|\n\S", text):
        yield "holds a sign that a single backslash made; write `\\\\nu` for `\\nu` in a formula"
    if name == "alt" and "$" in text:
        yield "holds a formula; say it in plain words, as it is read aloud"


def _motion(animation: Animation) -> list[str]:
    """Faults if nothing moves or a frame depends on those before; freezes the layout."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(animation.figure)
    canvas.draw()
    animation.figure.set_layout_engine("none")  # as for encoding: the layout is done once

    def frame(number: int) -> bytes:
        animation.update(number)
        canvas.draw()
        return bytes(canvas.buffer_rgba())

    middle = animation.frames // 2
    first = frame(middle)
    if frame(animation.frames - 1) == first and frame(0) == first:
        return ["does not move; let `update(i)` change an artist"]
    if frame(middle) != first:
        remedy = "let `update(i)` set all that moves from i"
        return [f"looks different in the same frame after another one; {remedy}"]
    return []
