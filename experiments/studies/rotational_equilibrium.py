"""What does weight decay do to weights whose size does not matter?

One layer of several units, batch norm at ε = 0 and softmax cross-entropy learns a noisy task from
fresh random batches, in float64. Every unit's weights are scale-invariant, and the fixed γ, evenly
spaced by ratio, make their gradients differ. First without weight decay; then with it, for several
products of rate η and decay λ, once lengths have settled; last, from very different lengths.
"""

import numpy as np

from experiments.claims import Case, above, below, depends, refuted, supported, within
from experiments.measures.rotation import follow
from experiments.results import FIRST, LAST, ratio, table, value
from experiments.runs import Runs
from experiments.study import Settings, call, setting
from experiments.theory import optimization as theory

# (rate η, weight decay λ): five products ηλ, and two more pairs with the same product as the second
PRODUCTS = ((0.1, 0.01), (0.3, 0.01), (1.0, 0.01), (0.3, 0.1), (1.0, 0.1))
ALIKE = ((0.03, 0.1), (1.0, 0.003))
named = "η = {:g}, λ = {:g}".format  # the coordinate of a pair
LENGTH = "length of a unit's weights, mean over units"


class Setup(Settings):
    features: int = setting(16, "of the data")
    units: int = setting(8, "scale-invariant weight vectors of a layer, and classes")
    samples: int = setting(16, "in a batch; every batch is new")
    gammas: tuple[float, float] = setting((0.5, 2.0), "fixed γ of the first and last unit")
    noise: float = setting(0.5, "share of the labels that are random; the others are a teacher's")
    pairs: tuple = setting(PRODUCTS + ALIKE, "learning rate η and weight decay λ")
    steps: int = setting(6000, "of training with weight decay; the second half is measured")
    starts: tuple[float, ...] = setting((0.1, 10.0), "lengths of every unit's weights at the start")
    start_pair: tuple[float, float] = setting((0.3, 0.01), "η and λ of the runs from these starts")
    start_steps: int = setting(1800, "of training from these starts")
    growth_rates: tuple[float, ...] = setting((0.01, 0.1, 1.0, 10.0), "η without weight decay")
    growth_steps: int = setting(1000, "of training without weight decay")
    runs: int = setting(16, "random layers, each with batches of its own")
    seed: int = setting(11, "every random stream is spawned from it")


QUICK, FULL = Setup(steps=300, start_steps=900, growth_steps=100), Setup()
PAPER = Setup(runs=64, steps=40_000)


def points(s):
    """Each rate without decay, each pair of both, each start."""
    task = (s.features, s.units, s.samples, s.gammas, s.noise)
    grown = {f"growth-{rate:g}": call(grow, s, task=task, rate=rate) for rate in s.growth_rates}
    pairs = {f"pair-{r:g}-{d:g}": call(settle, s, task=task, rate=r, decay=d) for r, d in s.pairs}
    starts = {f"start-{x:g}": call(begin, s, task=task, start=x, count=s.runs) for x in s.starts}
    return grown | pairs | starts


def grow(task, rate, growth_steps, runs):
    """Lengths without weight decay, and how far each is from Pythagoras."""
    path = follow(task, runs, growth_steps + 1, rate)
    added = rate**2 * path.push[:-1]
    error = np.abs(np.diff(path.squared, axis=0) - added) / path.squared[1:]
    predicted = np.cumsum(np.concatenate([path.squared[:1], added]), axis=0)
    found = {
        "growth": (np.sqrt(path.squared).mean(axis=2), LENGTH),
        "growth_theory": (np.sqrt(predicted).mean(axis=2), f"{LENGTH}, from the squared steps"),
        "step_error": (error.max(axis=(0, 2)), "largest error, relative", "1", "growth_rate run"),
    }
    return table(found, growth_rate=rate, growth_step=range(growth_steps + 1), run=runs)


