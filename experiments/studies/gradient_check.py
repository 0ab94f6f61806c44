"""Is the gradient that batch norm passes back right, and how much goes through the statistics?

In float64: analytic gradients against central differences; the gradient of a bias in front of the
normalization; and what is lost when the batch mean and variance are taken for constants.
"""

import numpy as np

from experiments.claims import Case, below, refuted, supported, within
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.network import Network
from experiments.engine.parameters import leaves
from experiments.engine.standardize import Standardize
from experiments.results import table, value
from experiments.runs import normal
from experiments.study import Settings, call, setting
from experiments.theory import transform as theory
from experiments.training import batch_norm

ROUND_OFF = 1e-12  # sums of at most 1,024 float64 terms of order one: 1,024 * 2**-53 is 1.1e-13


class Setup(Settings):
    runs: int = setting(16, "random instances of every identity")
    batch: int = setting(32, "samples in a batch")
    features: int = setting(8, "units; each is normalized on its own")
    difference_steps: int = setting(19, "steps of the central differences, from 1e-10 to 1e-1")
    batches: tuple[int, ...] = setting((2, 4, 8, 16, 32, 64, 128, 256), "batch sizes m")
    directions: int = setting(1024, "random gradients of each run and batch size")
    seed: int = setting(1, "every random stream is spawned from it")


QUICK = Setup(batches=(2, 8, 32, 256), directions=64, difference_steps=10)
FULL, PAPER = Setup(), Setup(runs=64, directions=4096)


def points(s):
    """Central differences, the start of γ and β, and the shortcut gradient at each batch size."""
    found = {"differences": call(differences, s), "start": call(neutral, s)}
    for part, m in enumerate(s.batches, start=10):
        found[f"statistics-{m:03d}"] = call(statistics, s, batch=m, part=part)
    return found


def total(a):
    """The sum over all that a run has: (run, …) → (run,)."""
    return a.sum(axis=tuple(range(1, a.ndim)))


def differences(batch, features, difference_steps, runs):
    """Derivatives along random directions, analytic and numerical; and those of a bias in front."""
    rngs = runs.part(2).streams()
    net = Network((Dense(features), Standardize(), Affine()))
    start, state = net.init(rngs, features)
    params = [{k: p + 0.3 * normal(rngs, *p.shape[1:]) for k, p in one.items()} for one in start]
    # L = Σ w tanh(y): curved, and its derivative is known.
    x, w = normal(rngs, batch, features), normal(rngs, batch, features)
    y, saved, _ = net.forward(params, state, x, training=True)
    above = w * (1 - np.tanh(y) ** 2)
    dx, grads = net.backward(params, saved, above)
    gradients = dict(leaves([{"input": dx}, *grads]))

    def moved(path, change):
        """The outputs if the input, or a parameter, is changed."""
        layers, (layer, name) = [{"input": x}, *map(dict, params)], path
        layers[layer][name] = layers[layer][name] + change
        return net.forward(layers[1:], state, layers[0]["input"], training=True)[0]

    steps, errors, bias = np.logspace(-10, -1, difference_steps), [], (1, "bias")
    # The gradient of the bias is zero, so its error is relative to the gradient that arrives there.
    arriving = np.sqrt(total(np.square(above)))
    for path, gradient in gradients.items():
        direction = normal(rngs, *gradient.shape[1:])
        direction = (direction.T / np.sqrt(total(np.square(direction)))).T
        length = arriving if path == bias else np.sqrt(total(np.square(gradient)))
        for step in steps:
            up, down = (total(w * np.tanh(moved(path, h * direction))) for h in (step, -step))
            errors.append(np.abs((up - down) / (2 * step) - total(gradient * direction)) / length)
    kept = np.abs(gradients[bias]).max(axis=1) / arriving
    change = np.abs(moved(bias, 1.0) - y).max(axis=(1, 2))
    words = "|numerical - analytic| / length of the gradient"
    found = {
        "difference_error": (np.concatenate(errors), words),
        "bias_gradient": (kept, "largest |∂L/∂b| / length of the gradient above", "1", "run"),
        "bias_effect": (change, "largest change of an output if every bias grows by 1", "1", "run"),
    }
    return table(found, parameter=[name for _, name in gradients], difference_step=steps, run=runs)


