"""What does Bessel's correction in the running variance do, one normalization after another?

Twenty normalizations in a row see one and the same batch for ever; others see fresh batches, and so
does a random network of twenty dense, batch norm and ReLU blocks: both are evaluated on a large
sample. Each is run with Bessel's correction in the running variance (PyTorch) and without (Keras,
Flax), with ε = 0, so that closed forms are exact.
"""

import numpy as np

from experiments.claims import Case, below, depends, supported, within
from experiments.measures import gap
from experiments.results import LAST, difference, ratio, value
from experiments.runs import normal
from experiments.study import Settings, call, setting
from experiments.theory.inference import eval_variance_population
from experiments.training import seen, start

WORDS = "standard deviation over the population in eval mode"


class Setup(Settings):
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
MANY = (2, 4, 8, 16, 32, 64, 128, 256, 512)
LARGE = {"network_batches": (16, 64, 256), "width": 256}
PAPER = Setup(runs=64, batches=MANY, steps=2000, running_rate=0.01, **LARGE)


def points(s):
    """Every setting at every one of its batch sizes."""
    return {
        **{f"fixed-{m}": call(fixed, s, batch=m) for m in s.fixed_batches},
        **{f"fresh-{m}": call(stacks, s, batch=m) for m in s.batches},
        **{f"network-{m}": call(network, s, batch=m) for m in s.network_batches},
    }


def fixed(batch, layers, features, fixed_steps, fixed_rate, runs):
    """One batch for ever through normalizations in a row."""
    return gap.one_batch(batch, layers, features, fixed_steps, fixed_rate, runs)


def stacks(batch, layers, features, steps, running_rate, population, runs):
    """Fresh batches through normalizations in a row."""
    read = []
    for unbiased in gap.CONVENTIONS.values():
        rngs = runs.part(1, batch).streams()
        model = start(gap.stack(layers, running_rate, unbiased), runs, features, dtype=float)
        for _ in range(steps):
            model = seen(model, 3.0 + 2.0 * normal(rngs, batch, features))
        read.append(spread(model, 3.0 + 2.0 * normal(rngs, population, features)))
    return gap.by_layer("fresh_std", read, WORDS, eval_variance_population, batch, runs)


def network(batch, layers, width, steps, running_rate, population, runs):
    """The same through random blocks."""
    read = []
    for unbiased in gap.CONVENTIONS.values():
        model, fresh = gap.settled_blocks(unbiased, batch, layers, width, steps, running_rate, runs)
        read.append(spread(model, fresh(population)))
    words = f"{WORDS}, after the normalization"
    return gap.by_layer("network_std", read, words, eval_variance_population, batch, runs)


def spread(model, x):
    """Standard deviation of what each normalization puts out, which in training mode would be 1."""
    return [np.sqrt(y.var(axis=1).mean(axis=1)) for y in gap.normalized(model, x)]


# ------------------------------------------------------------------------------------------ claims


def both(variable, layer):
    """With Bessel's correction and without, in batches of 64."""
    return (gap.std(variable, 64, layer, convention) for convention in gap.CONVENTIONS)


def against(variable, layer):
    """|ln std| with the correction minus without, below zero if it brings eval mode nearer."""
    return difference(*(abs(std.map(np.log)) for std in both(variable, layer)))


WITH, DEEP = {"convention": "unbiased"}, {"convention": "unbiased", "layer": LAST}
FIXED = value("fixed_std", **WITH) / value("fixed_std_theory", **WITH)
FRESH = value("fresh_std", **DEEP) / value("fresh_std_theory", **DEEP)
NETWORK_RATIO = ratio(*both("network_std", 20))
EXACTLY, ABOUT, NEAR = within(1, absolute=1e-12), within(1, relative=0.03), within(1, relative=0.01)
NEARER = below(0, "(nearer to training mode)")

BLOCKS = "20 blocks of dense, batch norm, ReLU"
OVER = "standard deviation over training mode’s"
WITH_OVER_WITHOUT = "standard deviation with the correction over that without"
EVERY = "20 normalizations, over the closed form in every layer, unit and run"
DEEPEST = "the 20th normalization, over the closed form, which has no noise of running averages"
GAP = "|ln std| in eval mode, with the correction minus without"

CLAIMS = {
    "bessel-does-not-matter": depends(
        "Whether the running variance is the biased or the unbiased one makes no difference "
        "worth speaking of.",
        source="reader",
        cases=(
            Case(f"20 normalizations, m = 64, {OVER}", gap.std("fixed_std", 64, 20).every(), NEAR),
            Case(f"one normalization, m = 64, {OVER}", gap.std("fixed_std", 64, 1).every(), NEAR),
            Case(f"one normalization, m = 4, {OVER}", gap.std("fixed_std", 4, 1).every(), NEAR),
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
                Case(f"one batch for ever, m = {m}, {EVERY}", FIXED.at(batch=m).every(), EXACTLY)
                for m in (4, 64)
            ),
            *(
                Case(f"fresh batches, m = {m}, {DEEPEST}", FRESH.at(batch=m).mean(), ABOUT)
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
    **{f"fresh_deep_{name}": gap.std("fresh_std", 64, 20, name).mean() for name in gap.CONVENTIONS},
    **{f"network_{name}": gap.std("network_std", 64, 20, name).mean() for name in gap.CONVENTIONS},
    "network_ratio": NETWORK_RATIO,
}
