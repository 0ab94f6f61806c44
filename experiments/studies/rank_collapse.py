"""Does batch norm keep the samples of a batch from collapsing onto one direction?

Deep random networks that have not been trained, of several widths: a dense layer, `Standardize` with ε = 0, and again; a second kind
with ReLU in between; and the same weights without batch norm. After every few layers the effective rank (Σλ)²/Σλ² of what the dense layer says, after
batch norm where there is one, is taken over the batch. It is held against a closed form, for several widths and batch sizes. Beside
it, for a product of Gaussian matrices, the rate at which each direction grows, against the exact one.

What came out: with batch norm and no activation the effective rank settles at the square root of the width, less about one, or at almost the whole batch
where the batch is small. The eigenvalues follow a semicircle. Without it all samples end on one line, after a number of layers that grows with the
width: the narrowest network is there long before the last layer and the widest is still on its way. With ReLU the rank stays larger still.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.engine.activations import ReLU
from experiments.engine.dense import Dense
from experiments.engine.standardize import Convention, Standardize
from experiments.measures.spectrum import effective_rank, eigenvalue_shares
from experiments.measures.statistics import Measurement, exact, mean, median
from experiments.theory import depth as theory

STANDARDIZE = Standardize(convention=Convention(eps=0.0, rate=0.0, unbiased=False))
KINDS = ("linear", "relu")
NORMS = ("batch norm", "none")
ONE = 1.05  # an effective rank below this is a collapse: a second direction has less than 2.5 % of the sum
FRAMES = 64  # depths at which the whole spectrum is kept
SLOPE = 0.05  # the law is the first term of an expansion in the eigenvalues' shares, of which the largest is 2/√d: a term of that order
# shifts the rank by a constant, and the next, 4/d, changes its slope in √d by 4 % at the middle width
EXPONENT = (
    0.1  # the same first correction changes the exponent by half of 2/√d, 0.1 at the middle width
)
RATES = (
    0.01  # a slope over all directions, each known from thousands of layers to a few thousandths
)
FIRST_RATE = (
    0.01  # the same few thousandths, twice for the interval; the rate itself is larger in size
)


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    widths: tuple[int, ...] = (32, 64, 128, 256)  # units in a layer d, and features of the input
    samples: int = 48  # batch size m
    batches: tuple[int, ...] = (
        5,
        8,
        12,
        16,
        24,
        32,
    )  # other batch sizes, for the widest network without an activation
    layers: int = 400  # dense layers
    skipped: int = 100  # layers before the average over layers begins
    every: int = 8  # layers from one reading to the next
    product_width: int = 32  # size of the matrices whose product is followed direction by direction
    runs: int = 16  # random networks of each width
    seed: int = 15  # every random stream is spawned from it


QUICK = Setup(
    widths=(16, 32), samples=20, batches=(4, 6), layers=24, skipped=8, product_width=6, runs=4
)
FULL = Setup()
PAPER = Setup(widths=(32, 64, 128, 256, 512), samples=64, runs=64)


@dataclass(frozen=True)
class Point:
    """All random networks of one width; or, for width 0, the product of matrices."""

    width: int
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """One point a width, and one for the product of matrices."""
    return {f"width-{width:04d}": Point(width, setup) for width in (0, *setup.widths)}


def run(point: Point) -> xr.Dataset:
    """Carry batches through the layers, all networks of one width side by side."""
    return _networks(point) if point.width else _product(point.setup)


def readings(setup: Setup) -> np.ndarray:
    """Layers after which the effective rank is read: the input, the first few, and then every few."""
    return np.array(
        sorted({*range(min(setup.every, setup.layers)), *range(0, setup.layers + 1, setup.every)}),
        np.int32,
    )


def shown(setup: Setup) -> np.ndarray:
    """Layers after which the whole spectrum is read: densely at first, as they say more there."""
    return np.unique(
        np.round(
            (setup.layers + 8) ** np.linspace(0, 1, FRAMES) * 8 ** np.linspace(1, 0, FRAMES) - 8
        )
    ).astype(np.int32)


def _networks(point: Point) -> xr.Dataset:
    setup, width = point.setup, point.width
    widest = width == max(setup.widths)
    streams = [np.random.SeedSequence((setup.seed, width, r)).spawn(2) for r in range(setup.runs)]
    x, rngs = (
        np.stack(
            [
                np.random.default_rng(data).standard_normal((setup.samples, width), np.float32)
                for data, _ in streams
            ]
        ),
        [np.random.default_rng(weights) for _, weights in streams],
    )
    carried = {(kind, norm): x for kind in KINDS for norm in NORMS}
    if widest:
        carried |= {batch: x[:, :batch] for batch in setup.batches}
    read, spectra = set(readings(setup).tolist()), set(shown(setup).tolist()) if widest else set()
    ranks = {key: [effective_rank(h)] for key, h in carried.items()}
    shares = {norm: [eigenvalue_shares(x)] for norm in NORMS}
    dense = Dense(width, bias=False)
    weight = np.empty((setup.runs, width, width), np.float32)
    for layer in range(1, setup.layers + 1):
        for r, rng in enumerate(rngs):
            rng.standard_normal(dtype=np.float32, out=weight[r])
        for key, h in carried.items():
            h, _, _ = dense.forward({"weight": weight}, {}, h, training=True)
            h = _standardized(h) if key not in [(kind, "none") for kind in KINDS] else _rescaled(h)
            if layer in read:
                ranks[key].append(effective_rank(h))
            if layer in spectra and key in [("linear", norm) for norm in NORMS]:
                shares[key[1]].append(eigenvalue_shares(h))
            carried[key] = (
                ReLU().forward({}, {}, h, training=True)[0]
                if key in [("relu", norm) for norm in NORMS]
                else h
            )
    dimensions = min(width, setup.samples - 1)
    rank = np.array(
        [[ranks[kind, norm] for norm in NORMS] for kind in KINDS]
    )  # (kind, norm, layer, run)
    results = xr.Dataset(
        {
            "rank": (("width", "kind", "norm", "run", "layer"), rank.swapaxes(2, 3)[None],
                     {"long_name": "effective rank of a batch", "units": "1"}),
            "predicted_rank": (("width",), [theory.batch_norm_rank(width, dimensions)],
                               {"long_name": "effective rank with batch norm and no activation, closed form", "units": "1"}),
            "predicted_largest": (("width",), [theory.batch_norm_largest(width, dimensions)],
                                  {"long_name": "largest eigenvalue's share, closed form", "units": "1"}),
        },
        coords={"width": np.array([width], np.int32), "kind": list(KINDS), "norm": list(NORMS),
                "run": np.arange(setup.runs, dtype=np.int32), "layer": readings(setup)},
        attrs={"skipped": setup.skipped, "samples": setup.samples, "widest": max(setup.widths)},
    )  # fmt: skip
    if not widest:
        return results
    sizes = [(batch, min(width, batch - 1)) for batch in setup.batches]
    return results.assign_coords(batch=np.array(setup.batches, np.int32), shown=shown(setup)).assign(
        {
            "batch_rank": (("batch", "run", "layer"), np.array([ranks[b] for b in setup.batches]).swapaxes(1, 2),
                           {"long_name": "effective rank by batch size, widest network", "units": "1"}),
            "predicted_batch_rank": (("batch",), [theory.batch_norm_rank(width, n) for _, n in sizes],
                                     {"long_name": "the same, closed form", "units": "1"}),
            "predicted_batch_largest": (("batch",), [theory.batch_norm_largest(width, n) for _, n in sizes],
                                        {"long_name": "largest eigenvalue's share by batch size, closed form", "units": "1"}),
            "shares": (("norm", "run", "shown", "index"),
                       np.array([shares[norm] for norm in NORMS]).swapaxes(1, 2).astype(np.float32),
                       {"long_name": "eigenvalues' shares of their sum, widest network without activation", "units": "1"}),
            "predicted_shares": (("index",), theory.batch_norm_spectrum(width, min(setup.samples, width)),
                                 {"long_name": "eigenvalues' shares with batch norm, closed form", "units": "1"}),
        }
    )  # fmt: skip


def _standardized(h: np.ndarray) -> np.ndarray:
    state = {
        name: np.zeros((h.shape[0], h.shape[2]), h.dtype)
        for name in ("running_mean", "running_var")
    }
    return STANDARDIZE.forward({}, state, h, training=True)[0]


def _rescaled(h: np.ndarray) -> np.ndarray:
    """All of a network's activations divided by one number, which changes no direction and keeps them in range."""
    return h / np.sqrt(np.mean(np.square(h), axis=(1, 2), keepdims=True))


