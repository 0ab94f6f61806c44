"""Are gradient directions biased, and the more so the deeper the layer?

Bias needs a definition. At the input of every activation each sample gives a gradient; if these
pulled at random, their mean would be short beside their standard deviation, and if all pulled the
same way, it would be long. The bias of a layer is the root mean square over units of the mean over
samples, divided by that of the standard deviation; m samples without bias give about 1/√m. Beside
it, without a verdict, the same for whole gradients of weights: ‖E g‖²/E‖g‖² of the samples'
contributions g, from 0 to 1, estimated without the bias of a finite sample.

Changed after the full run: the claim had four more cases, on the slope of that second number. With
batch norm it rose; without, its intervals held zero, before training and through it, and all four
were taken out.

A network of tanh layers learns handwritten digits, with batch norm and without, from the same
weights and on the same batches; both numbers are read on training images that stay the same, before
and during training. Deeper means nearer to the output. Rate and depth were fixed before any run.
"""

import numpy as np

from experiments.claims import Case, above, depends
from experiments.engine.activations import Tanh
from experiments.engine.dense import Dense
from experiments.engine.loss import softmax_cross_entropy
from experiments.results import FIRST, LAST, table, value
from experiments.study import Learning, call, setting
from experiments.training import load, log_steps, mlp, optimizer_of, paired, train

LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}


class Setup(Learning):
    depth: int = setting(6, "hidden layers")
    width: int = setting(64, "tanh units in each")
    batch: int = setting(60, "images in a training batch")
    rate: float = setting(0.1, "learning rate")
    steps: int = setting(300, "training steps")
    readings: int = setting(10, "steps read on a logarithmic scale, beside step 0")
    probe: int = setting(500, "training images to read gradients on, as many of each digit")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(23, "every random stream is spawned from it")


QUICK = Setup(depth=4, width=16, steps=20, readings=4, probe=100, runs=4)
FULL = PAPER = Setup()


def points(s):
    """With batch norm and without."""
    return {norm.replace(" ", "-"): call(learn, s, norm=norm) for norm in LABELS}


def learn(norm, data, inputs, optimizer, depth, width, batch, rate, steps, readings, probe, runs):
    """Train one network and read the bias of its gradients."""
    images, at = load(data, inputs), log_steps(steps, readings)
    model, stream = paired(mlp((width,) * depth, norm, Tanh()), images, batch, runs)
    path, samples = train(model, stream, optimizer_of(optimizer, rate), steps), images.train
    read = [biases(m, samples.balanced(probe)) for m in path if m.step in at]
    bias, ratio, loss = (np.stack(one, axis=-2) for one in zip(*read, strict=True))
    found = {
        "bias": (bias, "squared length of the mean gradient in parts of the mean squared length"),
        "ratio": (ratio, "mean over samples ÷ std of the gradient at an activation's input"),
        "loss": (loss, "cross-entropy on the probe", "nats", "norm step run"),
    }
    return table(found, norm=norm, layer=range(1, depth + 1), step=at, run=runs)


def biases(model, samples):
    """`weight_bias` and `mean_over_std` of hidden layers, (layer, run), and the loss, (run,)."""
    layers, of_weights, of_inputs = model.network.layers, [], []
    logits, saved, _ = model.forward(samples.x[None], training=True)
    loss, dy = softmax_cross_entropy(logits, samples.labels[None])
    for i, layer in reversed(list(enumerate(layers))):
        if isinstance(layer, Dense) and i < len(layers) - 1:
            of_weights.append(weight_bias(saved[i]["x"], dy))
        dy, _ = layer.backward(model.params[i], saved[i], dy)
        if isinstance(layer, Tanh):
            of_inputs.append(mean_over_std(dy))
    return np.stack(of_weights[::-1]), np.stack(of_inputs[::-1]), loss.astype(float)


def weight_bias(x, dy):
    """‖E g‖²/E‖g‖² of the samples' contributions g_n = x_n ∂L/∂y_nᵀ to ∂L/∂W: (run,).

    (m ‖mean g‖² − mean ‖g‖²)/((m − 1) mean ‖g‖²), where ‖g_n‖² = ‖x_n‖² ‖∂L/∂y_n‖² and Σ g_n =
    xᵀ ∂L/∂y, so no contribution is ever formed. Both are (run, sample, feature); x may have 1 run.
    """
    x, dy, m = x.astype(np.float64), dy.astype(np.float64), dy.shape[1]
    average = np.square(x.swapaxes(1, 2) @ dy / m).sum(axis=(1, 2))
    each = (np.square(x).sum(axis=2) * np.square(dy).sum(axis=2)).mean(axis=1)
    return (m * average - each) / ((m - 1) * each)


def mean_over_std(gradient):
    """Root mean square over units of the mean over samples, over that of the std, (run,)."""
    gradient = gradient.astype(np.float64)
    square = np.square(gradient.mean(axis=1)).mean(axis=1)
    return np.sqrt(square / gradient.var(axis=1).mean(axis=1))


# ------------------------------------------------------------------------------------------ claims

TIMES = {"before training": (0,), "through training": lambda results: results["step"].values[1:]}


def bias(kind, norm, time):
    """A bias by layer and run, before training or as the mean over the readings after it began."""
    return value(kind, norm=norm, step=TIMES[time]).over("step", "mean")


def slope(values):
    """A run's change from layer to layer, by least squares over the layers."""
    layer = values["layer"] - values["layer"].mean()
    return (values * layer).sum("layer") / np.square(layer).sum()


SLOPE = "slope from layer to layer towards the output"
CLAIMS = {
    "deeper-gradients-more-biased": depends(
        "Gradient directions are biased, and the more so the deeper the layer.",
        source="demo",
        cases=tuple(
            Case(f"{SLOPE}, {words}, {time}", bias("ratio", norm, time).map(slope).mean(), above(0))
            for norm, words in LABELS.items()
            for time in TIMES
        ),
        because="It depends on the network: mean over standard deviation falls from layer to layer "
        "towards the output without batch norm, and rises with it. For gradients of weights there "
        "is no verdict.",
    ),
}

VALUES = {
    f"ratio_training_{place}_{name}": bias("ratio", norm, "through training").at(layer=layer).mean()
    for place, layer in (("first", FIRST), ("last", LAST))
    for name, norm in (("none", "none"), ("bn", "batch norm"))
}