def settle(task, rate, decay, steps, runs):
    """Averages over the second half: squared angle of a step, ‖w‖⁴, and ‖g̃‖² = ‖w‖²‖g‖²."""
    path, half = follow(task, runs, steps, rate, decay), slice(steps // 2, None)
    size, turns, push = path.squared[half], path.turn[half], (path.squared * path.push)[half]
    fourth, gradient = np.square(size).mean(axis=0), push.mean(axis=0)
    scatter = np.square(push).mean(axis=0) / np.square(gradient) - 1
    expected = theory.equilibrium_fourth_power(rate, decay, gradient)
    next_order = theory.equilibrium_fourth_power(rate, decay, gradient, scatter)
    found = {
        "turn": (np.sqrt(np.square(turns).mean(axis=0)), "root mean square angle of a step", "rad"),
        "fourth_power": (fourth, "mean of ‖w‖⁴"),
        "fourth_power_theory": (expected, "η/(2λ) times the mean squared gradient at length 1"),
        "fourth_power_next": (next_order, "closed form of the mean of ‖w‖⁴ with its next order"),
        "unit_gradient": (gradient, "mean squared gradient at weights of length 1"),
        "unit_gradient_scatter": (scatter, "relative variance of that squared gradient"),
        "rate": (rate, "learning rate η", "1", "setting"),
        "decay": (decay, "weight decay λ", "1", "setting"),
        "turn_theory": (theory.equilibrium_angle(rate, decay), "√(2ηλ)", "rad", "setting"),
    }
    return table(found, setting=named(rate, decay), run=runs, unit=range(fourth.shape[1]))


def begin(task, start, start_pair, start_steps, seed, count):
    """Length and angle at every step; and the recurrence with the second half's mean gradient."""
    runs = Runs(seed, count)  # all of them, whose mean it is: they are not computed in groups
    path, (rate, decay) = follow(task, runs, start_steps, *start_pair, start), start_pair
    settled = (path.squared * path.push)[start_steps // 2 :].mean(axis=(0, 1))
    expected = [theory.squared_lengths(start, start_steps - 1, rate, decay, g) for g in settled]
    expected = np.mean(np.sqrt(expected), axis=0)
    found = {
        "start_length": (np.sqrt(path.squared).mean(axis=2), LENGTH),
        "start_turn": (np.sqrt(np.square(path.turn).mean(axis=2)), "root mean square angle", "rad"),
        "start_length_theory": (expected, f"{LENGTH}, by the recurrence", "1", "start start_step"),
        "start_turn_theory": (theory.equilibrium_angle(rate, decay), "√(2ηλ)", "rad", "start"),
        "start_rate": (rate, "learning rate η from this start", "1", "start"),
        "start_decay": (decay, "weight decay λ from this start", "1", "start"),
    }
    return table(found, start=start, start_step=range(start_steps), run=runs)


# ------------------------------------------------------------------------------------------ claims

_, USUAL, FAST, _, LARGEST = SETTLED = tuple(named(*pair) for pair in PRODUCTS)
# Sums of at most 1,024 float64 terms of order one: 1,024 * 2**-53 is 1.1e-13.
EXACT, CLOSE, SAME = below(1e-12), within(1, relative=0.05), within(1, relative=0.01)

ERROR, FOURTH = value("step_error"), value("fourth_power")
ANGLE = value("turn").map(np.square).over("unit", "mean").map(np.sqrt)  # root mean square
USUAL_ANGLE, TURNED = ANGLE.at(setting=USUAL), ANGLE / value("turn_theory")
LENGTHS = (FOURTH / value("fourth_power_theory")).over("unit", "mean")
NEXT_RATIO = (FOURTH / value("fourth_power_next")).over("unit", "mean")


def unit_ratio(pair, variable="turn"):
    """The unit with the largest γ over that with the smallest."""
    return ratio(*(value(variable, setting=pair, unit=unit) for unit in (LAST, FIRST)))


def starts_apart(times):
    """Length from the longest start over that from the shortest, after `times`/(ηλ) steps."""

    def steps(results):  # the last tenth of them, which is averaged
        product = float(results["start_rate"][0] * results["start_decay"][0])
        last = min(round(times / product), results.sizes["start_step"] - 1)
        return slice(last - last // 10, last)

    length = value("start_length", start_step=steps).over("start_step", "mean")
    return ratio(length.at(start=LAST), length.at(start=FIRST))


CLAIMS = {
    "sgd-lengthens-weights": supported(
        "Without weight decay, each step of SGD makes weights in front of a batch norm "
        "longer: |w′|² = |w|² + η²|∇L|².",
        source="arora2018",
        cases=tuple(
            Case(f"η = {r:g}, relative error in any step", ERROR.at(growth_rate=r).every(), EXACT)
            for r in FULL.growth_rates
        ),
        because="The gradient is orthogonal to the weights, so old weights, step and new weights "
        "are the sides of a right triangle.",
    ),
    "a-step-turns-by-rate-times-decay": supported(
        "With weight decay, scale-invariant weights settle to turning by √(2ηλ) in each step.",
        source="wan2021",
        cases=tuple(
            Case(f"{p}, root mean square angle over √(2ηλ)", TURNED.at(setting=p).mean(), CLOSE)
            for p in SETTLED
        ),
        because="Where the growth by turning and the shrinking by decay balance, nothing but the "
        "product of rate and decay is left.",
    ),
    "length-settles": depends(
        "The length settles where |w|⁴ is η/(2λ) times the mean squared gradient at weights "
        "of length 1.",
        source="vanlaarhoven2017",
        cases=tuple(
            Case(f"{p}, mean of |w|⁴ over the closed form", LENGTHS.at(setting=p).mean(), CLOSE)
            for p in SETTLED
        ),
        because="It is the leading order in ηλ: good for usual rates and decays, and too low where "
        "their product is no longer small.",
    ),
    "larger-gradients-learn-faster": refuted(
        "Units with larger gradients turn faster.",
        source="reader",
        cases=tuple(
            Case(f"{p}, angle with 4 times the γ", unit_ratio(p), above(1.1, "times"))
            for p in (USUAL, FAST)
        ),
        because="In equilibrium their weights are longer by just what makes up for it.",
    ),
    "only-the-product-counts": supported(
        "For how fast such weights turn in the end, only the product of learning rate and "
        "weight decay counts.",
        source="vanlaarhoven2017",
        cases=tuple(
            Case(f"angle, {USUAL} over {p}", ratio(USUAL_ANGLE, ANGLE.at(setting=p)), SAME)
            for p in (named(*pair) for pair in ALIKE)
        ),
        because="More decay makes the weights shorter, and a smaller rate turns short weights as "
        "far as a larger one turns long ones.",
    ),
    "start-is-forgotten": depends(
        "With weight decay it soon makes no difference how long the weights were at the start.",
        source="reader",
        cases=tuple(
            Case(f"after {t:g}/(ηλ) steps, length from 10 over from 0.1", starts_apart(t), CLOSE)
            for t in (0.25, 5)
        ),
        because="A difference of |w|⁴ fades as exp(−4ηλt), so it takes some multiples of 1/(ηλ) "
        "steps.",
    ),
}

VALUES = {
    "step_error": ERROR.over("growth_rate", "max").every(),
    "turn_ratio": TURNED.at(setting=USUAL).mean(),
    "turn": USUAL_ANGLE.mean("rad"),
    "length_ratio_large": LENGTHS.at(setting=LARGEST).mean(),
    "length_next_large": NEXT_RATIO.at(setting=LARGEST).mean(),
    "turn_ratio_large": TURNED.at(setting=LARGEST).mean(),
    "unit_ratio": unit_ratio(USUAL),
    "apart_early": starts_apart(0.25),
    "apart_late": starts_apart(5),
    "gradients_apart": unit_ratio(USUAL, "unit_gradient"),
}
