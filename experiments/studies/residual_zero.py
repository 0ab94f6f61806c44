"""What becomes of a residual network whose blocks start with γ = 0?

Small networks of residual blocks start with γ = 0, at the end of the branch or in front of its
ReLU, and take a few steps of gradient descent towards random targets.
"""

from itertools import repeat

import numpy as np

from experiments.claims import Case, above, depends, within
from experiments.engine.activations import ReLU
from experiments.engine.loss import half_squared_error
from experiments.engine.network import Network
from experiments.engine.parameters import leaves
from experiments.engine.sgd import SGD
from experiments.results import table, value
from experiments.runs import Runs
from experiments.study import Settings, call, setting
from experiments.training import Model, residual_block, set_affine, train

# Places of batch norm in a branch.
PLACES = {"last": "γ at the end of the branch", "first": "γ in front of the ReLU"}


class Setup(Settings):
    width: int = setting(32, "units in a layer, and features of the input")
    blocks: int = setting(8, "residual blocks")
    batch: int = setting(64, "samples, the same in every step")
    steps: int = setting(20, "of gradient descent")
    rate: float = setting(0.1, "learning rate")
    runs: int = setting(24, "networks, each with both places of γ")
    seed: int = setting(14, "every random stream is spawned from it")


QUICK, FULL, PAPER = Setup(width=8, blocks=2, batch=8, steps=4, runs=4), Setup(), Setup(runs=32)


def points(s):
    return {place: call(learn, s, place=place) for place in PLACES}


def learn(place, width, blocks, batch, steps, rate, runs):
    """Train, and read how far the output is from the input; first of all, the gradient."""
    pairs = [Runs((runs.seed, run), 2).streams(under=(1,)) for run in runs.numbers.tolist()]
    weights, data = zip(*pairs, strict=True)
    x, targets = np.stack([rng.standard_normal((2, batch, width)) for rng in data], axis=1)
    block = residual_block(width, "batch norm", ReLU(), norm_last=place == "last")
    network = Network((block,) * blocks)
    model, moved = Model(network, *network.init(weights, width)), []
    set_affine(model, gamma=0.0, beta=0.0)
    for moment in train(model, repeat((x, targets)), SGD(rate), steps, loss=half_squared_error):
        off = moment.logits - x
        moved.append(np.sqrt(np.square(off).mean(axis=(1, 2))))
        if moment.step == 0:
            distance = np.abs(off).max(axis=(1, 2))
            sizes = [np.abs(g).reshape(len(g), -1).max(axis=1) for _, g in leaves(moment.grads)]
    at_start = "of a network that starts with γ = 0"
    found = {
        "zero_moved": (moved, "root mean square of output − input"),
        "zero_distance": (distance, f"largest |output − input| {at_start}", "1", "place run"),
        "zero_gradient": (np.max(sizes, axis=0), f"largest |∂L/∂p| {at_start}", "1", "place run"),
    }
    return table(found, place=place, step=np.arange(steps + 1), run=runs)


# ------------------------------------------------------------------------------------------ claims

CLAIMS = {
    "zero-gamma-starts-as-identity": depends(
        "Starting a residual block with γ = 0 makes it the identity, and it learns from there.",
        source="goyal2017",
        cases=tuple(
            Case(f"{where}: largest {what}", value(name, place=place).every(), rule)
            for place, where in PLACES.items()
            for name, what, rule in (
                ("zero_distance", "|output − input|", within(0)),
                ("zero_gradient", "gradient of a parameter", above(1e-9)),
            )
        ),
        because="At the end of the branch γ gets a gradient and the block comes to life. In front "
        "of the ReLU everything behind it is zero, so is its slope, and no parameter of the block "
        "ever gets a gradient.",
    ),
}

VALUES = {}
