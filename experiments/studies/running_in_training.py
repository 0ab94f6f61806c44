"""Do the running averages that batch norm uses at inference equal the population's statistics?

A small network learns digits, and at chosen steps the same weights are evaluated with the running
averages of several update rates, and with the exact mean and variance of every unit over the whole
training set ("precise" statistics: one pass, layer by layer). One training run feeds all the rates,
so they are compared on the same weights. Beside it, a stream with a fixed distribution.
"""

import numpy as np

from experiments.claims import Case, above, below, depends, supported
from experiments.engine.activations import ReLU
from experiments.engine.initialization import he_normal
from experiments.measures.modes import with_population_statistics
from experiments.measures.running import at_rates, on_a_stream
from experiments.results import LAST, difference, ratio, table, value
from experiments.study import Learning, call, setting
from experiments.training import Model, accuracy, load, loss, mlp, optimizer_of, paired, train

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
STEPS = (1, 3, 10, 30, 100, 300, 1000, 3000)


class Setup(Learning):
    running_rates: tuple[float, ...] = setting(RATES, "update rates α of the running averages")
    runs: int = setting(16, "training runs, each with weights and batches of its own")
    width: int = setting(64, "units in each of the two hidden layers")
    batch: int = setting(60, "images in a training batch")
    rate: float = setting(0.1, "learning rate")
    steps: tuple[int, ...] = setting(STEPS, "of training, after which everything is evaluated")
    stream_steps: int = setting(5000, "batches of a stream with a fixed distribution")
    seed: int = setting(3, "every random stream is spawned from it")


QUICK = Setup(running_rates=RATES[::2], runs=4, width=16, steps=STEPS[:-1], stream_steps=1000)
FULL, PAPER = Setup(), Setup(runs=64, width=100, steps=(*STEPS, 10000, 30000))


def points(s):
    """The training runs, and a stream to compare with."""
    return {"training": call(learn, s), "stream": call(fixed_distribution, s)}


def fixed_distribution(stream_steps, runs):
    """A stream that never changes, as `running_stream` has it, at two of the rates."""
    rates = (0.1, 0.01)
    *_, (_, noise) = on_a_stream(rates, 64, 32, 3.0, 2.0, stream_steps, runs)
    words = "variance of the running mean over a stream that never changes"
    return table({"stream_variance": (noise, words)}, stream_rate=rates, run=runs)


def learn(data, inputs, optimizer, width, batch, rate, running_rates, steps, runs):
    """Evaluate with every rate and with the exact statistics, at chosen steps of training."""
    images, hidden = load(data, inputs), (width, width)
    network = mlp(hidden, "batch norm", ReLU(), weights=he_normal)
    model, stream = paired(network, images, batch, runs.part(1))
    moments = train(model, stream, optimizer_of(optimizer, rate), steps[-1])
    path = at_rates(moments, running_rates)
    read = [evaluated(moment, states, images) for moment, states in path if moment.step in steps]
    right, lost, errors, ratios = (np.array(one, dtype=float) for one in zip(*read, strict=True))
    by_rate, by_layer = "step rate run", "step layer rate run"
    off = "error of the running mean, in population standard deviations, RMS over units"
    over = "running over population standard deviation, geometric mean over units"
    precisely = "with the population's statistics"
    found = {
        "accuracy": (right[:, :-1], "test accuracy, eval mode", "1", by_rate),
        "loss": (lost[:, :-1], "test loss, eval mode", "nats", by_rate),
        "precise_accuracy": (right[:, -1], f"test accuracy {precisely}", "1", "step run"),
        "precise_loss": (lost[:, -1], f"test loss {precisely}", "nats", "step run"),
        "bessel_std": (np.sqrt(batch / (batch - 1)), "√(m/(m−1))", "1", ""),
        "mean_error": (errors, off, "1", by_layer),
        "std_ratio": (ratios, over, "1", by_layer),
    }
    return table(found, step=steps, layer=(1, 2), rate=running_rates, run=runs)


