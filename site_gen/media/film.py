"""An animation as files: GIF, WebM, MP4 and poster, in two themes; the same bytes wherever made.

What stands still is drawn once; a frame is that background with the moving artists drawn over it.
"""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from site_gen.errors import BuildError
from site_gen.media.still import (
    DENSE,
    LICENCE,
    SCREEN,
    SITE,
    Drawn,
    check_size,
    lay_out,
    png_bytes,
    read_table,
    suffix,
    table_bytes,
)
from site_gen.theme import DARK, LIGHT, Animation

if TYPE_CHECKING:
    import av
    import numpy as np
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

MAX_GIF = 1024 * 1024
MAX_VIDEO = 300 * 1024
SIMPLER = "move less at a time (fewer frames, fewer points, a smaller height)"

# x264's code for AVX-512 gives other bytes once in seven encodings, in the last row of a key frame;
# its other code never did.
X264 = {"preset": "slow", "tune": "animation"}
if platform.machine().lower() in ("x86_64", "amd64"):
    X264["x264-params"] = "asm=AVX2"

# Each codec's qualities, best first: the first that fits MAX_VIDEO is published. One thread, so
# that bytes do not depend on the number of cores. AV1, not VP9: a fifth smaller in half the time.
CODECS = {
    "webm": ("libsvtav1", ("34", "42", "50"), {"preset": "8", "svtav1-params": "lp=1"}),
    "mp4": ("libx264", ("25", "29", "33"), X264),
}
LAYOUT = {"webm": {}, "mp4": {"movflags": "+faststart"}}  # an MP4 plays before it is loaded
EVERY = 10  # a draft films one frame out of so many
COLOURS = (128, 64)  # of a GIF's palette, best first


def draw_film(
    module: ModuleType,
    data: pd.DataFrame,
    figure_id: str,
    draft: bool = False,
    check: Callable[[Animation], None] = lambda animation: None,
) -> Drawn:
    """The table of an animation, and the films drawn from the table as its readers get it.

    Parameters
    ----------
    module : module
        An animation: has `TITLE` and `animate(data, theme)`.
    data : DataFrame
        What is drawn: the module's `data(results)`.
    figure_id : str
        Begins every file name and is written into every file, beside the title and the licence.
    draft : bool
        Film one frame out of `EVERY` in the same time, with one pixel to a CSS pixel everywhere:
        jerky and coarse, and made in a fifth of the time.
    check : callable
        Called with the animation before it is thinned to a draft; raises if it must not be
        published.

    Returns
    -------
    Drawn
        `<id>.csv`; `<id>.gif`, `<id>.webm`, `<id>.mp4`, `<id>.png` (the poster), and all again as
        `<id>-dark.*`.
        The GIF has one pixel to a CSS pixel, the others two.

    Raises
    ------
    BuildError
        If an artist that changes is missing from the animation's list, a GIF has more than 1 MB, or
        a video more than 300 KB.
    """
    csv = table_bytes(data)
    table = read_table(csv)
    files = {f"{figure_id}.csv": csv}
    for theme in (LIGHT, DARK):
        name = f"{figure_id}{suffix(theme)}"
        with theme.context():
            animation = module.animate(table.copy(), theme)
            if theme is LIGHT:
                check(animation)
            if draft:
                animation = _sparse(animation, EVERY)
            width, height = lay_out(animation.figure)
            images = list(frames(animation, SCREEN))
            if theme is LIGHT:  # the other theme has the same artists
                check_artists(animation, images, figure_id)
            files[f"{name}.gif"] = _gif(images, animation.fps, figure_id, f"{name}.gif")
            pictures = [as_yuv(frame) for frame in (images if draft else frames(animation, DENSE))]
            for form in CODECS:
                file = f"{name}.{form}"
                files[file] = encoded(pictures, animation.fps, figure_id, module.TITLE, file)
            _stand_still(animation, animation.poster)
            dpi = SCREEN if draft else DENSE
            files[f"{name}.png"] = png_bytes(animation.figure, figure_id, module.TITLE, dpi)
    return Drawn(files, width, height)


