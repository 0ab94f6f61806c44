"""Which values share their statistics?

Nine layers: nothing, batch norm, ghost batches, batch renormalization, layer norm, group norm,
instance norm, RMSNorm and weight normalization, each put together from the engine's layers and
followed by the same γ and β. In a small array of samples, channels and pixels, one value is changed
at a time and the outputs that change are noted, in training and in evaluation; and so for
gradients. Batch renormalization is within its limits here.
"""

import numpy as np

from experiments.claims import untested
from experiments.engine.convolution import Convolution
from experiments.engine.network import Network
from experiments.measures.dependence import dependence
from experiments.normalizations import KIND as KIND
from experiments.normalizations import NORMALIZATIONS, Normalizing, normalized
from experiments.results import table, value
from experiments.study import call, setting


class Setup(Normalizing):
    ghost: int = setting(2, "samples that make a ghost batch")
    samples: int = setting(4, "samples of the array")
    channels: int = setting(6, "channels")
    pixels: int = setting(4, "pixels")
    seed: int = setting(73, "the array is drawn from it")


QUICK = FULL = PAPER = Setup()


def points(s):
    """All layers, on the same array."""
    return {"dependence": call(depend, s)}


def depend(details, samples, channels, pixels, seed):
    """Which inputs the first output depends on, and which ∂L/∂y the first ∂L/∂x."""
    # One array for all, and no runs: what depends on what does not vary.
    x, dy = np.random.default_rng(seed).standard_normal((2, samples, channels, pixels, 1))
    found = []
    for norm in NORMALIZATIONS:
        # what stands behind the weights, which are no data
        layers = normalized(norm, Convolution(channels, 1, bias=False), samples, *details)[1:]
        modes = dependence(Network(layers), x, dy)
        found.append([modes[mode][..., 0] for mode in ("training", "evaluation", "gradient")])
    words = (
        "whether the first output, or ∂L/∂x of the first input, depends on this input, or its ∂L/∂y"
    )
    array = {"sample": range(samples), "channel": range(channels), "pixel": range(pixels)}
    which = {"norm": list(NORMALIZATIONS), "mode": list(modes)}
    return table({"depends": (np.array(found, np.int32), words)}, **which, **array)


# ------------------------------------------------------------------------------------------ claims


def depends(mode, norm):
    """How many values it depends on."""
    values = value("depends", mode=mode, norm=norm)
    return value(lambda results: values(results).sum()).exact()


CLAIMS = {
    "bn-is-regular-everywhere": untested(
        "Batch norm is a regular part of networks for vision, and of GANs, Transformers, "
        "diffusion models and recurrent networks too.",
        source="overview",
        cases=(),
        because="What people use cannot be measured here; in the last three, published models "
        "mostly have layer norm, RMSNorm or group norm.",
    ),
}

VALUES = {
    "batch_training": depends("training", "batch norm"),
    "batch_evaluation": depends("evaluation", "batch norm"),
    "layer_training": depends("training", "layer norm"),
    "renorm_training": depends("training", "batch renormalization"),
    "renorm_gradient": depends("gradient", "batch renormalization"),
    "values": value(lambda results: results["depends"][0, 0].size).exact(),
}
