"""The palette is legible and distinct for everyone; style sheet and figures depend on it alone."""

from __future__ import annotations

import re
import subprocess
import sys
from io import BytesIO
from itertools import combinations, pairwise

import numpy as np
import pytest

from site_gen.theme import DARK, LIGHT, Animation, Theme, css
from site_gen.theme.numbers import percent, power_of_ten
from site_gen.theme.palette import PALETTE, SURFACE
from site_gen.theme.theme import FONTS, HERE

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
ASSETS = HERE / "overrides" / "assets"
VERDICTS = ("supported", "refuted", "depends", "untested")

# Dichromacy in linear RGB: Machado, Oliveira & Fernandes 2009, severity 1.
PROTANOPIA = (
    (0.152286, 1.052583, -0.204868),
    (0.114503, 0.786281, 0.099216),
    (-0.003882, -0.048116, 1.051998),
)
DEUTERANOPIA = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.01182, 0.04294, 0.968881),
)
TRITANOPIA = (
    (1.255528, -0.076749, -0.178779),
    (-0.078411, 0.930809, 0.147602),
    (0.004733, 0.691367, 0.3039),
)
VISION = {
    "full": np.eye(3),
    "protanopia": np.array(PROTANOPIA),
    "deuteranopia": np.array(DEUTERANOPIA),
    "tritanopia": np.array(TRITANOPIA),
}
# Oklab: Ottosson 2020.
CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
LAB = (
    (0.2104542553, 0.793617785, -0.0040720468),
    (1.9779984951, -2.428592205, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.808675766),
)
TOGETHER = (
    ("batch norm", "none", "layer norm", "group norm"),
    ("batch norm", "input", "gradient"),
    ("batch norm", "none", "theory"),
    ("positive", "negative", "neutral"),
    ("batch norm", "none", "gradient"),
)


def linear(colour: str) -> np.ndarray:
    """Linear RGB of a hex colour."""
    channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def hexadecimal(rgba: tuple[float, ...]) -> str:
    """The hex colour of red, green and blue from 0 to 1."""
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in rgba[:3])


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio."""
    dark, light = sorted(
        float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other)
    )
    return (light + 0.05) / (dark + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Linear RGB to Oklab, in which equal distances look about equally large."""
    return np.array(LAB) @ np.cbrt(np.array(CONES) @ np.clip(rgb, 0, 1))


def distance(one: str, other: str, vision: str = "full") -> float:
    """How far apart two colours look; 0.02 is about the least that is seen side by side."""
    first, second = (oklab(VISION[vision] @ linear(colour)) for colour in (one, other))
    return float(np.linalg.norm(first - second))


@THEMES
@pytest.mark.parametrize("condition", PALETTE)
def test_every_colour_can_be_a_label(theme: Theme, condition: str) -> None:
    assert contrast(theme.colour(condition), theme.paper) >= 4.5


@THEMES
def test_text_is_legible_on_all_papers(theme: Theme) -> None:
    raised = SURFACE["raised"][theme.name == "dark"]
    for paper in (theme.paper, raised):
        assert contrast(theme.ink, paper) >= 12
        assert contrast(theme.muted, paper) >= 4.5
        assert contrast(theme.accent, paper) >= 4.5


@THEMES
@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("together", TOGETHER, ids=", ".join)
def test_conditions_that_meet_stay_apart(
    theme: Theme, vision: str, together: tuple[str, ...]
) -> None:
    for one, other in combinations(together, 2):
        apart = distance(theme.colour(one), theme.colour(other), vision)
        assert apart >= 0.07, f"{one} and {other}"


@THEMES
def test_the_accent_is_batch_norm(theme: Theme) -> None:
    assert theme.accent == theme.colour("batch norm")


def test_an_unknown_condition_is_named() -> None:
    with pytest.raises(ValueError, match=r"'dropout'.*batch norm"):
        LIGHT.colour("dropout")


@THEMES
def test_a_sequence_runs_from_the_paper_away(theme: Theme) -> None:
    ramp = theme.sequence(6)
    steps = [contrast(colour, theme.paper) for colour in ramp]
    assert steps == sorted(steps)
    assert steps[0] >= 3
    assert min(distance(one, other) for one, other in pairwise(ramp)) >= 0.03
    assert theme.sequence(1) == [theme.accent]
    with pytest.raises(ValueError, match="at least one"):
        theme.sequence(0)


@THEMES
def test_colour_maps_have_a_monotone_lightness(theme: Theme) -> None:
    def lightness(cmap: object, places: np.ndarray) -> np.ndarray:
        return np.array([oklab(linear(hexadecimal(cmap(place))))[0] for place in places])

    away = -1 if theme is LIGHT else 1
    assert (np.diff(lightness(theme.cmap, np.linspace(0, 1, 33))) * away > 0).all()
    assert (np.diff(lightness(theme.diverging, np.linspace(0.5, 1, 17))) * away > 0).all()
    assert (np.diff(lightness(theme.diverging, np.linspace(0.5, 0, 17))) * away > 0).all()
    assert distance(hexadecimal(theme.diverging(0.5)), theme.paper) < 0.06