def _product(setup: Setup) -> xr.Dataset:
    """ln R_ii a layer of the product of random matrices, each multiplied to the Q of the last: no number over- or underflows."""
    width = setup.product_width
    rngs = [
        np.random.default_rng(s) for s in np.random.SeedSequence((setup.seed, 0)).spawn(setup.runs)
    ]
    q, growth = (
        np.broadcast_to(np.eye(width), (setup.runs, width, width)),
        np.zeros((setup.runs, width)),
    )
    for _ in range(setup.layers):
        w = np.stack([rng.standard_normal((width, width)) for rng in rngs]) / np.sqrt(width)
        q, r = np.linalg.qr(w @ q)
        growth += np.log(np.abs(np.diagonal(r, axis1=1, axis2=2)))
    return xr.Dataset(
        {
            "growth": (("run", "direction"), growth / setup.layers, {"long_name": "growth of ln R_ii a layer", "units": "1"}),
            "predicted_growth": (("direction",), theory.gaussian_growth(width),
                                 {"long_name": "the same, expectation", "units": "1"}),
        },
        coords={"run": np.arange(setup.runs, dtype=np.int32), "direction": np.arange(1, width + 1, dtype=np.int32)},
        attrs={"skipped": setup.skipped, "samples": setup.samples, "widest": max(setup.widths)},
    )  # fmt: skip


