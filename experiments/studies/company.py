"""Why does a prediction depend on its neighbours?

A network with batch norm that was trained with shuffled batches predicts every test image again and
again, each time among other neighbours: how often does the predicted digit change, by the size of
the batch and by who is in it?
"""

import numpy as np

from experiments.claims import Case, above, below, refuted, supported
from experiments.data.biased import biased_batches, piles
from experiments.engine.activations import ReLU
from experiments.measures.modes import predictions, predictions_in_batches
from experiments.results import difference, table, value
from experiments.study import Learning, call, setting
from experiments.training import load, mlp, optimizer_of, start, train

COMPANY = ("any", "own digit", "another digit")
CLASSES, SIZES = 10, (2, 4, 8, 16, 32, 64, 128, 256)


class Setup(Learning):
    hidden: tuple[int, int] = setting((32, 32), "units in the hidden layers")
    batch: int = setting(32, "images in a training batch, and in a company of one digit")
    rate: float = setting(0.05, "learning rate")
    steps: int = setting(750, "of training")
    sizes: tuple[int, ...] = setting(SIZES, "images in a batch in which a prediction is made")
    images: int = setting(300, "test images that are put into company of one digit")
    draws: int = setting(6, "random companies of every test image, for each size")
    runs: int = setting(16, "runs, each with weights and batches of its own")
    seed: int = setting(31, "every random stream is spawned from it")


QUICK = Setup(hidden=(8, 8), steps=40, sizes=(2, 8, 32, 256), images=30, draws=2, runs=2)
FULL, PAPER = Setup(), Setup(hidden=(100, 100), steps=20_000, draws=50, runs=64)


def points(s):
    """All companies of the same networks."""
    return {"networks": call(learn, s)}


def learn(data, inputs, optimizer, hidden, batch, rate, steps, sizes, images, draws, runs):
    """Train with shuffled batches, and predict test images in every company."""
    digits, same = load(data, inputs, side=7), runs.part(0)
    model = start(mlp(hidden, "batch norm", ReLU()), same, digits.features)
    stream = biased_batches(digits.train.x, digits.train.labels, batch, CLASSES, same.order())
    *_, trained = train(model, stream, optimizer_of(optimizer, rate), steps)
    rng = runs.common(2)
    read = [by_size(trained, digits.test, size, draws, rng) for size in sizes]
    apart, moved, alone = np.swapaxes(read, 0, 1)
    company = by_company(trained, digits.test, batch, images, rng)
    differ = "share of predictions in training mode that differ from evaluation mode"
    disagree = "share of test images to which two random companies give different predictions"
    change = "share of predictions in evaluation mode that change with the batch"
    found = {
        "apart": (apart, disagree, "1", "size run"),
        "moved": (moved, differ, "1", "size run"),
        "alone": (alone, change, "1", "size run"),
        "company": (company, f"{differ}, by company", "1", "who run"),
    }
    return table(found, size=sizes, who=COMPANY, run=runs)


def by_size(model, test, size, draws, rng):
    """Shares of predictions in which two random batches disagree, in which one differs from
    evaluation mode, and in which evaluation mode in a batch differs from itself."""
    alone = predictions(model, test.x[None])
    counts, moved = np.zeros((*alone.shape, CLASSES)), np.zeros(len(alone))
    for _ in range(draws):
        order = rng.permutation(len(test.x))
        found = predictions_in_batches(model, test.x, order, size)
        counts += found[:, :, None] == np.arange(CLASSES)
        moved += (found != alone).mean(axis=1) / draws
    pairs = (counts * (counts - 1)).sum(axis=2) / (draws * (draws - 1))
    batch = rng.permutation(len(test.x))[:size]
    again = predictions(model, test.x[batch][None])
    return [1 - pairs.mean(axis=1), moved, (again != alone[:, batch]).mean(axis=1)]


def by_company(model, test, batch, images, rng):
    """Share of predictions that each company changes, (who, run)."""
    alone, of_digit = predictions(model, test.x[None]), piles(test.labels)
    found, everyone = np.zeros((len(COMPANY), len(alone))), np.arange(len(test.x))
    some = rng.permutation(len(test.x))[:images]
    for k in range(len(COMPANY)):
        for image in some:
            digit = test.labels[image]
            other = (digit + rng.integers(1, CLASSES)) % CLASSES
            pile = (everyone, of_digit[digit], of_digit[other])[k]
            others = rng.choice(pile[pile != image], batch - 1, replace=False)
            x = test.x[[image, *others]][None]
            found[k] += predictions(model, x, training=True)[:, 0] != alone[:, image]
    return found / len(some)


# ------------------------------------------------------------------------------------------ claims

APART, ALONE = value("apart"), value("alone")
BY_ANY, BY_OWN, BY_ANOTHER = (value("company", who=who) for who in COMPANY)
SOME, ANY = above(0.01, "% of the images"), above(0, "% of them")
FIVE = below(0.05, "percentage points")  # the pilot's intervals were about one point wide
DIFFER = "two random companies give different predictions"
MORE = "predictions changed more than by random ones"

CLAIMS = {
    "prediction-depends-on-neighbours": supported(
        "In training mode the prediction for an image depends on what else is in the batch.",
        source="reader",
        cases=tuple(
            Case(f"batches of {size}, {DIFFER}", APART.at(size=size).mean(), SOME)
            for size in (2, 32, 256)
        ),
        because="The mean and standard deviation of the batch are part of the function.",
    ),
    "evaluation-prediction-depends-on-neighbours": refuted(
        "A trained network with batch norm gives an image another prediction in another "
        "batch, in evaluation mode too.",
        source="reader",
        cases=tuple(
            Case(f"batches of {size}, predictions that change", ALONE.at(size=size).every(), ANY)
            for size in (8, 32, 256)
        ),
        because="Statistics that were fixed before do not depend on the batch.",
    ),
    "only-the-number-of-neighbours-matters": refuted(
        "What matters is how many neighbours a prediction in training mode has, and not who "
        "they are.",
        source="reader",
        cases=tuple(
            Case(f"31 neighbours, all of {whose} digit, {MORE}", difference(changed, BY_ANY), FIVE)
            for whose, changed in (("the image’s own", BY_OWN), ("another", BY_ANOTHER))
        ),
        because="Among its own kind an image is standardized to nothing special, and what made it "
        "that digit is subtracted.",
    ),
}

VALUES = {
    **{f"apart_{size}": APART.at(size=size).mean() for size in (2, 32, 256)},
    "company_any": BY_ANY.mean(),
    "company_own": BY_OWN.mean(),
    "company_another": BY_ANOTHER.mean(),
}
