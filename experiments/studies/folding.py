"""Does a layer stay the same when batch norm is folded into it, also in half precision?

A random dense layer with batch norm is folded into one layer, in float64, float32 and float16, and
both are compared with each other and with exact arithmetic on the same stored numbers: at several
widths, with the mean of what is normalized ever farther from zero (once because of the layer's
bias, once because of its inputs), and with running variances of many sizes.
"""

import numpy as np

from experiments.claims import Case, above, below, depends, refuted, supported, within
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.standardize import Standardize
from experiments.engine.train import Model
from experiments.measures.folding import errors
from experiments.results import ratio, table, value
from experiments.runs import normal
from experiments.study import Settings, call, setting
from experiments.theory import inference as theory

PRECISIONS = ("float64", "float32", "float16")
OFFSETS = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
SCALES = (1e-4, 1e-2, 1.0, 1e2, 1e3, 1e4)
FARTHEST = "largest distance of the folded layer, over the bound"
UNFOLDED = "root mean square error of the layer with batch norm, float16"
FOLDED = "root mean square error of the folded layer, float16"


class Setup(Settings):
    samples: int = setting(128, "inputs that a layer is compared on")
    features: int = setting(32, "outputs of the layer that is folded")
    fan_in: int = setting(256, "its inputs, where their number is not varied")
    fan_ins: tuple[int, ...] = setting((16, 64, 256, 1024), "its inputs, where their number is")
    offsets: tuple[float, ...] = setting(OFFSETS, "mean over standard deviation before batch norm")
    scales: tuple[float, ...] = setting(SCALES, "standard deviation before batch norm")
    runs: int = setting(16, "random layers")
    seed: int = setting(17, "every random stream is spawned from it")


QUICK, FULL, PAPER = Setup(samples=32, features=8, fan_in=64), Setup(), Setup(runs=64)


def points(s):
    """Every width in three precisions; then offsets and scales in float16."""
    found = {f"scale-{x:g}": call(by_scale, s, scale=x) for x in s.scales}
    for k in s.fan_ins:
        found |= {f"{p}-{k}": call(by_width, s, precision=p, fan_in=k) for p in PRECISIONS}
    for x in s.offsets:
        found |= {f"{o}-{x:g}": call(by_offset, s, origin=o, offset=x) for o in ("bias", "inputs")}
    return found


def by_width(precision, fan_in, samples, features, runs):
    """How far folding moves a layer, for its number of inputs and its precision."""
    found = errors(*random_layer(runs, fan_in, samples, features, "bias", 1.0), precision)
    variables = {"fold_over_bound": (found["over_bound"], FARTHEST)}
    return table(variables, precision=precision, fan_in=fan_in, run=runs)


def by_offset(origin, offset, fan_in, samples, features, runs):
    """The errors of both forms in float16, with an offset from the bias or from the inputs."""
    found = errors(*random_layer(runs, fan_in, samples, features, origin, offset), "float16")
    before, parts = "mean over standard deviation before batch norm", "from rounding its parts"
    variables = {
        "offset_over_bound": (found["over_bound"], f"{FARTHEST}, float16, with an offset"),
        "offset_found": (found["offset"], f"{before}, root mean square over units"),
        "unfolded_error": (found["unfolded"], UNFOLDED),
        "folded_error": (found["folded"], FOLDED),
        "unfolded_theory": (found["theory"], f"error of the layer with batch norm {parts}"),
    }
    return table(variables, origin=origin, offset=offset, run=runs)


def by_scale(scale, fan_in, samples, features, runs):
    """The errors of both forms in float16, with inputs of a standard deviation."""
    found = errors(*random_layer(runs, fan_in, samples, features, scale=scale), "float16")
    underflow = theory.underflow_rms(fan_in, scale, theory.smallest_number("float16"))
    words = "error of the folded layer from the underflow of its weights"
    variables = {
        "scale_over_bound": (found["over_bound"], f"{FARTHEST}, float16, at every scale"),
        "scale_unfolded_error": (found["unfolded"], UNFOLDED),
        "scale_folded_error": (found["folded"], FOLDED),
        "scale_theory": (underflow, words, "1", "scale"),
    }
    return table(variables, scale=scale, run=runs)