def settled(rank: xr.DataArray, results: xr.Dataset) -> xr.DataArray:
    """Mean over the layers from the first that is not skipped."""
    return rank.sel(layer=rank["layer"] >= int(results.attrs["skipped"])).mean("layer")


def _by_width(results: xr.Dataset, kind: str) -> np.ndarray:
    """Settled effective rank with batch norm, shape (run, width)."""
    return (
        settled(results["rank"].sel(kind=kind, norm="batch norm"), results)
        .transpose("run", "width")
        .values
    )


def _slope(results: xr.Dataset, power: bool = False) -> Measurement:
    """Least-squares slope of the rank in √d, or of its logarithm in ln d: one for every run."""
    width, rank = results["width"].values.astype(float), _by_width(results, "linear")
    x, y = (np.log(width), np.log(rank)) if power else (np.sqrt(width), rank)
    return mean((y - y.mean(axis=1, keepdims=True)) @ (x - x.mean()) / np.sum((x - x.mean()) ** 2))


def _furthest(results: xr.Dataset) -> Measurement:
    """|rank/law − 1| over the largest eigenvalue's share, at the width or batch size where its interval reaches highest."""
    found = []
    for dim, rank, law in (
        ("width", results["rank"].sel(kind="linear", norm="batch norm"), "predicted"),
        ("batch", results["batch_rank"], "predicted_batch"),
    ):
        at = (settled(rank, results) / results[f"{law}_rank"] - 1) / results[f"{law}_largest"]
        found += [mean(at.sel({dim: value}).values) for value in results[dim].values]
    worst = max(found, key=lambda m: max(m.high, -m.low))
    return (
        worst
        if worst.estimate > 0
        else Measurement(-worst.estimate, -worst.high, -worst.low, runs=worst.runs)
    )


