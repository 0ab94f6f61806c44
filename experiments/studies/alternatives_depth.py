"""Which normalizations make gradients explode in deep networks, before training?

Dense ReLU networks of many layers at initialization, with each of eight normalizations or none.
Measured is by how much squared gradients grow from a layer to the one below, from random gradients
at the end. Weight normalization starts with γ = ‖v‖, as the function that the plain network is.
Batch renormalization has running statistics that are up to date, so r = 1 and d = 0. The threshold
was chosen after pilots.
"""

import numpy as np

from experiments.claims import Case, above, depends
from experiments.engine.activations import ReLU
from experiments.engine.dense import Dense
from experiments.engine.initialization import he_normal
from experiments.engine.network import Network
from experiments.engine.renormalize import Renormalize
from experiments.engine.train import Model
from experiments.normalizations import KIND as KIND
from experiments.normalizations import NORMALIZATIONS, Normalizing, normalized, started_alike
from experiments.results import table, value
from experiments.runs import normal
from experiments.study import call, setting


class Setup(Normalizing):
    batch: int = setting(16, "samples in a batch")
    depth: int = setting(20, "layers whose gradients are followed")
    width: int = setting(64, "and their units")
    runs: int = setting(18, "paired runs, each with weights and a batch of its own")
    seed: int = setting(73, "every random stream is spawned from it")


QUICK, FULL = Setup(batch=8, depth=4, width=8, runs=3), Setup()
PAPER = Setup(depth=40, width=256, runs=32)

# Instance norm needs pixels: of one value it would be 0/√ε.
NAMES = {name: short for name, short in NORMALIZATIONS.items() if name != "instance norm"}


def points(s):
    return {name.lower().replace(" ", "-"): call(measure, s, norm=name) for name in NAMES}


def measure(norm, details, batch, depth, width, runs):
    """The factor by which squared gradients grow a layer, on average over the depth."""
    linear = Dense(width, bias=False, weights=he_normal)
    block = (*normalized(norm, linear, batch, *details), ReLU())
    # Weights from a stream of their own, which the batch's is the seed of.
    noise = runs.noise()
    seeds = [rng.bit_generator.seed_seq.generate_state(2) for rng in noise]
    weights = [np.random.default_rng((37, *seed)) for seed in seeds]
    network = Network(block * depth)
    model = started_alike(Model(network, *network.init(weights, width, np.float32)))
    x, dy = np.moveaxis(normal(noise, 2, batch, width).astype(np.float32), 1, 0)
    model, sizes = up_to_date(model, x), []
    _, saved, _ = model.forward(x, training=True)
    for i in reversed(range(len(network.layers))):
        dy, _ = network.layers[i].backward(model.params[i], saved[i], dy)
        if i % len(block) == 0:
            sizes.append(np.square(dy, dtype=float).sum(axis=(1, 2)))
    growth = (sizes[-1] / sizes[0]) ** (1 / (depth - 1))
    words = "factor of squared gradients from layer to layer at initialization"
    return table({"growth": (growth, words)}, norm=norm, run=runs)


def up_to_date(model, x):
    """The same where batch renormalization has the running statistics of the batch, by layer."""
    changed, layers = model.copy(), model.network.layers
    for i, layer in enumerate(layers):
        if isinstance(layer, Renormalize):
            changed.state[i] = {"running_mean": x.mean(axis=1), "running_var": x.var(axis=1)}
        x, _, _ = layer.forward(changed.params[i], changed.state[i], x, True)
    return changed


# ------------------------------------------------------------------------------------------ claims

OVER_THE_BATCH = ("batch norm", "ghost batches")
OVER_OTHERS = ("layer norm", "RMSNorm", "group norm", "weight normalization")
GROWTH = {norm: value("growth", norm=norm).mean() for norm in NAMES}
EXPLODES = above(1.2)  # what is called an explosion a layer: in twenty layers, some forty times

CLAIMS = {
    "normalization-explodes": depends(
        "Normalization makes gradients explode in deep networks at initialization.",
        source="reader",
        cases=tuple(
            Case(f"{norm}, factor of squared gradients a layer", GROWTH[norm], EXPLODES)
            for norm in OVER_THE_BATCH + OVER_OTHERS
        ),
        because="Normalization over the batch does, the more the smaller the batch; over features "
        "or weights it does not.",
    ),
}

VALUES = {f"{short}_growth": GROWTH[name] for name, short in NAMES.items()}