def _sparse(animation: Animation, every: int) -> Animation:
    """One frame out of `every`, the poster among them, at the nearest rate that a GIF can have."""
    every = min(every, animation.frames // 2)
    first = animation.poster % every
    fastest = max(animation.fps, every) / every
    return replace(
        animation,
        frames=len(range(first, animation.frames, every)),
        update=lambda i: animation.update(first + i * every),
        fps=next(fps for fps in (50, 25, 20, 10, 5, 4, 2, 1) if fps <= fastest),
        poster=animation.poster // every,
    )


def frames(animation: Animation, dpi: int) -> Iterator[np.ndarray]:
    """Yield every frame by blitting, (height, width, 3) of uint8.

    Call it inside the theme's context.
    """
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    animation.figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(animation.figure)
    moving = _moving(animation.figure, animation.artists)
    for artist in moving:
        artist.set_animated(True)
    canvas.draw()
    background = canvas.copy_from_bbox(animation.figure.bbox)
    renderer = canvas.get_renderer()
    for i in range(animation.frames):
        animation.update(i)
        canvas.restore_region(background)
        for artist in moving:
            artist.draw(renderer)
        yield np.asarray(canvas.buffer_rgba())[..., :3].copy()


def redrawn(animation: Animation, i: int, dpi: int) -> np.ndarray:
    """Frame `i` drawn in full, (height, width, 3) of uint8: what blitting has to equal."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    animation.figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(animation.figure)
    _stand_still(animation, i)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def check_artists(animation: Animation, images: Sequence[np.ndarray], figure_id: str) -> None:
    """Raise a `BuildError` if a blitted image differs from the same frame drawn in full.

    A few frames are compared. They differ where an artist changes and is not in the animation's
    list.
    """
    last = animation.frames - 1
    for i in sorted({0, last // 3, animation.poster, 2 * last // 3, last}):
        wrong = (images[i] != redrawn(animation, i, SCREEN)).any(axis=-1)
        if wrong.any():
            y, x = (int(edge.min()) for edge in wrong.nonzero())
            raise BuildError(
                f"animation {figure_id}: frame {i} is wrong in {wrong.sum()} pixels, "
                f"the first {x} from the left and {y} from the top: "
                f"list in `artists` every artist that changes there"
            )


def _stand_still(animation: Animation, i: int) -> None:
    """Set the figure to frame `i` and let it be drawn as any other."""
    animation.update(i)
    for artist in _moving(animation.figure, animation.artists):
        artist.set_animated(False)


def _moving(figure: Figure, changing: Sequence[Artist]) -> list[Artist]:
    """What each frame redraws, bottom first: changing artists and whatever lies above them.

    Above: in the same axes.
    """
    from matplotlib.axes import Axes

    wanted = {id(artist) for artist in changing}

    def changes(artist: Artist) -> bool:
        return id(artist) in wanted or any(changes(child) for child in artist.get_children())

    def children(parent: Artist) -> list[Artist]:
        return sorted(parent.get_children(), key=lambda child: child.get_zorder())

    moving: list[Artist] = []
    for part in children(figure):
        if not isinstance(part, Axes):
            moving += [part] if changes(part) else []
            continue
        hidden = [part.patch]
        if not part.axison:
            hidden += [part.xaxis, part.yaxis, *part.spines.values()]
        drawn = [child for child in children(part) if child not in hidden]
        lowest = next((i for i, child in enumerate(drawn) if changes(child)), len(drawn))
        moving += drawn[lowest:]
    return moving


def _gif(images: Sequence[np.ndarray], fps: int, figure_id: str, name: str) -> bytes:
    """The frames as a GIF that loops, all with one palette."""
    from PIL import Image

    for colours in COLOURS:
        palette, indices = _reduce(images, colours)
        drawn = [Image.fromarray(index) for index in indices]
        for image in drawn:
            image.putpalette(palette.tobytes())
        film = BytesIO()
        about = f"{SITE}: {figure_id}. {LICENCE}".encode()
        drawn[0].save(
            film,
            "GIF",
            save_all=True,
            append_images=drawn[1:],
            duration=1000 // fps,
            loop=0,
            disposal=1,
            optimize=False,
            comment=about,
        )
        if film.tell() <= MAX_GIF:
            break
    check_size(name, film.getvalue(), MAX_GIF, SIMPLER)
    return film.getvalue()


def _reduce(images: Sequence[np.ndarray], colours: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """A palette (colour, 3) for all images, and each image as indices (height, width) into it.

    Each pixel gets the nearest colour. The most frequent colours (paper, lines, fills) are in the
    palette exactly; the rest of it covers what is left, mostly the edges of letters and lines.
    Pillow alone may map white to the next grey, and then the picture sits in a visible box.
    """
    import numpy as np
    from PIL import Image

    shifts = np.array([16, 8, 0], dtype=np.uint32)
    packed = [np.bitwise_or.reduce(image.astype(np.uint32) << shifts, axis=-1) for image in images]
    used = np.zeros(1 << 24, dtype=bool)
    for image in packed:
        used[image] = True
    occurrences = np.bincount(np.stack(packed[::8]).ravel(), minlength=1 << 24)[used]
    rgb = used.nonzero()[0][:, None] >> shifts & 255
    frequent = rgb[np.argsort(-occurrences, kind="stable")[: colours // 4]]
    # every colour once: MAXCOVERAGE spreads over the colours that occur, however often
    row = Image.fromarray(rgb.astype(np.uint8)[None])
    spread = row.quantize(colours - len(frequent), Image.Quantize.MAXCOVERAGE).getpalette()
    palette = np.concatenate([frequent, np.array(spread).reshape(-1, 3)])
    nearest = np.zeros(1 << 24, dtype=np.uint8)
    nearest[used] = ((rgb[:, None] - palette) ** 2).sum(axis=-1).argmin(axis=1)
    return palette.astype(np.uint8), [nearest[image] for image in packed]


def as_yuv(image: np.ndarray) -> av.VideoFrame:
    """A frame as video stores it: brightness for every pixel, colour for 2 × 2, after BT.709."""
    import av
    from av.video.reformatter import ColorRange, Colorspace

    even = image[: len(image) // 2 * 2]  # a draft may have an odd height
    picture = av.VideoFrame.from_ndarray(even, "rgb24")
    return picture.reformat(
        format="yuv420p",
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
        dst_colorspace=Colorspace.ITU709,
    )


def encoded(
    pictures: Sequence[av.VideoFrame], fps: int, figure_id: str, title: str, name: str
) -> bytes:
    """The frames as a video in the format of the name's suffix."""
    # SVT-AV1 writes to the terminal unless this is set before it starts.
    os.environ.setdefault("SVT_LOG", "1")
    about = {"title": title, "comment": f"{SITE}: {figure_id}", "copyright": LICENCE}
    for quality in CODECS[name.rpartition(".")[2]][1]:
        # The head of an MP4 is known only at its end, so the encoder needs a real file.
        with tempfile.TemporaryDirectory() as folder:
            film = Path(folder, name)
            _encode(film, pictures, fps, quality, about)
            content = film.read_bytes()
        if len(content) <= MAX_VIDEO:
            break
    check_size(name, content, MAX_VIDEO, SIMPLER)
    return content


def _encode(
    film: Path, pictures: Sequence[av.VideoFrame], fps: int, quality: str, about: dict[str, str]
) -> None:
    import av

    form = film.suffix[1:]
    codec, _, options = CODECS[form]
    # bitexact: no date, no random number, no version in the file.
    with av.open(film, "w", options=LAYOUT[form] | {"fflags": "+bitexact"}) as container:
        container.metadata.update(about)
        stream = container.add_stream(codec, rate=fps, options=options | {"crf": quality})
        context = stream.codec_context
        context.width, context.height = pictures[0].width, pictures[0].height
        context.pix_fmt = "yuv420p"
        context.thread_count = 1
        # Stated, or browsers guess from the picture's size and get the paper's colour wrong.
        context.colorspace = context.color_primaries = context.color_trc = 1  # BT.709
        context.color_range = 1  # 16 to 235
        with _same_priority():
            context.open()
        for i, picture in enumerate(pictures):
            picture.pts, picture.time_base = i, Fraction(1, fps)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


@contextmanager
def _same_priority() -> Iterator[None]:
    """Undo what is done to the scheduling of this process.

    Where root runs it, SVT-AV1 makes its threads and the one that starts it real-time threads of
    the highest priority. Processes started later would inherit that priority and starve everything
    else.
    """
    if not hasattr(os, "sched_setscheduler"):  # SVT-AV1 does it on Linux only
        yield
        return
    before, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        for thread in Path("/proc/self/task").iterdir():
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.sched_setscheduler(int(thread.name), before, parameters)
