"""What does Bessel's correction in the running variance do, one normalization after another?

Twenty normalizations in a row see one and the same batch for ever; others see fresh batches, and so
does a random network of twenty dense, batch norm and ReLU blocks: both are evaluated on a large
sample. Each is run with Bessel's correction in the running variance (PyTorch) and without (Keras,
Flax), with ε = 0, so that closed forms are exact.

What came out: with the correction, every layer after the first divides by a variance that is too
large by m/(m−1), because a normalized batch has variance exactly one, so the output shrinks
geometrically with depth. Without, only the first layer is off, once.
"""

from dataclasses import dataclass

import numpy as np

from experiments.measures.gap import (
    CONVENTIONS,
    by_layer,
    normalized,
    one_batch,
    settled_blocks,
    stack,
    std,
)
from experiments.results import LAST, difference, ratio, value
from experiments.runs import normal
from experiments.study import Case, below, call, depends, setting, supported, within
from experiments.theory.inference import eval_variance_population
from experiments.training import seen, start


@dataclass(frozen=True)
class Setup:
    runs: int = setting(16, "independent runs; both conventions see the same batches")
    batches: tuple[int, ...] = setting(
        (4, 8, 16, 32, 64, 128), "sizes of the batches that are fresh in a stack"
    )
    layers: int = setting(20, "normalizations in a row")
    features: int = setting(16, "units of a stack")
    fixed_batches: tuple[int, ...] = setting((4, 64), "sizes of the batch that never changes")
    fixed_steps: int = setting(100, "updates on the batch that never changes")
    fixed_rate: float = setting(0.3, "update rate on it: the start fades to round-off")
    steps: int = setting(300, "updates on fresh batches, in the stacks and in the network")
    running_rate: float = setting(0.03, "update rate on them: small, so that averages are quiet")
    population: int = setting(4096, "fresh samples that stand for the population")
    network_batches: tuple[int, ...] = setting((64,), "batch sizes of the random network")
    width: int = setting(64, "units of a layer of the random network")
    seed: int = setting(2, "every random stream is spawned from it")


QUICK = Setup(batches=(4, 64), features=2, steps=150, width=16, population=1024)
FULL = Setup()
PAPER = Setup(
    runs=64,
    batches=(2, 4, 8, 16, 32, 64, 128, 256, 512),
    steps=2000,
    running_rate=0.01,
    network_batches=(16, 64, 256),
    width=256,
)


def points(s):
    """Every setting at every one of its batch sizes."""
    return {
        **{f"fixed-{m}": call(fixed, s, batch=m) for m in s.fixed_batches},
        **{f"fresh-{m}": call(stacks, s, batch=m) for m in s.batches},
        **{f"network-{m}": call(network, s, batch=m) for m in s.network_batches},
    }


def fixed(batch, layers, features, fixed_steps, fixed_rate, runs):
    """One batch for ever through normalizations in a row."""
    return one_batch(batch, layers, features, fixed_steps, fixed_rate, runs)


def over_population(model, x):
    """What every normalization puts out: in training mode it would be one."""
    return [np.sqrt(y.var(axis=1).mean(axis=1)) for y in normalized(model, x)]


def stacks(batch, layers, features, steps, running_rate, population, runs):
    """Fresh batches through normalizations in a row."""
    read = []
    for unbiased in CONVENTIONS.values():
        rngs = runs.part(1, batch).streams()
        model = start(stack(layers, running_rate, unbiased), runs, features, dtype=float)
        for _ in range(steps):
            model = seen(model, 3.0 + 2.0 * normal(rngs, batch, features))
        read.append(over_population(model, 3.0 + 2.0 * normal(rngs, population, features)))
    words = "standard deviation over the population in eval mode"
    return by_layer("fresh_std", read, words, eval_variance_population, batch, runs)


def network(batch, layers, width, steps, running_rate, population, runs):
    """The same through random blocks."""
    read = []
    for unbiased in CONVENTIONS.values():
        model, fresh = settled_blocks(unbiased, batch, layers, width, steps, running_rate, runs)
        read.append(over_population(model, fresh(population)))
    words = "standard deviation over the population in eval mode, after the normalization"
    return by_layer("network_std", read, words, eval_variance_population, batch, runs)