def _mass(results: xr.Dataset) -> tuple[np.ndarray, float, float]:
    """Eigenvalues' shares with batch norm deep in the widest network, (run, value); centre and radius of the semicircle."""
    at = results["shares"].sel(
        norm="batch norm", shown=results["shown"] >= int(results.attrs["skipped"])
    )
    width = int(results.attrs["widest"])
    values = at.transpose("run", ...).values.reshape(at.sizes["run"], -1).astype(float)
    return values, 1 / float(results["predicted_rank"].sel(width=width)), 1 / np.sqrt(width)


def _spread(results: xr.Dataset) -> Measurement:
    """Standard deviation of an eigenvalue's size, each weighted with its share of the sum, over half the semicircle's radius; less one,
    in multiples of the largest eigenvalue's share."""
    values, middle, radius = _mass(results)
    weights = values / values.sum(axis=1, keepdims=True)
    centre = (weights * values).sum(axis=1, keepdims=True)
    ratio = np.sqrt((weights * (values - centre) ** 2).sum(axis=1)) / (radius / 2)
    return mean((ratio - 1) / (middle + radius))


def _distance(results: xr.Dataset) -> Measurement:
    """Largest distance between the distributions of the sum over eigenvalues' sizes, measured and the semicircle's, in multiples of the
    largest eigenvalue's share."""
    values, centre, radius = _mass(results)
    values = np.sort(values, axis=1)
    t = np.clip((values - centre) / radius, -1, 1)
    law = 0.5 + (t * np.sqrt(1 - t**2) + np.arcsin(t)) / np.pi
    upto = np.cumsum(values, axis=1) / values.sum(axis=1, keepdims=True)
    before = upto - values / values.sum(axis=1, keepdims=True)
    return mean(
        np.maximum(np.abs(upto - law), np.abs(before - law)).max(axis=1) / (centre + radius)
    )


def _end(
    kind: str, norm: str, width: Callable[[np.ndarray], int]
) -> Callable[[xr.Dataset], Measurement]:
    """Effective rank after the last layer: median over runs."""

    def measure(results: xr.Dataset) -> Measurement:
        at = results["rank"].sel(kind=kind, norm=norm, width=width(results["width"].values))
        return median(at.isel(layer=-1).values)

    return measure