def random_layer(runs, fan_in, samples, features, origin="bias", offset=0.0, scale=1.0):
    """A dense layer with batch norm in float64, and inputs that have its running statistics."""
    rngs = runs.part(0).streams()
    network = Network((Dense(features), Standardize(), Affine()))
    params, state = network.init(rngs, fan_in)
    x = scale * normal(rngs, samples, fan_in)
    if origin == "inputs":
        # Σ w ~ N(0, 1), so the offset of a unit is this times a standard Gaussian.
        x += offset * scale
    z = x @ params[0]["weight"]
    if origin == "bias":
        params[0]["bias"] = offset * z.std(axis=1)
        z += params[0]["bias"][:, None]
    gamma = np.stack([rng.uniform(0.5, 1.5, features) for rng in rngs])
    params[2] = {"gamma": gamma, "beta": normal(rngs, features)}
    state[1] = {"running_mean": z.mean(axis=1), "running_var": z.var(axis=1)}
    return Model(network, params, state), x


# ------------------------------------------------------------------------------------------ claims

BOUNDS = FOLD, OFFSET, SCALE = tuple(value(f"{k}_over_bound") for k in ("fold", "offset", "scale"))
ROUNDING = value("unfolded_error", origin="inputs") / value("unfolded_theory", origin="inputs")
MOVED, ERROR = "largest distance of an output", "error of the folded layer"
AGAINST = f"{ERROR}, against exact arithmetic on the stored numbers"
FORM = "measured error over closed form"
ALLOWED = below(1, "times what rounding allows")
WORSE, TWICE = (above(x, "times that of the layer with batch norm") for x in (1.2, 2))
# Roundings are even over a spacing only nearly: values of one unit share a few binades. 16 runs of
# 32 units, errors of each unit's 128 samples: half a per cent; 5 % leaves room for roundings of
# statistics, u/4096 of them.
NEAR = within(1, relative=0.05)


def cost(prefix="", **where):
    """Error of the folded layer over that of the layer with batch norm, run by run."""
    return ratio(*(value(f"{prefix}{form}_error", **where) for form in ("folded", "unfolded")))


CLAIMS = {
    "folding-is-exact": supported(
        "In evaluation batch norm folds into the dense layer in front of it, exactly but for "
        "round-off.",
        source="reader",
        cases=(
            *(
                Case(f"{p}, {k} inputs, {MOVED}", FOLD.at(precision=p, fan_in=k).every(), ALLOWED)
                for p in PRECISIONS
                for k in FULL.fan_ins
            ),
            Case(f"float16, all offsets from bias or inputs, {MOVED}", OFFSET.every(), ALLOWED),
            Case(f"float16, running variances of all sizes, {MOVED}", SCALE.every(), ALLOWED),
        ),
        because="With fixed statistics batch norm is a scale and a shift of each feature, and so "
        "part of a linear layer.",
    ),
    "folding-loses-in-half-precision": depends(
        "In half precision the folded layer is less accurate than the layer with batch norm.",
        source="reader",
        cases=(
            *(
                Case(f"offset {x:g} from the {o}, {AGAINST}", cost(origin=o, offset=x), WORSE)
                for o, offsets in (("bias", (0.0, 10.0, 1000.0)), ("inputs", (10.0, 1000.0)))
                for x in offsets
            ),
            Case(f"running variance 1e8, {AGAINST}", cost("scale_", scale=1e4), WORSE),
        ),
        because="A bias cancels against the running mean before rounding; an offset of the inputs, "
        "or weights that underflow, cost digits.",
    ),
    "small-running-variances-break-folding": refuted(
        "Small running variances make the folded weights so large that half precision breaks.",
        source="reader",
        cases=tuple(
            Case(f"running variance {x**2:.0e}, {ERROR}", cost("scale_", scale=x), TWICE)
            for x in (1e-4, 1e-2)
        ),
        because="ε keeps the factor below γ/√ε, far from overflow, and short of that "
        "floating-point numbers keep their digits at any scale.",
    ),
    "half-precision-error-is-rounding": supported(
        "In half precision the error of batch norm grows with the distance of its input from "
        "zero, as rounding that input predicts.",
        source="reader",
        cases=tuple(
            Case(f"offset {x:g} from the inputs, {FORM}", ROUNDING.at(offset=x).mean(), NEAR)
            for x in OFFSETS[1:]
        ),
        because="What is stored in half precision is rounded to eleven bits, and subtracting the "
        "mean then leaves the rounding.",
    ),
}

VALUES = {
    "fold_worst": value(lambda results: max(bound(results).max() for bound in BOUNDS)).exact(),
    "cost_bias": cost(origin="bias", offset=1000.0),
    "cost_inputs": cost(origin="inputs", offset=1000.0),
    "cost_small": cost("scale_", scale=1e-4),
    "cost_large": cost("scale_", scale=1e4),
}
