"""Why does batch norm share its statistics over all pixels of a channel, and how many values is that worth?

Digits go through small random convolutional networks whose normalization takes its statistics for each channel, for each pixel by itself, or
not at all. The same digits, moved, go through the same network, and what comes out is moved back and compared. Then images
of random pixels, independent, blurred or sharpened, show how steady a channel's mean is against a closed form, and digits and their feature maps how
many independent values real pixels are worth.

What came out: with statistics for each channel and edges that wrap around, what comes out moves with the picture to round-off, in training and in evaluation.
Statistics for each pixel break this unless all pictures of the batch move alike. Zero padding breaks it at the edge, and batch statistics carry that
break inside. The batch of m h w values is worth that many independent ones only if pixels are independent: digits are worth
far fewer, more pixels of the same picture add hardly anything, and a kernel that sharpens makes them worth more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.data import mnist
from experiments.engine.activations import ReLU
from experiments.engine.affine import Affine
from experiments.engine.convolution import Convolution
from experiments.engine.flatten import Flatten
from experiments.engine.network import Network
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.engine.standardize_groups import StandardizeGroups
from experiments.measures.statistics import exact, mean, median, spread
from experiments.theory import transform as theory

# Sums of at most 12,544 float64 terms (16 images of 784 pixels), twice: 12,544 * 2**-53 is 1.4e-12 at the very worst, and errors of
# rounding add up like a random walk, to a hundredth of that.
ROUND_OFF = 1e-12
# 16 runs of 1,024 batches know a variance to √(2/16,384) = 1.1 %, with an interval of ± 2.2 %: what is left is more than three such errors.
SAMPLING = 0.06
# Blurred batches of 2 × 16 pixels are worth 3.6 values: their variance varies by 90 %, so 16,384 of them know its mean to 0.7 %, ± 1.4 %.
# Batches worth k times as many values know it √k times as well. Each tolerance is at most half of the way to (m′ − 1)/m′.
SAMPLING_OF_VARIANCE = {(4, 2): 0.04, (4, 8): 0.02, (8, 2): 0.02, (8, 8): 0.008}
# 16 runs of 512 batches know a variance to 1.6 %, ± 3.1 %, and each half of the digits knows that of its means to some 3 %: twice both together.
SAMPLING_OF_DIGITS = 0.12
AGREES = 0.1  # so near to m h w that nobody would care
REACH = 2  # pixels that two convolutions of 3 × 3 see beyond one
FARTHEST = 3  # pixels that a digit is moved by, at most, up or down and left or right
SIDE = 28  # pixels, of a digit
EXACT = replace(PYTORCH, eps=0.0)
KEEPS_THE_BATCH = replace(PYTORCH, rate=1.0)  # evaluation uses the statistics of the last batch

KERNELS = {  # for independent pixels; made to keep their variance
    "independent": np.array([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    "blurred": np.ones((3, 3)) / 3,
    "sharpened": np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]) / np.sqrt(29),
}
STATISTICS = ("channel", "pixel", "none")  # what a mean and a variance belong to
MOVES = ("one", "all", "evaluation")  # which pictures of the batch move


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    runs: int = 16  # independent repetitions: random weights, digits and pixels
    images: int = 16  # digits in a batch whose digits are moved
    channels: int = 4  # channels of every convolution
    noise: tuple[tuple[int, int], ...] = (
        (4, 2),
        (4, 8),
        (8, 2),
        (8, 8),
        (16, 2),
    )  # pairs of h = w and m of random images
    batches: int = 1024  # batches of random images in each run and setting
    digits: int = 200  # digits in each run whose pixels and feature maps are measured
    grids: tuple[int, ...] = (
        7,
        4,
        2,
        1,
    )  # take every so manyth pixel of a digit in both directions
    layers: int = 3  # convolutions whose feature maps are measured
    digit_batches: tuple[int, ...] = (2, 8, 32)  # batch sizes m of digits
    digit_draws: int = 512  # batches of digits in each run and size
    single: tuple[tuple[int, int], ...] = (
        (1, 4),
        (2, 4),
        (2, 8),
        (8, 8),
        (8, 28),
        (32, 28),
    )  # pairs of m and h = w with one bright pixel
    sides: tuple[int, ...] = (28, 14)  # h = w of images whose parameters are counted
    seed: int = 8  # every random stream is spawned from it


QUICK = Setup(runs=3, images=4, channels=2, batches=64, digits=40, digit_draws=16)
FULL = Setup()
PAPER = Setup(runs=64, batches=4096, digits=500)


@dataclass(frozen=True)
class Point:
    """One part of the study."""

    part: str  # "shift", "picture", "noise", "digits" or "counts"
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """The five parts; each takes at most a few seconds."""
    return {part: Point(part, setup) for part in ("shift", "picture", "noise", "digits", "counts")}


def run(point: Point) -> xr.Dataset:
    """Compute one part."""
    parts = {
        "shift": _shift,
        "picture": _picture,
        "noise": _noise,
        "digits": _digits,
        "counts": _counts,
    }
    return parts[point.part](point.setup)


def _rngs(setup: Setup, part: int) -> list[np.random.Generator]:
    """One generator a run, independent of the other parts'."""
    return [
        np.random.default_rng(s)
        for s in np.random.SeedSequence((setup.seed, part)).spawn(setup.runs)
    ]


