"""A figure as files: its table as CSV, and SVG, PNG and PDF drawn from it; the bytes reproduce."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from site_gen import imprint
from site_gen.errors import BuildError
from site_gen.theme import DARK, LIGHT, Theme

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SCREEN = 100  # dots an inch on the page
DENSE = 2 * SCREEN  # dots an inch of a PNG or a video, for dense screens; a draft has SCREEN
MAX_SVG = 300 * 1024
SIMPLER = "draw its many points or cells with rasterized=True"
LICENCE = f"{imprint.LICENCE}, {imprint.LICENCE_URL}"
SITE = imprint.TITLE


@dataclass(frozen=True)
class Drawn:
    """The files of a figure, name → content, and its size on the page in CSS pixels."""

    files: dict[str, bytes]
    width: int
    height: int


def suffix(theme: Theme) -> str:
    """What a file name ends in: nothing for the light theme, "-dark" for the dark one."""
    return "" if theme.name == "light" else f"-{theme.name}"


def table_bytes(data: pd.DataFrame) -> bytes:
    """A table as CSV, with every digit."""
    return data.to_csv(index=False, lineterminator="\n").encode()


def read_table(source: Path | bytes) -> pd.DataFrame:
    """Read a figure's CSV.

    Floats are read to the last bit, words such as "None" as words, and empty cells as missing.
    """
    import pandas as pd

    file = BytesIO(source) if isinstance(source, bytes) else source
    return pd.read_csv(file, keep_default_na=False, na_values=[""])


def check_size(name: str, content: bytes, limit: int, remedy: str) -> None:
    """Raise a `BuildError` with the file and the remedy if `content` exceeds `limit` bytes."""
    if len(content) > limit:
        raise BuildError(
            f"{name} would have {len(content) / 1024:.0f} KB, "
            f"and at most {limit / 1024:.0f} are allowed: {remedy}"
        )


def lay_out(figure: Figure) -> tuple[int, int]:
    """Lay a figure out for good, the same in every format, and return its size in CSS pixels.

    They are whole numbers, and so even ones on a screen twice as dense, as video needs.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    width, height = (round(inches * SCREEN) for inches in figure.get_size_inches())
    # Matplotlib cuts fractions off, and 2.3 inches are 229.99… pixels: hence the billionth.
    figure.set_size_inches((width + 1e-9) / SCREEN, (height + 1e-9) / SCREEN)
    FigureCanvasAgg(figure)
    if engine := figure.get_layout_engine():  # None if the figure placed its axes by hand
        engine.execute(figure)
    figure.set_layout_engine("none")
    return width, height


def png_bytes(figure: Figure, figure_id: str, title: str, dpi: int = DENSE) -> bytes:
    """The figure as PNG; title, id and licence are in its text chunks."""
    about = {
        "Title": title,
        "Source": f"{SITE}: {figure_id}",
        "Copyright": LICENCE,
        "Software": None,
    }
    return _render(figure, "png", about, dpi)


def draw_figure(
    module: ModuleType,
    data: pd.DataFrame,
    figure_id: str,
    draft: bool = False,
    check: Callable[[Figure], None] = lambda figure: None,
) -> Drawn:
    """The table of a figure, and what is drawn from the table as its readers get it.

    Parameters
    ----------
    module : module
        A figure: has `TITLE` and `draw(data, theme)`.
    data : DataFrame
        What is drawn: the module's `data(results)`.
    figure_id : str
        Begins every file name and is written into every file, beside the title and the licence.
    draft : bool
        Leave the PDF out, and give a PNG one pixel to a CSS pixel and not two.
    check : callable
        Called with the figure once it is laid out; raises if it must not be published.

    Returns
    -------
    Drawn
        `<id>.csv`, `<id>.svg`, `<id>.png`, both again as `<id>-dark.*`, and `<id>.pdf`.

    Raises
    ------
    BuildError
        If an SVG has more than 300 KB.
    """
    csv = table_bytes(data)
    table = read_table(csv)
    files = {f"{figure_id}.csv": csv}
    for theme in (LIGHT, DARK):
        with theme.context():
            figure = module.draw(table.copy(), theme)
            if not hasattr(figure, "get_size_inches"):
                check(figure)  # which says what `draw` must give
            width, height = lay_out(figure)
            if theme is LIGHT:  # the other theme has the same texts in the same places
                check(figure)
            name = f"{figure_id}{suffix(theme)}"
            svg = svg_bytes(figure, figure_id, module.TITLE)
            check_size(f"{name}.svg", svg, MAX_SVG, SIMPLER)
            files[f"{name}.svg"] = svg
            dpi = SCREEN if draft else DENSE
            files[f"{name}.png"] = png_bytes(figure, figure_id, module.TITLE, dpi)
            if theme is LIGHT and not draft:
                files[f"{figure_id}.pdf"] = _pdf_bytes(figure, figure_id, module.TITLE)
    return Drawn(files, width, height)


def svg_bytes(figure: Figure, figure_id: str, title: str) -> bytes:
    """The figure as SVG; title, id and licence are in its metadata."""
    from matplotlib import rc_context

    about = {"Title": title, "Identifier": figure_id, "Publisher": SITE, "Rights": LICENCE}
    # One salt a figure: two figures inlined in one page must not share names of clip paths.
    with rc_context({"svg.hashsalt": figure_id}):
        return _render(figure, "svg", about | {"Date": None, "Creator": None})


def _pdf_bytes(figure: Figure, figure_id: str, title: str) -> bytes:
    about = {"Title": title, "Subject": f"{figure_id}, {LICENCE}", "Author": SITE}
    return _render(figure, "pdf", about | {"Creator": None, "Producer": None, "CreationDate": None})


def _render(figure: Figure, form: str, about: dict[str, str | None], dpi: int = DENSE) -> bytes:
    """The figure in one format: the bytes of its `savefig`, without its extra drawing before."""
    from importlib import import_module

    backend = import_module(f"matplotlib.backends.backend_{'agg' if form == 'png' else form}")
    sheet, screen = BytesIO(), figure.dpi
    try:
        figure.dpi = dpi
        getattr(backend.FigureCanvas(figure), f"print_{form}")(sheet, metadata=about)
    finally:
        figure.dpi = screen
    return sheet.getvalue()
