"""A figure as files: its table as CSV, and drawn from that SVG, PNG and PDF; the same bytes wherever made."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from site_gen.errors import BuildError
from site_gen.files import write_if_changed
from site_gen.paths import relative
from site_gen.theme import DARK, LIGHT, Theme

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SCREEN = 100  # dots an inch on the page
DENSE = 2 * SCREEN  # dots an inch of a PNG or a video, for dense screens; a draft has SCREEN
MAX_SVG = 300 * 1024
SITE = "Batch Norm, Measured"
LICENCE = "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"


@dataclass(frozen=True)
class Saved:
    """The files of a figure or an animation, and the size in CSS pixels at which the page shows it."""

    files: tuple[Path, ...]
    width: int
    height: int


def suffix(theme: Theme) -> str:
    """What a file name ends in: nothing for the light theme, "-dark" for the dark one."""
    return "" if theme.name == "light" else f"-{theme.name}"


def write_table(data: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Write a table as CSV with every digit, and return what a reader of that file gets."""
    write_if_changed(path, data.to_csv(index=False, lineterminator="\n").encode())
    return read_table(path)


def read_table(path: Path) -> pd.DataFrame:
    """Read a figure's CSV: floats to the last bit, words such as "None" as words, empty cells as missing."""
    import pandas as pd

    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def check_size(path: Path, content: bytes, limit: int, remedy: str) -> None:
    """Raise a `BuildError` that names the file and the remedy if `content` is longer than `limit` bytes."""
    if len(content) > limit:
        raise BuildError(
            f"{relative(path)} would have {len(content) / 1024:.0f} KB, "
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
    if engine := figure.get_layout_engine():  # whoever switched it off has placed the axes by hand
        engine.execute(figure)
    figure.set_layout_engine("none")
    return width, height


def png_bytes(figure: Figure, figure_id: str, title: str, dpi: int = DENSE) -> bytes:
    """The figure as PNG; title, id and licence are in its text chunks."""
    about = {"Title": title, "Source": f"{SITE}: {figure_id}", "Copyright": LICENCE, "Software": None}
    return _render(figure, "png", about, dpi)


def save_figure(
    module: ModuleType, data: pd.DataFrame, folder: Path, figure_id: str, draft: bool = False
) -> Saved:
    """Write the table of a figure, and draw it from the table that was written.

    Parameters
    ----------
    module : module
        A figure: has `TITLE` and `draw(data, theme)`.
    data : DataFrame
        What is drawn: the module's `data(results)`.
    folder : Path
        Where the files go; made if need be.
    figure_id : str
        Begins every file name and is written into every file, beside the title and the licence.
    draft : bool
        Leave the PDF out, and give a PNG one pixel to a CSS pixel and not two.

    Returns
    -------
    Saved
        `<id>.csv`, `<id>.svg`, `<id>.png`, both again as `<id>-dark.*`, and `<id>.pdf`.

    Raises
    ------
    BuildError
        If an SVG has more than 300 KB, or a file cannot be written.
    """
    csv = folder / f"{figure_id}.csv"
    table = write_table(data, csv)
    files = [csv]
    for theme in (LIGHT, DARK):
        with theme.context():
            figure = module.draw(table.copy(), theme)
            width, height = lay_out(figure)
            name = f"{figure_id}{suffix(theme)}"
            images = {
                f"{name}.svg": _svg_bytes(figure, figure_id, module.TITLE),
                f"{name}.png": png_bytes(figure, figure_id, module.TITLE, SCREEN if draft else DENSE),
            }
            if theme is LIGHT and not draft:
                images[f"{figure_id}.pdf"] = _pdf_bytes(figure, figure_id, module.TITLE)
        for name, content in images.items():
            path = folder / name
            if path.suffix == ".svg":
                check_size(path, content, MAX_SVG, "draw its many points or cells with rasterized=True")
            write_if_changed(path, content)
            files.append(path)
    return Saved(tuple(files), width, height)


def _svg_bytes(figure: Figure, figure_id: str, title: str) -> bytes:
    from matplotlib import rc_context

    about = {"Title": title, "Identifier": figure_id, "Publisher": SITE, "Rights": LICENCE}
    # One salt a figure: two figures inlined in one page must not share the names of their clip paths.
    with rc_context({"svg.hashsalt": figure_id}):
        return _render(figure, "svg", about | {"Date": None, "Creator": None})


def _pdf_bytes(figure: Figure, figure_id: str, title: str) -> bytes:
    about = {"Title": title, "Subject": f"{figure_id}, {LICENCE}", "Author": SITE}
    return _render(figure, "pdf", about | {"Creator": None, "Producer": None, "CreationDate": None})


def _render(figure: Figure, form: str, about: dict[str, str | None], dpi: int = DENSE) -> bytes:
    """The figure in one format: the bytes of its `savefig`, which would rehearse the drawing before each of them."""
    from importlib import import_module

    backend = import_module(f"matplotlib.backends.backend_{'agg' if form == 'png' else form}")
    sheet, screen = BytesIO(), figure.dpi
    try:
        figure.dpi = dpi
        getattr(backend.FigureCanvas(figure), f"print_{form}")(sheet, metadata=about)
    finally:
        figure.dpi = screen
    return sheet.getvalue()
