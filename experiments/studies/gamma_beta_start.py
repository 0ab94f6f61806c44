"""What do γ and β do to a layer of sigmoids before training?

In a network of three hidden layers, each dense, batch norm, sigmoid, every γ starts at one value
and every β at another, over a grid. Before any training, on MNIST-5k shrunk to 7×7 pixels: the
share of saturated sigmoids and the gain of the last hidden layer beside theory, the length of the
gradient that reaches the first layer, and whether two batches agree on its direction.
"""

import numpy as np

from experiments.claims import Case, above, below, depends, supported
from experiments.engine.activations import Sigmoid
from experiments.measures import sigmoid
from experiments.results import ratio, table, value
from experiments.runs import Runs
from experiments.study import Settings, call, setting
from experiments.training import backpropagate, load, mlp, set_affine, start

NORM, AFFINE, SIGMOID = -4, -3, -2  # the last hidden layer's, among all layers
BETAS = (-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0)


class Setup(Settings):
    data: str = setting("digits", "what goes through the network")
    inputs: str = setting("raw", "grey values as they are (raw), or standardized")
    hidden: tuple[int, ...] = setting((24, 24, 24), "sigmoid units in each hidden layer")
    gammas_per_decade: int = setting(8, "values of γ for each power of ten between 0.03 and 30")
    betas: tuple[float, ...] = setting(BETAS, "values of β")
    batch: int = setting(256, "images in each of two batches")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(19, "every random stream is spawned from it")


QUICK = Setup(hidden=(16, 16, 16), gammas_per_decade=2, betas=BETAS[::2], batch=64, runs=4)
FULL, PAPER = Setup(), Setup(hidden=(100, 100, 100), runs=64)


def points(s):
    """Every γ, each with all β; and the normalized values of one network."""
    reach = 3 * s.gammas_per_decade // 2
    gammas = [round(10 ** (k / s.gammas_per_decade), 4) for k in range(-reach, reach + 1)]
    found = {f"gamma-{gamma:g}": call(read, s, gamma=gamma) for gamma in gammas}
    return found | {"values": call(normalized, s)}


def read(gamma, data, inputs, hidden, betas, batch, runs):
    """Forward and backward passes of networks that differ in nothing but β."""
    images = load(data, inputs, side=7)
    both = [passed(images, hidden, batch, runs, half, gamma, betas) for half in (0, 1)]
    gradients = [one.grads[0]["weight"].reshape(len(betas) * len(runs), -1) for one in both]
    lengths = [np.linalg.norm(gradient, axis=1) for gradient in gradients]
    agreement = (gradients[0] * gradients[1]).sum(axis=1) / (lengths[0] * lengths[1])
    y, of_gamma = both[1].saved[SIGMOID]["x"], both[1].params[AFFINE]["gamma"]
    share, gain = "share of saturated sigmoids", "root mean square of γ σ′(γx̂ + β)"
    start, dims = (gamma, np.array(betas)), "start_gamma start_beta"
    normal_share = sigmoid.saturated_share_gaussian(*start)
    normal_gain = sigmoid.gain_gaussian(*start)
    found = {
        "saturated": (sigmoid.saturated_share(y), share),
        "gain": (sigmoid.gain(y, of_gamma), gain),
        "first_gradient": (lengths[0], "length of ∂L/∂W of the first layer"),
        "agreement": (agreement, "cosine between ∂L/∂W of the first layer on two batches"),
        "saturated_theory": (normal_share, f"{share}, normal x̂", "1", dims),
        "gain_theory": (normal_gain, f"{gain}, normal x̂", "1", dims),
    }
    return table(found, start_gamma=gamma, start_beta=betas, run=runs)


def normalized(data, inputs, hidden, batch, seed):
    """For the animation: what one network's last hidden layer normalizes to at (1, 0)."""
    images, run = load(data, inputs, side=7), Runs(seed, 1)
    one = passed(images, hidden, batch, run, half=1, gamma=1.0, betas=(0.0,))
    xhat = np.sort(one.saved[NORM]["xhat"].ravel()).astype(np.float32)
    return table({"xhat": (xhat, "normalized values, in order", "1", "value")})


def passed(images, hidden, batch, runs, half, gamma, betas):
    """Networks with this γ and each β after a pass, forward and back, of one of two batches."""
    # A run has the same weights and batches whatever γ and β are; the two batches are disjoint.
    runs, network = runs.part(1), mlp(hidden, "batch norm", Sigmoid())
    model = start(network, runs, images.features, len(betas), np.float64)
    set_affine(model, gamma, runs.each(betas))
    orders = np.stack([rng.permutation(len(images.train.x)) for rng in runs.order(len(betas))])
    chosen = images.train[orders[:, half * batch : (half + 1) * batch]]
    return backpropagate(model, chosen.x.astype(np.float64), chosen.labels)


# ------------------------------------------------------------------------------------------ claims


def at(variable, gamma=1.0, beta=0.0):
    """A variable at one start."""
    return value(variable, start_gamma=gamma, start_beta=beta)


def gradient(gamma, beta):
    """Length of the gradient of the first layer at a start, in parts of that at (1, 0)."""
    return ratio(at("first_gradient", gamma, beta), at("first_gradient"))


LITTLE = below(0.5, "of the first layer's gradient at (1, 0)")
SHARE = "at (10, 0), before training, share of activations below 0.05 or above 0.95"

CLAIMS = {
    "large-gamma-saturates": supported(
        "A large γ saturates the sigmoids.",
        source="overview",
        cases=(Case(SHARE, at("saturated", 10.0).mean(), above(0.5)),),
        because="The share of saturated sigmoids is close to what a normal distribution of their "
        "normalized input gives.",
    ),
    "saturation-stops-gradients": depends(
        "Where most sigmoids are saturated, little of the gradient gets through.",
        source="post",
        cases=(
            Case("saturated by a large β, at (1, 4)", gradient(1.0, 4.0), LITTLE),
            Case("saturated by a large γ, at (10, 0)", gradient(10.0, 0.0), LITTLE),
        ),
        because="It depends on what saturates them. A large β puts nearly all samples on the flat "
        "part. A large γ puts most there and multiplies the slope of the rest: the gradient grows, "
        "and what is lost is the agreement between batches.",
    ),
}

VALUES = {
    "saturated_large": at("saturated", 10.0).mean(),
    "saturated_large_theory": at("saturated_theory", 10.0).exact(),
    "saturated_shifted": at("saturated", beta=4.0).mean(),
    "saturated_shifted_theory": at("saturated_theory", beta=4.0).exact(),
    "gain_small": at("gain").mean(),
    "gain_small_theory": at("gain_theory").exact(),
    "gain_large": at("gain", 10.0).mean(),
    "gain_large_theory": at("gain_theory", 10.0).exact(),
    "gradient_large": gradient(10.0, 0.0),
    "gradient_shifted": gradient(1.0, 4.0),
    "agreement_small": at("agreement").mean(),
    "agreement_large": at("agreement", 10.0).mean(),
}
