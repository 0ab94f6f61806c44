"""The look of every figure: a theme for light paper, one for dark, and animations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from site_gen.theme.palette import PALETTE, RAMPS, SURFACE

# Matplotlib takes 0.4 s to import, which names and colours alone do not need.
if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import FillBetweenPolyCollection
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Text
    from pandas import DataFrame

HERE = Path(__file__).parent
STYLE = HERE / "house.mplstyle"
FONTS = tuple(
    HERE / "fonts" / f"InterFigure-{style}.ttf" for style in ("Regular", "Italic", "SemiBold")
)
WIDTH = 7.2  # inches, of every figure


@cache
def _register_fonts() -> None:
    """Make the vendored fonts known to Matplotlib, under a family name that no system font has."""
    from matplotlib.font_manager import fontManager

    for path in FONTS:
        fontManager.addfont(path)


@dataclass(frozen=True)
class Theme:
    """One paper, light or dark, and the colours that are legible on it.

    Attributes
    ----------
    name : str
        "light" or "dark".
    ink, paper, muted, grid, accent : str
        Colours of text and strong lines, of the background, of secondary text, of grid lines, of
        the one accent.
    """

    name: str
    ink: str
    paper: str
    muted: str
    grid: str
    accent: str

    @property
    def _side(self) -> int:
        return 0 if self.name == "light" else 1

    def colour(self, condition: str) -> str:
        """The colour of a condition, the same in every figure; `ValueError` if it has none."""
        if condition not in PALETTE:
            raise ValueError(
                f"no colour for {condition!r}; the palette has {', '.join(sorted(PALETTE))}"
            )
        return PALETTE[condition][self._side]

    def sequence(self, n: int) -> list[str]:
        """`n` line colours of one hue, the last with the most contrast; if n is 1, the accent."""
        from matplotlib.colors import to_hex

        if n < 1:
            raise ValueError(f"a sequence has at least one colour, not {n}")
        if n == 1:
            return [self.accent]
        ramp = self._ramp("lines")
        return [to_hex(ramp(i / (n - 1))) for i in range(n)]

    def legible(self, fill: Any) -> str:
        """Ink or paper: the text colour with more contrast on a filled background (WCAG)."""
        from matplotlib.colors import to_rgb

        def luminance(colour: Any) -> float:
            linear = [
                c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)
            ]
            return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

        def contrast(text: str) -> float:
            dark, light = sorted((luminance(text), luminance(fill)))
            return (light + 0.05) / (dark + 0.05)

        return max((self.ink, self.paper), key=contrast)

    @cached_property
    def cmap(self) -> Colormap:
        """Sequential colour map of one hue; low values are close to the paper's colour."""
        return self._ramp("fill")

    @cached_property
    def diverging(self) -> Colormap:
        """Diverging colour map: blue below, orange above, nearly paper in the middle."""
        return self._ramp("diverging")

    def _ramp(self, name: str) -> Colormap:
        from matplotlib.colors import LinearSegmentedColormap

        return LinearSegmentedColormap.from_list(
            f"house-{name}-{self.name}", RAMPS[name][self._side]
        )

    def rc(self) -> dict[str, Any]:
        """Matplotlib's settings for this theme: `house.mplstyle` and the theme's colours."""
        from cycler import cycler
        from matplotlib import rc_params_from_file

        cycle = [
            self.colour(c)
            for c in ("batch norm", "none", "layer norm", "group norm", "input", "gradient")
        ]
        return dict(rc_params_from_file(STYLE, use_default_template=False)) | {
            "figure.facecolor": self.paper,
            "figure.edgecolor": self.paper,
            "savefig.facecolor": self.paper,
            "savefig.edgecolor": self.paper,
            "axes.facecolor": self.paper,
            "axes.edgecolor": self.muted,
            "axes.labelcolor": self.ink,
            "axes.titlecolor": self.ink,
            "axes.prop_cycle": cycler(color=cycle),
            "grid.color": self.grid,
            "image.cmap": "viridis",
            "lines.color": self.accent,
            "patch.facecolor": self.accent,
            "text.color": self.ink,
            "xtick.color": self.muted,
            "ytick.color": self.muted,
            "xtick.labelcolor": self.muted,
            "ytick.labelcolor": self.muted,
        }

    def context(self) -> AbstractContextManager[None]:
        """Matplotlib under this theme and no other setting: draw *and* save inside of it.

        Whatever a user's `matplotlibrc` says is reset first, so that a figure has the same bytes
        everywhere.
        """
        import matplotlib

        _register_fonts()
        # Do not reset the backend: that would import one, which figures without pyplot do not need.
        defaults = {
            k: v for k, v in matplotlib.rcParamsDefault.items() if not k.startswith("backend")
        }
        return matplotlib.rc_context(defaults | self.rc())

    def figure(
        self, rows: int = 1, cols: int = 1, height: float = 3.6, **subplots_kw: Any
    ) -> tuple[Figure, Any]:
        """A figure of house width and its axes, made without pyplot; call it inside `context`.

        Parameters
        ----------
        rows, cols : int
            Grid of axes.
        height : float
            In inches; the width is always 7.2.
        **subplots_kw
            For `Figure.subplots`: `sharex`, `sharey`, `width_ratios`, `squeeze`, ...

        Returns
        -------
        figure : Figure
        axes : Axes or array of Axes
        """
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, height), facecolor=self.paper, layout="constrained")
        return figure, figure.subplots(rows, cols, **subplots_kw)

    def label(self, ax: Axes, x: float, y: float, text: str, colour: str, **kw: Any) -> Text:
        """A direct label at the data point (x, y), in the colour of its line, without a legend.

        Parameters
        ----------
        ax : Axes
        x, y : float
            In data coordinates, unless `transform` says otherwise.
        text : str
        colour : str
            A condition of the palette, or a colour.
        **kw
            For `Axes.annotate`; `dx` and `dy` are offsets in points, by default 5 and 0.
        """
        offset = (kw.pop("dx", 5), kw.pop("dy", 0))
        xycoords = kw.pop("transform", "data")
        style = {
            "color": self._paint(colour),
            "va": "center",
            "ha": "left",
            "weight": "semibold",
            "annotation_clip": False,
        }
        return ax.annotate(
            text, (x, y), offset, xycoords=xycoords, textcoords="offset points", **(style | kw)
        )

    def curve(
        self, ax: Axes, rows: DataFrame, x: str, y: str, colour: str, label: str = "", **kw: Any
    ) -> Line2D:
        """A line through the rows, with a band for its interval if they have `low` and `high`.

        Parameters
        ----------
        ax : Axes
        rows : DataFrame
            In the order of `x`.
        x, y : str
            Columns.
        colour : str
            A condition of the palette, or a colour.
        label : str
            Written at the end of the line.
        **kw
            For `Axes.plot`; `fmt` is the line and marker style, such as "o-", and `dx`, `dy` move
            the label.
        """
        colour = self._paint(colour)
        placed = {name: kw.pop(name) for name in ("dx", "dy", "ha", "weight") if name in kw}
        if "low" in rows:
            self.band(ax, rows[x], rows["low"], rows["high"], colour)
        form = (kw.pop("fmt"),) if "fmt" in kw else ()
        (line,) = ax.plot(rows[x], rows[y], *form, **({"color": colour} | kw))
        if label:
            self.label(ax, rows[x].iloc[-1], rows[y].iloc[-1], label, colour, **placed)
        return line

    def points(self, ax: Axes, rows: DataFrame, x: str, y: str, colour: str, **kw: Any) -> None:
        """Points, with bars for intervals if the rows have `low` and `high`; as `curve`."""
        colour = self._paint(colour)
        if "low" in rows:
            ax.vlines(rows[x], rows["low"], rows["high"], color=colour, linewidth=1.5)
        ax.plot(rows[x], rows[y], kw.pop("fmt", "o"), **({"color": colour} | kw))

    def theory(self, ax: Axes, x: Any, y: Any, label: str = "", **kw: Any) -> Line2D:
        """A closed form: a thin line, in the colour of theory unless `color` says otherwise.

        Parameters
        ----------
        ax : Axes
        x, y : sequence of float
        label : str
            Written at the end of the line.
        **kw
            For `Axes.plot`; `dx` and `dy` move the label.
        """
        placed = {name: kw.pop(name) for name in ("dx", "dy", "ha") if name in kw}
        style = {"color": self.colour("theory"), "linewidth": 1} | kw
        (line,) = ax.plot(x, y, **style)
        if label:
            ends = list(x)[-1], list(y)[-1]
            self.label(ax, *ends, label, style["color"], weight="normal", **placed)
        return line

    def level(self, ax: Axes, *, x: float | None = None, y: float | None = None, **kw: Any) -> None:
        """A line across the axes at a reference value, behind the data: chance, zero, a limit."""
        style = {"color": self.muted, "linewidth": 1, "zorder": 1} | kw
        if x is not None:
            ax.axvline(x, **style)
        if y is not None:
            ax.axhline(y, **style)

    def ticks(
        self,
        ax: Axes,
        x: Sequence[float] | None = None,
        y: Sequence[float] | None = None,
        form: Callable[[float], str] | str = "{:g}",
    ) -> None:
        """Ticks at these values and no others, with plain numbers also on a logarithmic scale.

        Parameters
        ----------
        ax : Axes
        x, y : sequence of float, optional
            Values of either axis; without them, the axis is unchanged.
        form : str or callable
            The format of a value, such as "{:.0%}", or a function that writes it.
        """
        from matplotlib.ticker import NullLocator

        for axis, values in ((ax.xaxis, x), (ax.yaxis, y)):
            if values is not None:
                texts = [form(v) if callable(form) else form.format(v) for v in values]
                axis.set_ticks(list(values), [text.replace("-", "−") for text in texts])
                axis.set_minor_locator(NullLocator())

    def panels(
        self, data: DataFrame, by: str, height: float = 3.6, **subplots_kw: Any
    ) -> tuple[Figure, list[tuple[Axes, Any, DataFrame]]]:
        """A figure with axes side by side, one for each value of a column, in order of occurrence.

        Returns
        -------
        figure : Figure
        panels : list of (Axes, value, rows)
        """
        values = list(data[by].unique())
        figure, axes = self.figure(cols=len(values), height=height, squeeze=False, **subplots_kw)
        rows = [data[data[by] == value] for value in values]
        return figure, list(zip(axes[0], values, rows, strict=True))

    def _paint(self, colour: str) -> str:
        return colour if colour.startswith("#") else self.colour(colour)

    def band(
        self,
        ax: Axes,
        x: Sequence[float],
        low: Sequence[float],
        high: Sequence[float],
        colour: str,
        **kw: Any,
    ) -> FillBetweenPolyCollection:
        """A band from `low` to `high` over `x`: an interval or quantiles, in a tint of a colour.

        Parameters
        ----------
        ax : Axes
        x, low, high : sequence of float
            Of equal length.
        colour : str
            A condition of the palette, or a colour.
        **kw
            For `Axes.fill_between`.
        """
        style = {
            "color": self._paint(colour),
            "alpha": 0.18 if self.name == "light" else 0.26,
            "linewidth": 0,
            "zorder": 1.5,
        }
        return ax.fill_between(x, low, high, **(style | kw))


