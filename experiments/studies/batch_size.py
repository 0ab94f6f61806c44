"""What do small batches do to batch norm?

Networks with batch norm, layer norm, group norm or none learn small images of digits with batches
of 2 to 256, for the same number of epochs and at a learning rate in proportion to the batch size.
Each is judged in evaluation mode with its running statistics, with the statistics of all training
images in their place, and in training mode with batches of the size it was trained with. Next,
batches of one fixed size are cut into parts whose gradients are accumulated, so that only batch
norm's statistics come from fewer images. The thresholds were chosen after a pilot with another
seed.
"""

from experiments.claims import Case, above, below, depends, refuted, supported
from experiments.data.samples import Data
from experiments.engine.activations import ReLU
from experiments.engine.parameters import relative_distance
from experiments.measures.modes import MODES, accuracy_by_mode
from experiments.results import table, value
from experiments.study import Learning, call, setting
from experiments.training import NORMS, backpropagate, load, mlp, optimizer_of, paired, train


class Setup(Learning):
    hidden: tuple[int, int] = setting((32, 32), "units in the hidden layers")
    batches: tuple[int, ...] = setting((2, 4, 8, 16, 32, 64, 128, 256), "images in a batch")
    rate_per_image: float = setting(0.1 / 32, "learning rate divided by the batch size")
    images: int = setting(4000, "of the training set, as many of each digit")
    epochs: int = setting(3, "passes through the training images, with every batch size")
    whole: int = setting(32, "images in a batch that is cut into parts")
    parts: tuple[int, ...] = setting((2, 4, 8, 16), "numbers of parts; layer norm: the largest")
    runs: int = setting(16, "paired runs, each with weights and batches of its own")
    seed: int = setting(30, "every random stream is spawned from it")


SIZES = (2, 4, 8, 16, 32, 256)
QUICK = Setup(
    images=256, hidden=(8, 8), batches=SIZES, epochs=1, parts=(8, 16), runs=2, rate_per_image=0.01
)
FULL, PAPER = Setup(), Setup(hidden=(100, 100), epochs=30, runs=64)


def points(s):
    """Each norm with batches of every size, and with accumulated parts; then gradients."""
    conditions = [(norm, size, 1) for norm in NORMS for size in s.batches]
    conditions += [("batch norm", s.whole, parts) for parts in s.parts]
    conditions += [("layer norm", s.whole, max(s.parts))]
    found = {
        f"{norm}-{size}-in-{parts}": call(fit, s, norm=norm, batch=size, parts=parts)
        for norm, size, parts in conditions
    }
    found |= {f"{norm}-gradient": call(gradients, s, norm=norm) for norm in NORMS}
    return {name.replace(" ", "-"): point for name, point in found.items()}