def evaluated(moment, states, images):
    """Accuracy and loss with each state and last the exact one; errors of means, ratios of stds."""
    exact = with_population_statistics(moment, images.train.x[None]).state
    models = [Model(moment.network, moment.params, state) for state in (*states, exact)]
    read = ([of(model, images.test) for model in models] for of in (accuracy, loss))
    errors, ratios = [], []
    for i in (i for i, layer in enumerate(exact) if layer):
        mean, std = exact[i]["running_mean"], np.sqrt(exact[i]["running_var"])
        off = [(state[i]["running_mean"] - mean) / std for state in states]
        over = [np.log(np.sqrt(state[i]["running_var"]) / std).mean(axis=1) for state in states]
        errors.append(np.sqrt(np.square(off).mean(axis=2)))
        ratios.append(np.exp(over))
    return *read, errors, ratios


# ------------------------------------------------------------------------------------------ claims


def deficit(rate, step):
    """Accuracy with the population's statistics minus that with running averages, in points."""
    exact, running = value("precise_accuracy", step=step), value("accuracy", rate=rate, step=step)
    return difference(exact * 100, running * 100, "points")


# Error of the running means of both layers, RMS, in population standard deviations.
ERROR = value("mean_error").map(np.square).over("layer", "mean").map(np.sqrt)
EARLY, LATE = (
    ratio(ERROR.at(rate=0.01, step=step), ERROR.at(rate=0.1, step=step)) for step in (30, 300)
)
NOISE = value("stream_variance").map(np.sqrt)
LOST = "accuracy that running averages lose against the population's statistics"
OVER = "error of the running means, RMS over all units, α = 0.01 over 0.1"
FIXED = "a fixed distribution, after many batches: error of the running mean, α = 0.01 over 0.1"

CLAIMS = {
    "running-average-is-population": depends(
        "At inference batch norm uses the mean and variance of the population, for that is "
        "what the running averages are.",
        source="overview",
        cases=tuple(
            Case(f"α = {a:g}, after {t} training steps, {LOST}", deficit(a, t), below(1, "point"))
            for a, t in ((0.1, 1000), (0.1, 10), (0.01, 1000), (0.01, 100), (0.001, 300))
        ),
        because="It depends on the step and on α. As far as accuracy can tell, it does once the "
        "start is forgotten and the weights move slowly; before that it uses something else.",
    ),
    "smaller-rate-is-better": depends(
        "A smaller update rate (in Keras and Flax: a larger momentum) gives more accurate "
        "statistics.",
        source="reader",
        cases=(
            Case(FIXED, ratio(NOISE.at(stream_rate=0.01), NOISE.at(stream_rate=0.1)), below(1)),
            Case(f"after 30 training steps: {OVER}", EARLY, below(1)),
            Case(f"after 300 training steps: {OVER}", LATE, below(1)),
        ),
        because="It depends on how long one has averaged. A small rate averages more noise away, "
        "and remembers the start and the old weights longer: the best rate falls as training goes "
        "on.",
    ),
    "early-validation-is-the-statistics": supported(
        "Early in training, poor validation results can be the running statistics' fault and "
        "not the network's.",
        source="reader",
        cases=tuple(
            Case(f"α = {a:g}, after {t} steps, {LOST}", deficit(a, t), above(5, "points"))
            for a, t in ((0.01, 30), (0.1, 3))
        ),
        because="The same weights do much better with exact means and variances: only these "
        "differ.",
    ),
}

VALUES = {
    "precise_early": value("precise_accuracy", step=30).mean(),
    "small_early": value("accuracy", step=30, rate=0.01).mean(),
    "small_early_deficit": deficit(0.01, 30),
    "usual_early_deficit": deficit(0.1, 30),
    "usual_late_deficit": deficit(0.1, 1000),
    "last_batch_late_deficit": deficit(1.0, 1000),
    "precise_early_loss": value("precise_loss", step=30).mean(),
    "small_early_loss": value("loss", step=30, rate=0.01).mean(),
    "early_error_ratio": EARLY,
    "best_rate_early": ERROR.at(step=30).best("rate", lowest=True).coordinate("rate").exact(),
    "best_rate_late": ERROR.at(step=LAST).best("rate", lowest=True).coordinate("rate").exact(),
    "first_layer_std": value("std_ratio", layer=1, rate=0.1, step=LAST).mean(),
    "second_layer_std": value("std_ratio", layer=2, rate=0.1, step=LAST).mean(),
    "second_layer_std_theory": value("bessel_std").exact(),
}