def _theme(name: str) -> Theme:
    side = ("light", "dark").index(name)
    return Theme(
        name, **{role: SURFACE[role][side] for role in ("ink", "paper", "muted", "grid", "accent")}
    )


LIGHT = _theme("light")
DARK = _theme("dark")


@dataclass(frozen=True)
class Animation:
    """A figure and what changes in it.

    Attributes
    ----------
    figure : Figure
        Drawn once, without the artists below.
    artists : sequence of Artist
        Every artist that changes or overlaps a changing one; drawn over the background in z-order.
    frames : int
        Number of frames; 60 to 120 make a loop of a few seconds.
    update : callable
        `update(i)` sets the artists to frame i; frames are drawn in any order.
    fps : int
        Frames per second: a divisor of 100, at most 50, since GIF delays are multiples of 0.01 s.
    poster : int
        The frame shown where nothing moves.

    Raises
    ------
    ValueError
        If frames, fps or poster are out of range.
    """

    figure: Figure
    artists: Sequence[Artist]
    frames: int
    update: Callable[[int], Any]
    fps: int = 20
    poster: int = 0

    def __post_init__(self) -> None:
        if self.frames < 2:
            raise ValueError(f"an animation has at least 2 frames, not {self.frames}")
        if not 1 <= self.fps <= 50 or 100 % self.fps:
            raise ValueError(
                "fps divides 100 and is 50 at most (a GIF's delays are hundredths of a second), "
                f"not {self.fps}"
            )
        if not 0 <= self.poster < self.frames:
            raise ValueError(
                f"the poster is one of the frames 0 to {self.frames - 1}, not {self.poster}"
            )
