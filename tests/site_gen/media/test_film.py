"""An animation's files: blitting equals drawing, bytes are the same everywhere, limits are kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageSequence

from site_gen.errors import BuildError
from site_gen.media import film
from site_gen.media.film import check_artists, draw_film, frames, redrawn
from site_gen.media.still import lay_out
from site_gen.theme import DARK, LIGHT, Animation, Theme
from tests.site_gen.media.saving import Saved, save

TITLE = "A point moves & a bar grows"
FRAMES = 12
NAMES = [
    f"point{theme}{form}" for theme in ("", "-dark") for form in (".gif", ".webm", ".mp4", ".png")
]


def table() -> pd.DataFrame:
    x = np.linspace(0, 2 * np.pi, FRAMES, endpoint=False)
    return pd.DataFrame({"x": x, "y": np.sin(x)})


def animate(data: pd.DataFrame, theme: Theme, forgotten: str = "") -> Animation:
    """Lines above and below what moves, no axes, a bar, and a legend and a text that change."""
    figure, (left, right) = theme.figure(1, 2, height=1.3)
    left.plot(data["x"], data["y"], color=theme.colour("theory"), zorder=4)
    (point,) = left.plot([0], [0], "o", color=theme.accent, label="step 0")
    legend = left.legend(loc="upper right")
    text = figure.text(0.5, 0.95, "")
    right.axhline(0.5, color=theme.ink)
    (bar,) = right.bar([0], [1], color=theme.colour("none"))
    right.set_ylim(-1, 1)
    right.set_axis_off()

    def update(i: int) -> None:
        point.set_data([data["x"][i]], [data["y"][i]])
        legend.get_texts()[0].set_text(f"step {i}")
        text.set_text(f"{i} of {FRAMES}")
        bar.set_height(data["y"][i])

    artists = {"point": point, "words": legend.get_texts()[0], "text": text, "bar": bar}
    artists.pop(forgotten, None)
    return Animation(figure, tuple(artists.values()), FRAMES, update, fps=25, poster=3)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    return save(
        draw_film, tmp_path_factory.mktemp("drawn"), sys.modules[__name__], table(), "point"
    )


def video(path: Path) -> list[np.ndarray]:
    with av.open(path) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def gif(path: Path) -> list[np.ndarray]:
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("dpi", [100, 200])
def test_blitting_equals_drawing(dpi: int) -> None:
    with DARK.context():
        animation = animate(table(), DARK)
        lay_out(animation.figure)
        blitted = list(frames(animation, dpi))
        assert len(blitted) == FRAMES
        for i in (0, 4, 3, FRAMES - 1):
            np.testing.assert_array_equal(blitted[i], redrawn(animation, i, dpi))


@pytest.mark.parametrize("forgotten", ["text", "bar", "words"])
def test_a_forgotten_artist_is_an_error(forgotten: str) -> None:
    with LIGHT.context():
        animation = animate(table(), LIGHT, forgotten)
        lay_out(animation.figure)
        images = list(frames(animation, 100))
        if forgotten == "words":  # the legend lies over the point and is drawn with it
            check_artists(animation, images, "point")
        else:
            with pytest.raises(BuildError, match=r"animation point: frame .* list in `artists`"):
                check_artists(animation, images, "point")


def test_the_files_that_are_promised(saved: Saved) -> None:
    assert [path.name for path in saved.files] == ["point.csv", *NAMES]
    assert (saved.width, saved.height) == (720, 130)
    with LIGHT.context():
        animation = animate(table(), LIGHT)
        lay_out(animation.figure)
        small, large = (np.stack(list(frames(animation, dpi))).astype(int) for dpi in (100, 200))
    shown = dict(zip(NAMES, saved.files[1:], strict=True))
    for name, drawn in (("point.gif", small), ("point.webm", large), ("point.mp4", large)):
        images = np.stack((gif if name.endswith("gif") else video)(shown[name]))
        assert images.shape == drawn.shape, name
        assert np.abs(images - drawn).mean(axis=(1, 2, 3)).max() < 1, name
    poster = np.asarray(Image.open(shown["point.png"]).convert("RGB"))
    np.testing.assert_array_equal(poster, large[3])


def test_the_paper_keeps_its_colour(saved: Saved) -> None:
    for path in saved.files[1:]:
        theme = DARK if "-dark" in path.name else LIGHT
        paper = np.array([int(theme.paper[i : i + 2], 16) for i in (1, 3, 5)])
        image = (video(path) if path.suffix in (".webm", ".mp4") else gif(path))[0]
        allowed = 2 if path.suffix in (".webm", ".mp4") else 0  # 8-bit video has 220 levels
        assert np.abs(image[:2, :2].astype(int) - paper).max() <= allowed, path.name


def test_the_gif_plays_at_its_speed_for_ever(saved: Saved) -> None:
    with Image.open(saved.files[1]) as image:
        assert image.n_frames == FRAMES
        assert image.info["duration"] == 40
        assert image.info["loop"] == 0


def test_the_mp4_starts_before_it_is_loaded(saved: Saved) -> None:
    content = saved.files[3].read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_another_process_makes_the_same_bytes(saved: Saved, tmp_path: Path) -> None:
    make = (
        "from tests.site_gen.media import test_film as t; "
        "t.save(t.draw_film, t.Path('again'), t, t.table(), 'point')"
    )
    root = Path(__file__).resolve().parents[3]
    environment = {"PYTHONPATH": str(root), "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    ran = subprocess.run(
        [sys.executable, "-c", make],
        cwd=tmp_path,
        env=os.environ | environment,
        check=True,
        capture_output=True,
    )
    assert ran.stderr == b""  # no encoder writes to the terminal
    again = {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
    assert again.keys() == {path.name for path in saved.files}
    for path in saved.files:
        assert again[path.name] == path.read_bytes(), path.name


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these priorities")
def test_filming_leaves_the_priority_of_a_process_alone(tmp_path: Path) -> None:
    """A real-time process passes its priority to what it starts, and starves everything else."""
    make = (
        "import os; from tests.site_gen.media import test_film as t\n"
        "before = os.sched_getscheduler(0)\n"
        "t.save(t.draw_film, t.Path('again'), t, t.table(), 'point')\n"
        "threads = map(int, os.listdir('/proc/self/task'))\n"
        "print(before, *{os.sched_getscheduler(thread) for thread in threads})"
    )
    root = Path(__file__).resolve().parents[3]
    ran = subprocess.run(
        [sys.executable, "-c", make],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(root)},
        check=True,
        capture_output=True,
        text=True,
    )
    before, *after = ran.stdout.split()
    assert after == [before]


def test_every_file_says_what_it_is(saved: Saved) -> None:
    for path in saved.files[1:]:
        content = path.read_bytes()
        assert b"point" in content and b"CC BY 4.0" in content, path.name


@pytest.mark.parametrize(
    ("limit", "name"), [("MAX_GIF", r"point\.gif"), ("MAX_VIDEO", r"point\.webm")]
)
def test_a_heavy_file_is_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, name: str
) -> None:
    monkeypatch.setattr(film, limit, 1000)
    with pytest.raises(BuildError, match=f"{name} would have .* KB.* at most 1 .*fewer frames"):
        save(draw_film, tmp_path, sys.modules[__name__], table(), "point")


def test_a_busy_film_gets_a_lower_quality(monkeypatch: pytest.MonkeyPatch) -> None:
    with LIGHT.context():
        animation = animate(table(), LIGHT)
        lay_out(animation.figure)
        pictures = [film.as_yuv(image) for image in frames(animation, 200)]
    for form in ("webm", "mp4"):
        name = f"point.{form}"
        best = len(film.encoded(pictures, 25, "point", TITLE, name))
        monkeypatch.setattr(film, "MAX_VIDEO", best - 1)
        assert len(film.encoded(pictures, 25, "point", TITLE, name)) < best
        monkeypatch.undo()


def test_a_draft_has_every_third_frame_and_the_same_poster_on_fewer_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film, "EVERY", 3)
    made = save(draw_film, tmp_path, sys.modules[__name__], table(), "point", draft=True)
    assert [path.name for path in made.files] == ["point.csv", *NAMES]
    with LIGHT.context():
        animation = animate(table(), LIGHT)
        lay_out(animation.figure)
        drawn = np.stack(list(frames(animation, 100)))
    np.testing.assert_array_equal(
        np.asarray(Image.open(tmp_path / "point.png").convert("RGB")), drawn[3]
    )
    for name, images in (("point.gif", gif), ("point.webm", video)):
        few = np.stack(images(tmp_path / name)).astype(int)
        assert np.abs(few - drawn[::3]).mean(axis=(1, 2, 3)).max() < 1.5, name


@pytest.mark.parametrize("times", [12, pytest.param(200, marks=pytest.mark.nightly)])
def test_x264_gives_the_same_bytes_every_time(times: int) -> None:
    """Its code for AVX-512 did not, once in seven times.

    The film was a dot that mostly stands still on a white sheet.
    """
    from tests.small.site_gen.animations import coin__tossing

    data = pd.DataFrame({"coin": [1, 2, 3], "heads": [0.5015625, 0.50859375, 0.500625]})
    with LIGHT.context():
        animation = coin__tossing.animate(data, LIGHT)
        animation.figure.set_figheight(3.6)  # no multiple of 16 pixels
        lay_out(animation.figure)
        images = list(frames(animation, 200))
    films = set()
    for _ in range(times):
        pictures = [film.as_yuv(image) for image in images]
        films.add(film.encoded(pictures, animation.fps, "coin", TITLE, "coin.mp4"))
    assert len(films) == 1