def neutral(batch, features, runs):
    """What γ = 1 and β = 0, where they start, do to the normalized batch."""
    x = normal(runs.part(1).streams(), batch, features)
    y, saved, _ = batch_norm((len(x), features)).forward(x, training=True)
    change = np.abs(y - saved[0]["xhat"]).max(axis=(1, 2))
    return table({"neutral_change": (change, "largest change of x̂ at γ = 1, β = 0")}, run=runs)


def statistics(batch, part, directions, runs):
    """How much of a random gradient passes through the batch mean and variance."""
    rngs = runs.part(part).streams()
    x, g = normal(rngs, batch, directions), normal(rngs, batch, directions)
    model = batch_norm((len(x), directions), eps=0.0)
    _, saved, _ = model.forward(x, training=True)
    full, _ = model.network.backward(model.params, saved, g)
    short = g / x.std(axis=1, keepdims=True)  # the batch mean and variance taken for constants
    share = np.square(short - full).sum(axis=1) / np.square(short).sum(axis=1)
    words = "share of the squared gradient through the batch statistics"
    found = {
        "statistics_share": (share.mean(axis=1), words),
        "statistics_share_theory": (theory.removed_share(batch), "2/m", "1", "batch"),
    }
    return table(found, batch=batch, run=runs)


# ------------------------------------------------------------------------------------------ claims


# Of every instance at its best step: the round-off that no choice of step avoids.
ERROR = value("difference_error").over("difference_step", "min")
GAMMA, BETA, INPUT, WEIGHT = (
    ERROR.at(parameter=name).every() for name in ("gamma", "beta", "input", "weight")
)
LEFT_OUT = value("statistics_share").map(np.sqrt)  # by the shortcut, as a share of its length
BIAS_GRADIENT, BIAS_EFFECT = value("bias_gradient").every(), value("bias_effect").every()
NONE, SHORT = below(ROUND_OFF, "in every instance"), below(0.01, "% of the shortcut's length")
DIFFERENCES = "central differences at the best step, relative error"

CLAIMS = {
    "bias-is-redundant": supported(
        "A bias right before batch norm does nothing.",
        source="overview",
        cases=(
            Case("its gradient, against the gradient above", BIAS_GRADIENT, NONE),
            Case("change of the output when it grows by 1", BIAS_EFFECT, NONE),
        ),
        because="The batch mean takes every constant away again, and with it the constant's "
        "gradient.",
    ),
    "neutral-start": supported(
        "γ = 1 and β = 0 leave the normalized batch alone, and their gradients Σ g·x̂ and Σ g "
        "say where to go.",
        source="demo",
        cases=(
            Case("change of x̂ at (1, 0)", value("neutral_change").every(), within(0)),
            Case(f"gradient of γ against {DIFFERENCES}", GAMMA, below(1e-8)),
            Case(f"gradient of β against {DIFFERENCES}", BETA, below(1e-8)),
        ),
        because="γ·x̂ + β is a straight line in γ and β, so its gradients are two sums.",
    ),
    "statistics-are-constants": refuted(
        "In the backward pass the batch mean and variance may be treated as constants: the "
        "error is negligible.",
        source="reader",
        cases=tuple(
            Case(f"batch of {m}, what should be taken away", LEFT_OUT.at(batch=m).mean(), SHORT)
            for m in (8, 32, 256)
        ),
        because="Two of the m directions of a gradient cancel through the statistics, so the "
        "shortcut is wrong by √(2/m) of its length: too much at every batch size tried. Where "
        "statistics are taken over tens of thousands of values, as in a large convolution, it is "
        "less than that.",
    ),
}

VALUES = {
    "input_error": INPUT,
    "weight_error": WEIGHT,
    "bias_gradient": BIAS_GRADIENT,
    "statistics_small_batch": LEFT_OUT.at(batch=8).mean(),
}