def _half_as_deep(results: xr.Dataset) -> Measurement:
    """Effective rank without batch norm at the depth of half its width, or the last reading before: median over runs, widest network."""
    width = int(results["width"].values.max())
    at = results["rank"].sel(kind="linear", norm="none", width=width)
    return median(at.sel(layer=width // 2, method="ffill").values)


def _settled(kind: str, width: Callable[[np.ndarray], int]) -> Callable[[xr.Dataset], Measurement]:
    def measure(results: xr.Dataset) -> Measurement:
        at = results["rank"].sel(kind=kind, norm="batch norm", width=width(results["width"].values))
        return mean(settled(at, results).values)

    return measure


def _least_over_root(results: xr.Dataset) -> Measurement:
    """Settled rank with ReLU over √d, at the width where its interval reaches lowest."""
    ratio = _by_width(results, "relu") / np.sqrt(results["width"].values)
    return min((mean(column) for column in ratio.T), key=lambda m: m.low)


def _rates(results: xr.Dataset) -> Measurement:
    """Slope through zero of the measured growth of all directions in the predicted one."""
    law = results["predicted_growth"].values
    return mean(results["growth"].transpose("run", "direction").values @ law / np.sum(law**2))


def _first_rate(results: xr.Dataset) -> Measurement:
    """Measured growth of the first direction less the predicted one."""
    first = (
        results["growth"].isel(direction=0).values
        - results["predicted_growth"].isel(direction=0).item()
    )
    return mean(first)


CLAIMS = (
    Claim(
        id="ranks-do-not-collapse",
        says="In a deep random linear network with batch norm the effective rank of a batch does not collapse, but stays at the order of the square "
        "root of the width.",
        source="daneshmand2020",
        cases=(
            Case("slope of the effective rank in √d", _slope, lambda m: m.within(1, relative=SLOPE), "within 5 % of one"),
            Case("exponent of the width", lambda results: _slope(results, power=True), lambda m: m.within(0.5, absolute=EXPONENT),
                 "within 0.1 of a half"),
            Case("distance to the closed form, the worst of all widths and batch sizes, in multiples of the largest eigenvalue's share",
                 _furthest, lambda m: m.below(1), "below one"),
        ),
        verdict="supported",
        figure="rank-collapse-width",
        because="Batch norm weakens directions that are already strong, random weights make some stronger by chance, and the two are in balance "
        "when about the square root of the width are in play.",
    ),
    Claim(
        id="eigenvalues-follow-a-semicircle",
        says="In a wide random linear network with batch norm the eigenvalues of a batch spread over their sum like a semicircle.",
        source="reader",
        cases=(
            Case("largest distance between the distributions, widest network, in multiples of the largest eigenvalue's share", _distance,
                 lambda m: m.below(1), "below one"),
            Case("standard deviation over that of the semicircle, less one, in the same multiples", _spread, lambda m: m.within(0, absolute=1),
                 "between minus one and one"),
        ),
        verdict="supported",
        figure="rank-collapse-semicircle",
        because="Chance makes eigenvalues repel each other and batch norm pulls them together in proportion to their distance, which is the balance that a "
        "semicircle solves.",
    ),
    Claim(
        id="plain-ranks-collapse",
        says="Without batch norm the samples of a batch end on one line in a deep random linear network.",
        source="daneshmand2020",
        cases=(
            Case("the narrowest network, after the last layer", _end("linear", "none", min), lambda m: m.below(ONE), "effective rank below 1.05"),
            Case("the widest network, half as many layers deep as it is wide", _half_as_deep, lambda m: m.below(ONE), "effective rank below 1.05"),
        ),
        verdict="depends",
        figure="rank-collapse-depth",
        because="They get there at a rate a layer that is one over the width, so it takes a depth of several widths.",
    ),
    Claim(
        id="directions-grow-at-known-rates",
        says="In a linear network of Gaussian weights without normalization every direction grows at a rate that is known exactly.",
        source="newman1986",
        cases=(
            Case("slope of the measured rates of all directions in the predicted ones", _rates, lambda m: m.within(1, relative=RATES),
                 "within 1 % of one"),
            # the slope is ruled by the last directions, which fall the fastest; the first one decides on the collapse
            Case("growth of the logarithm of the first direction a layer, less the predicted one", _first_rate,
                 lambda m: m.within(0, absolute=FIRST_RATE), "within 0.01 of zero"),
        ),
        verdict="supported",
        figure="rank-collapse-growth",
        because="A Gaussian matrix looks the same from all sides, so each layer stretches what is left of a direction by the length of a fresh Gaussian vector.",
    ),
    Claim(
        id="ranks-survive-relu",
        says="That batch norm keeps the rank holds with ReLU as well.",
        source="daneshmand2020",
        cases=(
            Case("with batch norm: effective rank over √d, at the worst width", _least_over_root, lambda m: m.above(1), "above one"),
        ),
        verdict="supported",
        figure="rank-collapse-width",
        because="With ReLU in between more directions stay in play than without, at all widths tried.",
    ),
)  # fmt: skip

VALUES = {
    "layers": lambda results: exact(results["layer"].values.max()),
    "narrow": lambda results: exact(results["width"].values.min()),
    "wide": lambda results: exact(results["width"].values.max()),
    "samples": lambda results: exact(results.attrs["samples"]),
    "rank_narrow": _settled("linear", min),
    "rank_wide": _settled("linear", max),
    "relu_narrow": _settled("relu", min),
    "relu_wide": _settled("relu", max),
    "plain_narrow": _end("linear", "none", min),
    "plain_wide": _end("linear", "none", max),
    "plain_half": _half_as_deep,
    "plain_relu": _end("relu", "none", max),
    "slope": _slope,
    "exponent": lambda results: _slope(results, power=True),
}