def fit(norm, batch, parts, data, inputs, optimizer, hidden, rate_per_image, images, epochs, runs):
    """Train with batches of a size, in parts or whole, and classify the test images."""
    digits = load(data, inputs, side=7)
    digits, part = Data(digits.train.evenly(images), digits.test), batch // parts
    model, stream = paired(mlp(hidden, norm, ReLU()), digits, batch, runs.part(0))
    descent, steps = optimizer_of(optimizer, rate_per_image * batch), epochs * (images // batch)
    *_, trained = train(model, stream, descent, steps, parts=parts)
    found = accuracy_by_mode(trained, digits, part, runs.common(1))
    name, dim = ("parted", "part") if parts > 1 else ("accuracy", "size")
    words = "test accuracy after training with batches, or accumulated parts, of this size"
    return table({name: (found, words)}, norm=norm, **{dim: part}, mode=MODES, run=runs)


def gradients(norm, data, inputs, hidden, whole, parts, runs):
    """The accumulated gradient against the whole batch's, in double precision, at the start."""
    digits = load(data, inputs, side=7)
    double = Data(digits.train.astype(float), digits.test)
    model, stream = paired(mlp(hidden, norm, ReLU()), double, whole, runs.part(2))
    batch = next(stream)
    grads = backpropagate(model, *batch).grads
    found = [relative_distance(backpropagate(model, *batch, parts=k).grads, grads) for k in parts]
    words = "length of the accumulated gradient minus that of the whole batch, relative"
    variables = {"gradient_difference": (found, words)}
    return table(variables, gradient_part=[whole // k for k in parts], norm=norm, run=runs)


# ------------------------------------------------------------------------------------------ claims

BN, LN, GN, POINTS = "batch norm", "layer norm", "group norm", "percentage points"
EVAL, PARTED = value("accuracy", mode="running"), value("parted", norm=BN, mode="running")
RUNNING, EXACT, TRAIN = (value("accuracy", norm=BN, mode=mode) for mode in MODES)
LOST = EVAL.at(size=FULL.whole) - EVAL  # against batches of 32
BN_LOST, BY_PART = LOST.at(norm=BN), RUNNING.at(size=FULL.whole) - PARTED
BY_MODE, BY_NORM = TRAIN - RUNNING, RUNNING - EVAL.at(norm=LN)
MEAN = RUNNING.over("run", "mean")
REPAIRED = (EXACT - RUNNING) / (MEAN.at(size=FULL.whole) - MEAN)  # as a share of what is lost
APART, OFF = value("gradient_difference"), "relative difference"

# Three points of accuracy are ten standard errors of a paired difference in the pilot.
MUCH, FEW, MORE = above(0.03, POINTS), below(0.03, POINTS), above(0, POINTS)
EDGE = above(0.01, "percentage point")  # where two ways to normalize are compared
HALF = above(0.5, "% of what is lost against batches of 32")
SAME = below(1e-12)  # sums of at most 32 · 49 products, through three layers and back


def by_size(when, of, rule, *sizes, dim="size"):
    """A case for every size of a batch, or of a part."""
    return tuple(Case(when.format(k), of.at(**{dim: k}).mean(), rule) for k in sizes)


CLAIMS = {
    "batch-norm-needs-large-batches": depends(
        "Batch norm needs large batches: with small ones it loses accuracy.",
        source="wu2018",
        cases=by_size("accuracy, batches of 32 minus batches of {}", BN_LOST, MUCH, 2, 4, 8, 16),
        because="It loses at two and at four images, and little or nothing at eight and at "
        "sixteen.",
    ),
    "other-norms-ignore-batch-size": supported(
        "Layer norm and group norm do not mind small batches.",
        source="wu2018",
        cases=(
            *by_size("accuracy, layer norm, 32 minus {} a batch", LOST.at(norm=LN), FEW, 2, 4),
            *by_size("accuracy, group norm, 32 minus {} a batch", LOST.at(norm=GN), FEW, 2, 4),
        ),
        because="Their statistics come from one image at a time, so a batch only averages "
        "gradients.",
    ),
    "batch-norm-beats-layer-norm": depends(
        "Batch norm classifies images better than layer norm.",
        source="reader",
        cases=by_size(
            "accuracy, batch norm minus layer norm, {} a batch", BY_NORM, EDGE, 2, 32, 256
        ),
        because="It does with batches that are large enough, most of all where there are few and "
        "large steps, and does much worse at two images.",
    ),
    "running-statistics-fail-small-batches": refuted(
        "With small batches it is the running statistics that are to blame; exact ones would "
        "repair evaluation mode.",
        source="reader",
        cases=by_size("batches of {}, exact statistics restore", REPAIRED, HALF, 2, 4),
        because="With the statistics of all training images the network is hardly better: it has "
        "learned to work with something else.",
    ),
    "train-mode-suits-trained-batch-size": depends(
        "A network should be judged as it was trained: in training mode, with batches of the "
        "same size, it does better.",
        source="reader",
        cases=by_size(
            "accuracy, train minus evaluation mode, {} a batch", BY_MODE, MORE, 2, 8, 32, 256
        ),
        because="The noise of a small batch costs more than the difference between the modes; with "
        "large batches here, few steps leave the running statistics behind.",
    ),
    "accumulation-replaces-large-batches": refuted(
        "If memory forces small batches on batch norm, accumulating gradients makes up for it.",
        source="reader",
        cases=by_size(
            "accuracy, whole minus parts of {}, 32 a batch", BY_PART, FEW, 2, 4, dim="part"
        ),
        because="The gradient is averaged over all parts, and the statistics are still those of "
        "one part.",
    ),
    "accumulated-gradient-is-whole": depends(
        "The accumulated gradient of the parts of a batch is the gradient of the whole batch.",
        source="reader",
        cases=tuple(
            Case(f"{norm}, parts of {k}, {OFF}", APART.at(norm=norm, gradient_part=k).every(), SAME)
            for norm, k in ((BN, 2), (LN, 2), (GN, 2), ("none", 2), (BN, 4))
        ),
        because="It is wherever images do not see each other, and with batch norm it is the "
        "gradient of another function.",
    ),
}

VALUES = {
    **{f"bn_{k}": RUNNING.at(size=k).mean() for k in (2, 8, 32, 256)},
    **{f"bn_{k}_train": TRAIN.at(size=k).mean() for k in (2, 8)},
    **{f"repaired_{k}": REPAIRED.at(size=k).mean() for k in (2, 4)},
    "bn_256_population": EXACT.at(size=256).mean(),
    "parted_2": PARTED.at(part=2).mean(),
    "gradient_2": APART.at(norm=BN, gradient_part=2).every(),
}