# ------------------------------------------------------------------------------------------ claims


def conventions(variable, m, layer):
    """The same with Bessel's correction, and without."""
    return tuple(std(variable, m, layer, convention) for convention in CONVENTIONS)


def against(variable, layer):
    """|ln std| with the correction minus without, below zero if it brings eval mode nearer."""
    return difference(*(abs(one.map(np.log)) for one in conventions(variable, 64, layer)))


def over_theory(variable, m):
    """With the correction, over the closed form, in all layers."""
    at = {"convention": "unbiased", "batch": m}
    return value(variable, **at) / value(f"{variable}_theory", **at)


def fixed_over_theory(m):
    """On one batch for ever, in every layer and run."""
    return over_theory("fixed_std", m).every()


def fresh_over_theory(m):
    """On fresh batches, in the last layer."""
    return over_theory("fresh_std", m).at(layer=LAST).mean()


NETWORK_RATIO = ratio(*conventions("network_std", 64, 20))

BLOCKS = "20 blocks of dense, batch norm, ReLU"
OVER, NEAR = "standard deviation over training mode’s", within(1, relative=0.01)
WITH_OVER_WITHOUT = "standard deviation with the correction over that without"
EVERY = "20 normalizations, over the closed form in every layer, unit and run"
EXACTLY = within(1, absolute=1e-12)
DEEPEST = "the 20th normalization, over the closed form, which has no noise of running averages"
ABOUT = within(1, relative=0.03)
GAP = "|ln std| in eval mode, with the correction minus without"
NEARER = below(0, "(nearer to training mode)")

CLAIMS = {
    "bessel-does-not-matter": depends(
        "Whether the running variance is the biased or the unbiased one makes no difference "
        "worth speaking of.",
        source="reader",
        cases=(
            *(
                Case(f"{count}, m = {m}, {OVER}", std("fixed_std", m, layer).every(), NEAR)
                for count, m, layer in (
                    ("20 normalizations", 64, 20),
                    ("one normalization", 64, 1),
                    ("one normalization", 4, 1),
                )
            ),
            Case(f"{BLOCKS}, m = 64, {WITH_OVER_WITHOUT}", NETWORK_RATIO, NEAR),
        ),
        because="It depends on depth and batch size: each layer loses a factor √((m−1)/m), little "
        "for one layer and a large batch, much for many or a small one; what that costs in "
        "accuracy is not measured.",
    ),
    "the-gap-is-known": supported(
        "With Bessel's correction, every normalization behind another one takes off a factor "
        "√((m−1)/m) in eval mode.",
        source="reader",
        cases=(
            *(
                Case(f"one batch for ever, m = {m}, {EVERY}", fixed_over_theory(m), EXACTLY)
                for m in (4, 64)
            ),
            *(
                Case(f"fresh batches, m = {m}, {DEEPEST}", fresh_over_theory(m), ABOUT)
                for m in (4, 64)
            ),
        ),
        because="A normalized batch has variance exactly one, which the correction takes for "
        "m/(m−1).",
    ),
    "unbiased-is-more-accurate": depends(
        "The running variance should be the unbiased one, since it is to stand for the "
        "population's.",
        source="ioffe2015",
        cases=tuple(
            Case(f"{where}, m = 64, {GAP}", against(variable, layer), NEARER)
            for where, variable, layer in (
                ("first normalization", "fresh_std", 1),
                ("20th normalization", "fresh_std", 20),
                ("20th block of dense, batch norm, ReLU", "network_std", 20),
            )
        ),
        because="It depends on what stands below. The correction is right for independent samples; "
        "behind another batch norm they are not, and how weights and activations in between change "
        "that has no simple rule.",
    ),
}

VALUES = {
    "fresh_deep_unbiased": std("fresh_std", 64, 20).mean(),
    "fresh_deep_biased": std("fresh_std", 64, 20, "biased").mean(),
    "network_unbiased": std("network_std", 64, 20).mean(),
    "network_biased": std("network_std", 64, 20, "biased").mean(),
    "network_ratio": NETWORK_RATIO,
}