@THEMES
def test_text_on_a_colour_map_has_the_larger_contrast(theme: Theme) -> None:
    for share in np.linspace(0, 1, 9):
        cell = theme.cmap(share)
        written, others = theme.legible(cell), (theme.ink, theme.paper)
        best = max(contrast(one, hexadecimal(cell)) for one in others)
        assert written in others
        assert contrast(written, hexadecimal(cell)) >= best - 0.05


def test_the_style_sheet_has_the_same_palette() -> None:
    assert (ASSETS / "palette.css").read_text(encoding="utf-8") == css.stylesheet(), (
        "run `python -m site_gen.theme.css`"
    )


def test_the_style_sheet_names_only_colours_of_the_palette() -> None:
    house = (ASSETS / "house.css").read_text(encoding="utf-8")
    without_masks = re.sub(r"url\(.*?\)", "", house)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", without_masks), "colours come from palette.css"
    known = {"--bn-" + name.replace(" ", "-") for name in SURFACE | PALETTE}
    known |= {"--bn-measure", "--bn-radius"}
    assert set(re.findall(r"var\((--bn-[\w-]+)", house)) <= known
    for verdict in VERDICTS:
        assert f".bn-verdict--{verdict}" in house


@THEMES
def test_drawn_with_the_vendored_fonts_only(theme: Theme) -> None:
    from matplotlib.font_manager import FontProperties, findfont

    with theme.context():
        faces = (("normal", "normal"), ("normal", "italic"), ("semibold", "normal"))
        for (weight, style), expected in zip(faces, FONTS, strict=True):
            found = findfont(FontProperties(weight=weight, style=style), fallback_to_default=False)
            assert found == str(expected)


@THEMES
def test_a_figure_has_house_width_on_solid_paper(theme: Theme) -> None:
    from matplotlib.colors import to_hex

    with theme.context():
        figure, axes = theme.figure(1, 2, height=3, sharey=True)
        assert tuple(figure.get_size_inches()) == (7.2, 3)
        assert axes.shape == (2,)
        assert to_hex(figure.get_facecolor()) == theme.paper == to_hex(axes[0].get_facecolor())
        label = theme.label(axes[0], 1, 2, "none", theme.colour("none"), dx=0, ha="center")
        assert label.xy == (1, 2)
        assert (label.get_color(), label.get_ha()) == (theme.colour("none"), "center")
        band = theme.band(axes[0], [0, 1], [0, 0], [1, 1], theme.colour("none"))
        assert to_hex(band.get_facecolor()[0]) == theme.colour("none")


def draw(theme: Theme) -> bytes:
    """A figure with text and mathematics as SVG."""
    with theme.context():
        figure, ax = theme.figure(height=2)
        ax.plot([0, 1], [0, -1], color=theme.colour("batch norm"))
        ax.set(
            title=r"$\hat{x}_i = (x_i-\mu)/\sqrt{\sigma^2+\varepsilon}$, γ and β",
            xlabel=r"$\partial L/\partial x$",
        )
        sheet = BytesIO()
        figure.savefig(sheet, format="svg", metadata={"Date": None, "Creator": None})
    return sheet.getvalue()


def test_nobodys_settings_leak_in(recwarn: pytest.WarningsRecorder) -> None:
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "x"}):
        clean = draw(LIGHT)
    with matplotlib.rc_context(
        {"lines.linewidth": 9, "font.size": 20, "axes.facecolor": "red", "text.usetex": True}
    ):
        same = draw(LIGHT)
    ids = re.compile(rb"(id=\"|url\(#|xlink:href=\"#|#)[a-z0-9]+")
    assert ids.sub(b"", clean) == ids.sub(b"", same)
    assert not recwarn.list


def test_svg_letters_are_outlines_on_paper() -> None:
    for theme in (LIGHT, DARK):
        drawn = draw(theme).decode()
        assert "<text" not in drawn
        assert theme.paper in drawn


def test_names_and_colours_cost_no_matplotlib() -> None:
    code = (
        "import site_gen.theme, sys; assert 'matplotlib' not in sys.modules; "
        "assert site_gen.theme.LIGHT.colour('none')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_figures_are_made_without_pyplot() -> None:
    code = (
        "import sys; from site_gen.theme import LIGHT\n"
        "with LIGHT.context(): LIGHT.figure()\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"frames": 1}, "at least 2"), ({"fps": 30}, "hundredths"), ({"poster": 60}, "0 to 59")],
)
def test_an_animation_that_cannot_be_encoded_is_refused(wrong: dict[str, int], said: str) -> None:
    right = {"frames": 60, "fps": 20, "poster": 59}
    Animation(None, (), update=print, **right)
    with pytest.raises(ValueError, match=said):
        Animation(None, (), update=print, **(right | wrong))


def test_the_power_of_ten_nearest_to_a_number() -> None:
    assert [power_of_ten(x) for x in (30_000, 0.9, 4e-12)] == ["10⁴", "10⁰", "10⁻¹¹"]


def test_a_share_in_per_cent() -> None:
    assert [percent(0.126), percent(0.126, 1), percent(1)] == ["13 %", "12.6 %", "100 %"]
