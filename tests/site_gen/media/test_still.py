"""A figure's files: the same bytes everywhere, drawn from their CSV, with their origin inside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from site_gen.errors import BuildError
from site_gen.media import still
from site_gen.media.still import draw_figure, lay_out, read_table
from site_gen.theme import LIGHT, Theme
from tests.site_gen.media.saving import Saved, save

TITLE = "Noise & drift"
NAMES = ["noise.csv", "noise.svg", "noise.png", "noise.pdf", "noise-dark.svg", "noise-dark.png"]


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    columns = {
        "condition": ["None", "NA", "batch norm", ""] * 5,
        "step": np.arange(20),
        "loss": np.append(rng.standard_normal(18) / 3, [np.nan, np.inf]),
        "rate": rng.random(20).astype(np.float32),
    }
    return pd.DataFrame(columns)


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, ax = theme.figure(height=2.3)
    ax.plot(data["step"], data["loss"], label=data["condition"][2])
    theme.band(ax, data["step"], data["loss"] - 1, data["loss"] + 1, theme.accent)
    ax.set_title(f"Loss at $\\gamma$ = {data['rate'][0]:.17g}")
    return figure


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    return save(
        draw_figure, tmp_path_factory.mktemp("drawn"), sys.modules[__name__], table(), "noise"
    )


def contents(files: tuple[Path, ...]) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in files}


def test_the_files_that_are_promised(saved: Saved) -> None:
    assert [path.name for path in saved.files] == NAMES
    assert (saved.width, saved.height) == (720, 230)
    light, dark = (Image.open(path) for path in saved.files if path.suffix == ".png")
    assert light.size == dark.size == (1440, 460)
    assert light.getpixel((0, 0))[:3] == (255, 255, 255)
    assert max(dark.getpixel((0, 0))[:3]) < 64


def test_axes_placed_by_hand_stay_there() -> None:
    with LIGHT.context():
        figure, ax = LIGHT.figure(height=2.3)
        figure.set_layout_engine("none")
        ax.set_position([0.2, 0.3, 0.5, 0.4])
        assert lay_out(figure) == (720, 230)
        assert ax.get_position().bounds == pytest.approx((0.2, 0.3, 0.5, 0.4))


def test_a_draft_has_no_pdf_and_fewer_pixels(saved: Saved, tmp_path: Path) -> None:
    draft = save(draw_figure, tmp_path, sys.modules[__name__], table(), "noise", draft=True)
    assert [path.name for path in draft.files] == [name for name in NAMES if name != "noise.pdf"]
    assert (draft.width, draft.height) == (saved.width, saved.height)
    assert {Image.open(path).size for path in draft.files if path.suffix == ".png"} == {(720, 230)}
    kept = {
        name: content
        for name, content in contents(saved.files).items()
        if name.endswith((".svg", ".csv"))
    }
    assert contents(draft.files).items() >= kept.items()


def test_another_process_makes_the_same_bytes(saved: Saved, tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text(
        "font.size: 30\nsvg.fonttype: none\nsavefig.bbox: tight\n"
    )
    make = (
        "from tests.site_gen.media import test_still as t; "
        "t.save(t.draw_figure, t.Path('again'), t, t.table(), 'noise'); "
        "import sys; assert 'matplotlib.pyplot' not in sys.modules"
    )
    root = Path(__file__).resolve().parents[3]
    other = {
        "PYTHONPATH": str(root),
        "PYTHONHASHSEED": "7",
        "MATPLOTLIBRC": str(tmp_path),
        "TZ": "Asia/Tokyo",
    }
    subprocess.run([sys.executable, "-c", make], cwd=tmp_path, env=os.environ | other, check=True)
    assert contents(tuple((tmp_path / "again").iterdir())) == contents(saved.files)


def test_the_csv_redraws_the_figure(saved: Saved, tmp_path: Path) -> None:
    again = save(draw_figure, tmp_path, sys.modules[__name__], read_table(saved.files[0]), "noise")
    assert contents(again.files) == contents(saved.files)


def test_the_csv_keeps_every_digit_and_every_word(saved: Saved) -> None:
    data, read = table(), read_table(saved.files[0])
    assert b"\r" not in saved.files[0].read_bytes()
    np.testing.assert_array_equal(read["loss"], data["loss"])
    np.testing.assert_array_equal(read["rate"].astype(np.float32), data["rate"])
    assert read["condition"][:3].tolist() == ["None", "NA", "batch norm"]
    assert read["step"].dtype == np.int64


def test_every_file_says_what_it_is(saved: Saved) -> None:
    for path in saved.files[1:]:
        content = path.read_bytes()
        for expected in ("noise", "CC BY 4.0", "Noise &"):
            escaped = expected.replace("&", "&amp;") if path.suffix == ".svg" else expected
            assert escaped.encode() in content, f"{path.name}: {expected}"
        for version in (b"Matplotlib", b"matplotlib.org", b"CreationDate", b"<dc:date>"):
            assert version not in content, f"{path.name}: {version}"


def test_two_figures_share_no_clip_path(saved: Saved, tmp_path: Path) -> None:
    other = save(draw_figure, tmp_path, sys.modules[__name__], table(), "other")
    names = [
        {line.split('"')[1] for line in files[1].read_text().splitlines() if "<clipPath" in line}
        for files in (saved.files, other.files)
    ]
    assert names[0] and not names[0] & names[1]


def test_a_heavy_svg_is_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(still, "MAX_SVG", 10_000)
    with pytest.raises(
        BuildError, match=r"noise\.svg would have \d+ KB.* at most 10 .*rasterized=True"
    ):
        save(draw_figure, tmp_path, sys.modules[__name__], table(), "noise")


def test_drawing_leaves_matplotlib_as_it_was() -> None:
    def settings() -> dict[str, object]:
        return {
            name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"
        }

    before = settings()
    with LIGHT.context():
        draw(table(), LIGHT)
    assert settings() == before