@cache
def _images() -> np.ndarray:
    """The training digits as images (digit, channel, height, width)."""
    return mnist.load().train_x.reshape(-1, 1, SIDE, SIDE)


def _some(rng: np.random.Generator, count: int, dtype: type = np.float64) -> np.ndarray:
    """Digits drawn without replacement: (1, sample, channel, height, width)."""
    return _images()[rng.choice(len(_images()), count, replace=False)][None].astype(dtype)


def _move(images: np.ndarray, by: tuple[int, int]) -> np.ndarray:
    """Move down and to the right; what leaves at one edge comes in at the other."""
    return np.roll(images, by, axis=(-2, -1))


# -------------------------------------------------------------------------------------------------------------- moving a picture


def _block(channels: int, statistics: str, padding: str, stride: int) -> list[Network]:
    """Convolution, normalization and ReLU, as the three networks that `_through` joins."""
    norm = () if statistics == "none" else (Standardize(convention=KEEPS_THE_BATCH),)
    side = -(-SIDE // stride)
    return [
        Network((Convolution(channels, stride=stride, padding=padding, bias=False),)),
        Network((Flatten(side * side), *norm) if statistics == "pixel" else norm),
        Network((ReLU(),)),
    ]


class _Stack:
    """Blocks with random weights, and the statistics that they have seen last."""

    def __init__(
        self,
        rng: np.random.Generator,
        setup: Setup,
        statistics: str,
        padding: str,
        strides: tuple[int, ...] = (1, 1),
    ):
        self.parts = [
            part
            for stride in strides
            for part in _block(setup.channels, statistics, padding, stride)
        ]
        self.params, self.state, features = [], [], 1
        for part in self.parts:
            params, state = part.init([rng], features)
            self.params.append(params)
            self.state.append(state)
            features = setup.channels

    def __call__(self, x: np.ndarray, training: bool) -> np.ndarray:
        """What comes out, as images again where pixels had been made features."""
        for i, part in enumerate(self.parts):
            y, _, state = part.forward(self.params[i], self.state[i], x, training)
            if training:
                self.state[i] = state
            x = y if y.ndim == 5 else y.reshape(x.shape)
        return x


def _error(found: np.ndarray, expected: np.ndarray) -> float:
    """Root mean square of the difference, over that of what was expected."""
    return float(np.sqrt(np.square(found - expected).mean() / np.square(expected).mean()))


def _inside(images: np.ndarray) -> np.ndarray:
    """Pixels that no edge can reach through the convolutions, before and after moving."""
    margin = REACH + FARTHEST
    return images[..., margin:-margin, margin:-margin]


def _shift(setup: Setup) -> xr.Dataset:
    """Errors of moving before the network instead of after it."""
    paddings = ("circular", "zero")
    shape = (len(paddings), len(STATISTICS), len(MOVES), setup.runs)
    error, inside, strided = np.empty(shape), np.empty(shape), np.empty((2, setup.runs))
    where = np.zeros((*shape[:3], SIDE, SIDE))
    for r, rng in enumerate(_rngs(setup, 1)):
        x, by = (
            _some(rng, setup.images),
            tuple(rng.choice([-1, 1], 2) * rng.integers(1, FARTHEST + 1, 2)),
        )
        seed = int(rng.integers(2**63))
        for p, padding in enumerate(paddings):
            for s, statistics in enumerate(STATISTICS):
                stack = _Stack(np.random.default_rng(seed), setup, statistics, padding)
                for k, move in enumerate(MOVES):
                    before = stack(
                        x, training=True
                    )  # and keeps the statistics of the batch as it is
                    moved = _move(x, by)
                    if move == "one":
                        moved[:, 1:] = x[:, 1:]
                    if move == "evaluation":
                        before = stack(x, training=False)
                    after = stack(moved, training=move != "evaluation")
                    if move == "one":
                        before, after = before[:, :1], after[:, :1]
                    expected = _move(before, by)
                    error[p, s, k, r] = _error(after, expected)
                    inside[p, s, k, r] = _error(_inside(after), _inside(expected))
                    square = (
                        np.square(after - expected).mean(axis=(0, 1, 2))
                        / np.square(expected).mean()
                    )
                    where[p, s, k] += square / setup.runs
        stack = _Stack(np.random.default_rng(seed), setup, "channel", "circular", strides=(2, 1))
        before = stack(x, training=True)
        for k, step in enumerate(
            (2, 1)
        ):  # by two pixels, which is one of what comes out; and by one, which is none or one
            after = stack(_move(x, (step, 0)), training=True)
            strided[k, r] = min(_error(after, _move(before, (by, 0))) for by in (0, 1))
    dims = ("padding", "statistics", "move", "run")
    return xr.Dataset(
        {
            "shift_error": (dims, error, {"long_name": "difference between moving before and after the network, over its output (RMS)",
                                          "units": "1"}),
            "inside_error": (dims, inside, {"long_name": "the same where no edge reaches through the convolutions", "units": "1"}),
            "where_error": ((*dims[:3], "row", "column"), np.sqrt(where),
                            {"long_name": "the first, pixel by pixel, over all runs (RMS)", "units": "1"}),
            "strided_error": (("step", "run"), strided, {"long_name": "the same with stride 2, at the best match", "units": "1"}),
        },
        coords={"padding": list(paddings), "statistics": list(STATISTICS), "move": list(MOVES), "step": np.array([2, 1], dtype=np.int32),
                "row": np.arange(SIDE, dtype=np.int32), "column": np.arange(SIDE, dtype=np.int32),
                "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


def _picture(setup: Setup) -> xr.Dataset:
    """One digit of a batch and its feature map, before and after that digit moves, to look at."""
    rng, by = (
        _rngs(setup, 29)[0],
        (4, 6),
    )  # chosen for a digit and a kernel that are good to look at
    x = _some(rng, 64)
    moved = x.copy()
    moved[:, 0] = _move(x[:, 0], by)
    layer = Convolution(1, padding="circular", bias=False)
    params, _, _ = layer.init([rng], 1, x.dtype)
    panels = {("input", "before"): x[0, 0, 0], ("input", "after"): moved[0, 0, 0]}
    for statistics in ("channel", "pixel"):
        shown = []
        for images in (x, moved):
            y, _, _ = layer.forward(params, {}, images, training=True)
            rows = y if statistics == "channel" else y.reshape(1, y.shape[1], -1)
            norm = Standardize()
            state = norm.init([rng], rows.shape[2], rows.dtype)[1]  # which draws no numbers
            shown.append(norm.forward({}, state, rows, training=True)[0].reshape(y.shape)[0, 0, 0])
        panels |= {(statistics, "before"): shown[0], (statistics, "after"): shown[1],
                   (statistics, "difference"): shown[1] - _move(shown[0], by)}  # fmt: skip
    whose, which = (list(dict.fromkeys(key[i] for key in panels)) for i in (0, 1))
    values = np.full((len(whose), len(which), SIDE, SIDE), np.nan)
    for (a, b), image in panels.items():
        values[whose.index(a), which.index(b)] = image
    pixels = np.arange(SIDE, dtype=np.int32)
    return xr.Dataset(
        {"picture": (("whose", "which", "row", "column"), values, {"long_name": "a digit and its normalized feature map", "units": "1"})},
        coords={"whose": whose, "which": which, "row": pixels, "column": pixels},
    )  # fmt: skip


# ----------------------------------------------------------------------------------------------------- how many values it is worth


def _statistics(images: np.ndarray, groups: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of every channel over samples and pixels; with groups=True over the pixels of each sample by itself."""
    channels = images.shape[2]
    layer = StandardizeGroups(channels, EXACT.eps) if groups else Standardize(convention=EXACT)
    state = layer.init([None] * images.shape[0], channels, images.dtype)[1]
    saved = layer.forward({}, state, images, training=True)[1]
    return saved["mean"].astype(np.float64), saved["var"].astype(np.float64)


def _noise(setup: Setup) -> xr.Dataset:
    """Batches of random images: the mean square of a channel's mean, and the mean of its variance."""
    kernels = np.array(list(KERNELS.values()))
    layer = Convolution(1, padding="circular", bias=False)
    shape = (len(KERNELS), len(setup.noise), setup.runs)
    square, variance = np.empty(shape), np.empty(shape)
    worth = np.array(
        [
            [theory.effective_values(m, side * side, kernel) for side, m in setup.noise]
            for kernel in kernels
        ]
    )
    for r, rng in enumerate(_rngs(setup, 3)):
        for k, (side, m) in enumerate(setup.noise):
            for i, kernel in enumerate(
                kernels
            ):  # pixels of their own for each, or the three would test the same numbers
                x = rng.standard_normal((1, setup.batches * m, 1, side, side))
                y, _, _ = layer.forward({"weight": kernel[None, None, None]}, {}, x, training=True)
                batch_mean, batch_var = _statistics(y.reshape(setup.batches, m, 1, side, side))
                square[i, k, r], variance[i, k, r] = np.square(batch_mean).mean(), batch_var.mean()
    side, m = np.array(setup.noise, dtype=np.int32).T
    dims = ("kernel", "setting", "run")
    return xr.Dataset(
        {
            "mean_square": (dims, square, {"long_name": "mean square of a channel's mean", "units": "variance of a pixel"}),
            "variance": (dims, variance, {"long_name": "mean of a channel's variance, divisor m h w", "units": "variance of a pixel"}),
            "worth_theory": (dims[:2], worth, {"long_name": "m h w Σk²/(Σk)²", "units": "1"}),
            "noise_side": ("setting", side, {"long_name": "height and width", "units": "pixel"}),
            "noise_batch": ("setting", m, {"long_name": "batch size m", "units": "1"}),
        },
        coords={"kernel": list(KERNELS), "setting": [f"{side} x {side}, m = {m}" for side, m in setup.noise],
                "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


def _worth(images: np.ndarray) -> np.ndarray:
    """Independent values that an image of each channel is worth: σ² over the variance of the images' means."""
    means = _statistics(images, groups=True)[0][0]
    return _statistics(images)[1][0] / means.var(axis=0, ddof=1)


def _digits(setup: Setup) -> xr.Dataset:
    """What pixels of digits are worth: on coarser and coarser grids, in feature maps, and in batches."""
    blocks = [
        (Convolution(setup.channels, padding="circular", bias=False), Standardize(), ReLU())
        for _ in range(setup.layers)
    ]
    net = Network(tuple(layer for block in blocks for layer in block))
    grid = np.empty((len(setup.grids), setup.runs))
    maps = np.empty((setup.layers, setup.channels, setup.runs))
    square = np.empty((len(setup.digit_batches), setup.runs))
    # what a digit is worth is found on one half of all digits, and batches are drawn from the other; they are sorted by label
    half, other = _images()[::2], _images()[1::2]
    (centre,), (var,) = (a[0] for a in _statistics(other[None].astype(np.float64)))
    for r, rng in enumerate(_rngs(setup, 4)):
        params, state = net.init([rng], 1, np.float32)
        x = _some(rng, setup.digits, np.float32)
        _, saved, _ = net.forward(params, state, x, training=True)
        for k in range(setup.layers):
            maps[k, :, r] = _worth(saved[3 * k + 1]["x"])
        for k, step in enumerate(setup.grids):
            grid[k, r] = _worth(np.ascontiguousarray(x[..., step // 2 :: step, step // 2 :: step]))[
                0
            ]
        for k, m in enumerate(setup.digit_batches):
            drawn = rng.integers(len(other), size=(setup.digit_draws, m))
            square[k, r] = np.square(_statistics(other[drawn])[0] - centre).mean() / var
    pixels = np.array(
        [len(range(step // 2, SIDE, step)) ** 2 for step in setup.grids], dtype=np.int32
    )
    return xr.Dataset(
        {
            "grid_worth": (("pixels", "run"), grid, {"long_name": "independent values that an image is worth", "units": "1"}),
            "map_worth": (("layer", "channel", "run"), maps, {"long_name": "independent values that a feature map is worth", "units": "1"}),
            "digit_square": (("digit_batch", "run"), square,
                             {"long_name": "mean square deviation of a batch's mean", "units": "variance of a pixel"}),
            "digit_worth": ((), _worth(half[None].astype(np.float64))[0], {"long_name": "independent values that a digit is worth, of one half of all digits", "units": "1"}),
        },
        coords={"pixels": pixels, "layer": np.arange(1, setup.layers + 1, dtype=np.int32),
                "channel": np.arange(setup.channels, dtype=np.int32), "digit_batch": np.array(setup.digit_batches, dtype=np.int32),
                "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


def _counts(setup: Setup) -> xr.Dataset:
    """One bright pixel in a dark batch, and the number of parameters."""
    bright, channels = [], setup.channels
    for m, side in setup.single:
        x = np.zeros((1, m, 1, side, side))
        x[0, 0, 0, side // 2, side // 2] = 1
        layer = Standardize(convention=EXACT)
        bright.append(
            layer.forward({}, layer.init([None], 1, x.dtype)[1], x, training=True)[0].max()
        )
    parameters = []
    for between in ((lambda side: ()), (lambda side: (Flatten(side * side),))):
        parameters.append([])
        for side in setup.sides:
            norm = Network((*between(side), Standardize(), Affine()))
            params, _ = norm.init([None], channels)
            parameters[-1].append(
                sum(p.size for layer in params for p in layer.values()) / channels
            )
    m, side = np.array(setup.single, dtype=np.int32).T
    return xr.Dataset(
        {
            "bright": ("one_pixel", np.array(bright), {"long_name": "normalized value of the one bright pixel", "units": "1"}),
            "bright_theory": ("one_pixel", theory.largest_normalized(m * side**2), {"long_name": "√(m h w − 1)", "units": "1"}),
            "parameters": (("shared_by", "side"), np.array(parameters), {"long_name": "parameters for each channel", "units": "1"}),
        },
        coords={"one_pixel": [f"{side} x {side}, m = {m}" for m, side in setup.single], "side": np.array(setup.sides, dtype=np.int32),
                "shared_by": ["channel", "pixel"]},
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ what is claimed


def _shifted(padding: str, statistics: str, move: str, variable: str = "shift_error"):
    return lambda results: spread(
        results[variable].sel(padding=padding, statistics=statistics, move=move).values
    )


def _on_average(padding: str, statistics: str, move: str, variable: str = "shift_error"):
    return lambda results: mean(
        results[variable].sel(padding=padding, statistics=statistics, move=move).values
    )


def _strided(step: int):
    return lambda results: mean(results["strided_error"].sel(step=step).values)


def _share(kernel: str, side: int, m: int):
    """Independent values over m h w, by the mean square of the channel's mean."""
    setting = f"{side} x {side}, m = {m}"
    return lambda results: mean(
        1 / (results["mean_square"].sel(kernel=kernel, setting=setting).values * m * side * side)
    )


def _against_theory(kernel: str, side: int, m: int):
    """Mean square of the channel's mean, over the closed form."""

    def measure(results: xr.Dataset):
        at = results.sel(kernel=kernel, setting=f"{side} x {side}, m = {m}")
        return mean(at["mean_square"].values * at["worth_theory"].item())

    return measure


def _bias(kernel: str, side: int, m: int):
    """Mean variance of a channel over (m h w − 1)/(m h w)."""
    at = {"kernel": kernel, "setting": f"{side} x {side}, m = {m}"}
    return lambda results: mean(
        results["variance"].sel(at).values / theory.batch_variance(m * side**2)
    )


def _bias_against_theory(kernel: str, side: int, m: int):
    """Mean variance of a channel over 1 − 1/(effective number)."""

    def measure(results: xr.Dataset):
        at = results.sel(kernel=kernel, setting=f"{side} x {side}, m = {m}")
        return mean(at["variance"].values / theory.batch_variance(at["worth_theory"].item()))

    return measure


def _pixels(results: xr.Dataset):
    """What a digit is worth, over its pixels."""
    return mean(results["grid_worth"].sel(pixels=SIDE**2).values / SIDE**2)


def _digit_batch(m: int):
    """Mean square deviation of a batch's mean, over 1/(m × what one digit is worth)."""
    return lambda results: mean(
        results["digit_square"].sel(digit_batch=m).values * m * results["digit_worth"].item()
    )


def _feature_map(layer: int):
    """What the channel in the middle is worth, over its pixels, the run in the middle."""
    return lambda results: median(
        results["map_worth"].sel(layer=layer).median("channel").values / SIDE**2
    )


def _four_times_noise(results: xr.Dataset):
    square = results["mean_square"].sel(kernel="independent")
    return mean(
        square.sel(setting="8 x 8, m = 2").values / square.sel(setting="16 x 16, m = 2").values
    )


def _four_times_digits(results: xr.Dataset):
    worth = results["grid_worth"]
    return mean(worth.sel(pixels=784).values / worth.sel(pixels=196).values)


def _bright(m: int, side: int):
    """Over √(m h w − 1)."""
    return lambda results: exact(
        (results["bright"] / results["bright_theory"])
        .sel(one_pixel=f"{side} x {side}, m = {m}")
        .item()
    )


MOVED = {
    "one": "one image of the batch moves",
    "all": "all images move alike",
    "evaluation": "evaluation",
}
EXACTLY = "difference below 1e-12 of the output"


CLAIMS = (
    Claim(
        id="channel-statistics-keep-shifts",
        says="Statistics per channel over batch, height and width keep the convolution property: what comes out moves with the picture.",
        source="overview",
        cases=tuple(
            Case(f"edges that wrap around, {when}", _shifted("circular", "channel", move), lambda m: m.below(ROUND_OFF), EXACTLY)
            for move, when in MOVED.items()
        ),
        verdict="supported",
        figure="conv-statistics-equivariance",
        because="A mean over all pixels does not depend on where they are, and every pixel gets the same scale and shift.",
    ),
    Claim(
        id="pixel-statistics-break-shifts",
        says="A mean and a variance for each pixel by itself would break the convolution property.",
        source="reader",
        cases=tuple(
            Case(f"edges that wrap around, {when}", _on_average("circular", "pixel", move), lambda m: m.above(0.01),
                 "difference above 1 % of the output")
            for move, when in MOVED.items()
        ),
        verdict="depends",
        figure="conv-statistics-equivariance",
        because="They do, except where all images of the batch move alike, since then the statistics of the pixels move along.",
    ),
    Claim(
        id="batch-norm-networks-commute-with-shifts",
        says="A convolutional network with batch norm does the same at every place of the picture.",
        source="reader",
        cases=(
            Case("stride 1, edges that wrap around", _on_average("circular", "channel", "all"), lambda m: m.below(ROUND_OFF), EXACTLY),
            Case("stride 1, zero padding", _on_average("zero", "channel", "all"), lambda m: m.below(ROUND_OFF), EXACTLY),
            Case("stride 2, moved by two pixels", _strided(2), lambda m: m.below(ROUND_OFF), EXACTLY),
            Case("stride 2, moved by one pixel", _strided(1), lambda m: m.below(ROUND_OFF), EXACTLY),
        ),
        verdict="depends",
        figure="conv-statistics-border",
        because="Batch norm does; zero padding and strides do not.",
    ),
    Claim(
        id="zero-padding-disturbs-only-the-edge",
        says="Zero padding treats the edge differently, but the inside of the picture does not notice.",
        source="reader",
        cases=(
            Case("no normalization", _on_average("zero", "none", "all", "inside_error"), lambda m: m.below(ROUND_OFF), EXACTLY),
            Case("batch norm in evaluation", _on_average("zero", "channel", "evaluation", "inside_error"), lambda m: m.below(ROUND_OFF),
                 EXACTLY),
            Case("batch norm in training", _on_average("zero", "channel", "all", "inside_error"), lambda m: m.below(ROUND_OFF), EXACTLY),
        ),
        verdict="depends",
        figure="conv-statistics-border",
        because="In training the edge is part of the channel’s mean and variance, and these go to every pixel.",
    ),
    Claim(
        id="channel-batch-is-m-h-w-values",
        says="Statistics over m · h · w values are as good as those of that many independent samples.",
        source="reader",
        cases=(
            Case("independent pixels", _share("independent", 8, 8), lambda m: m.within(1, absolute=AGREES), "within 10 % of m · h · w"),
            Case("blurred pixels", _share("blurred", 8, 8), lambda m: m.within(1, absolute=AGREES), "within 10 % of m · h · w"),
            Case("sharpened pixels", _share("sharpened", 8, 8), lambda m: m.within(1, absolute=AGREES), "within 10 % of m · h · w"),
            Case("pixels of digits", _pixels, lambda m: m.within(1, absolute=AGREES), "within 10 % of m · h · w"),
            *(
                Case(f"digits after {count} convolution{'s'[: layer > 1]}, the channel in the middle", _feature_map(layer),
                     lambda m: m.within(1, absolute=AGREES), "within 10 % of m · h · w")
                for layer, count in ((1, "one"), (2, "two"), (3, "three"))
            ),
        ),
        verdict="depends",
        figure="conv-statistics-effective-size",
        because="Neighbouring pixels tell much the same, so most are worth a fraction; a kernel with negative weights can make them worth more.",
    ),
    Claim(
        id="worth-of-pixels-has-a-closed-form",
        says="After a convolution of independent pixels, m h w values settle a channel’s mean like m h w Σk²/(Σk)² independent ones.",
        source="reader",
        cases=tuple(
            Case(f"{kernel}, {side} × {side} pixels, batch of {m}", _against_theory(kernel, side, m),
                 lambda m: m.within(1, absolute=SAMPLING), "mean square of the channel’s mean within 6 % of the closed form")
            for kernel in KERNELS for side, m in ((4, 2), (8, 2), (8, 8), (16, 2))
        ),
        verdict="supported",
        figure="conv-statistics-effective-size",
        because="Round the edges each pixel enters the sum with every weight of the kernel once, so the mean is multiplied by Σk and the variance by Σk².",
    ),
    Claim(
        id="batches-of-digits-settle-by-worth",
        says="A batch of m new digits settles a channel’s mean like m times as many independent values as one digit is worth.",
        source="reader",
        cases=tuple(
            Case(f"batch of {m}", _digit_batch(m), lambda m: m.within(1, absolute=SAMPLING_OF_DIGITS),
                 "mean square deviation of the mean within 12 % of the variance of a pixel over that number")
            for m in FULL.digit_batches
        ),
        verdict="supported",
        figure="conv-statistics-effective-size",
        because="Different digits are independent of each other, whatever their pixels are.",
    ),
    Claim(
        id="channel-variance-counts-pixels",
        says="A channel’s variance is too small by the factor (m′ − 1)/m′ with m′ = m · h · w.",
        source="reader",
        cases=tuple(
            Case(f"{kernel}, {side} × {side} pixels, batch of {m}", _bias(kernel, side, m), lambda m: m.within(1, absolute=0.01),
                 "mean variance within 1 % of (m′ − 1)/m′")
            for kernel in ("independent", "blurred") for side, m in ((4, 2), (4, 8), (8, 2), (8, 8))
        ),
        verdict="depends",
        figure="conv-statistics-variance",
        because="What is missing is the variance of the mean, so the number of independent values counts and not that of pixels.",
    ),
    Claim(
        id="channel-variance-counts-what-it-is-worth",
        says="A channel’s variance is too small by the factor 1 − 1/n, n being the number of independent values that its pixels are worth.",
        source="reader",
        cases=tuple(
            Case(f"blurred, {side} × {side} pixels, batch of {m}", _bias_against_theory("blurred", side, m),
                 lambda m, away=away: m.within(1, absolute=away), f"mean variance within {100 * away:g} % of the closed form")
            for (side, m), away in SAMPLING_OF_VARIANCE.items()
        ),
        verdict="supported",
        figure="conv-statistics-variance",
        because="The variance is taken around the batch’s own mean, which takes along that mean’s share of it.",
    ),
    Claim(
        id="one-bright-pixel-bound",
        says="One bright pixel in a dark batch normalizes to √(m · h · w − 1), far above √(m − 1).",
        source="reader",
        cases=tuple(
            Case(f"{side} × {side} pixels, batch of {m}", _bright(m, side), lambda m: m.within(1, absolute=1e-9),
                 "equal to √(m · h · w − 1) to 1e-9 of it")
            for m, side in FULL.single
        ),
        verdict="supported",
        figure="conv-statistics-variance",
        because="All values of the channel share one mean and one variance, whichever picture they come from.",
    ),
    Claim(
        id="larger-images-steady-a-channel",
        says="Images with four times as many pixels give a channel’s statistics four times as many values to settle on.",
        source="reader",
        cases=(
            Case("independent pixels", _four_times_noise, lambda m: m.above(3.5), "more than 3.5 times as many"),
            Case("digits at twice the resolution", _four_times_digits, lambda m: m.above(3.5), "more than 3.5 times as many"),
        ),
        verdict="depends",
        figure="conv-statistics-effective-size",
        because="New pixels between the old ones of the same picture hardly tell anything new; other pictures do.",
    ),
    Claim(
        id="two-parameters-per-channel",
        says="In a convolutional network batch norm learns one γ and one β for each channel, whatever the size of the image.",
        source="overview",
        cases=tuple(
            Case(f"{side} × {side} pixels", lambda results, side=side: exact(results["parameters"].sel(shared_by="channel", side=side).item()),
                 lambda m: m.within(2), "two for each channel")
            for side in FULL.sides
        ),
        verdict="supported",
        figure="conv-statistics-equivariance",
        because="Pixels that share a mean and a variance share γ and β too, or the layer would treat places differently.",
    ),
)  # fmt: skip

VALUES = {
    "channel_error": _shifted("circular", "channel", "one"),
    "pixel_error": _on_average("circular", "pixel", "one"),
    "pixel_error_all": _on_average("circular", "pixel", "all"),
    "pixel_error_evaluation": _on_average("circular", "pixel", "evaluation"),
    "zero_error": _on_average("zero", "channel", "all"),
    "zero_error_none": _on_average("zero", "none", "all"),
    "inside_training": _on_average("zero", "channel", "all", "inside_error"),
    "inside_evaluation": _on_average("zero", "channel", "evaluation", "inside_error"),
    "stride_odd": _strided(1),
    "digit_worth": lambda results: mean(results["grid_worth"].sel(pixels=SIDE**2).values),
    "digit_worth_coarse": lambda results: mean(results["grid_worth"].sel(pixels=49).values),
    "digit_worth_coarsest": lambda results: mean(results["grid_worth"].sel(pixels=16).values),
    "map_worth": lambda results: median(results["map_worth"].sel(layer=1).median("channel").values),
    "map_worth_all": lambda results: spread(results["map_worth"].values),
    "map_share_more": lambda results: exact(float((results["map_worth"] > SIDE**2).mean())),
    "blurred_variance": lambda results: mean(results["variance"].sel(kernel="blurred", setting="4 x 4, m = 2").values),
    "pixel_parameters": lambda results: exact(results["parameters"].sel(shared_by="pixel", side=SIDE).item()),
}  # fmt: skip
