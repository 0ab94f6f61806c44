"""Does a trained network predict the same with batch norm folded away?

Networks of two hidden layers with batch norm learn digits in float32. Then their numbers are stored
in float64, float32 and float16, and the test images are classified with batch norm and with batch
norm folded into the layers in front of it: how far do logits move, and how many predictions change?
"""

import numpy as np

from experiments.claims import Case, above, refuted
from experiments.engine.activations import ReLU
from experiments.engine.folding import fold
from experiments.engine.initialization import he_normal
from experiments.engine.train import Model
from experiments.results import table, value
from experiments.study import Learning, call, setting
from experiments.training import load, mlp, optimizer_of, paired, train

PRECISIONS = ("float64", "float32", "float16")


class Setup(Learning):
    width: int = setting(64, "units in each of the two hidden layers")
    steps: int = setting(100, "of training")
    batch: int = setting(60, "images in a training batch")
    rate: float = setting(0.1, "learning rate")
    runs: int = setting(16, "networks")
    seed: int = setting(17, "every random stream is spawned from it")


QUICK, FULL, PAPER = Setup(steps=10, width=16), Setup(), Setup(runs=64, steps=1000, width=100)


def points(s):
    """All networks."""
    return {"networks": call(classify, s)}


def classify(data, inputs, optimizer, width, steps, batch, rate, runs):
    """Train, and classify the test images in both forms and each precision."""
    images = load(data, inputs)
    network = mlp((width, width), "batch norm", ReLU(), weights=he_normal, bias=True)
    model, stream = paired(network, images, batch, runs.part(1))
    *_, trained = train(model, stream, optimizer_of(optimizer, rate), steps)
    distance, changed, accuracy = [], [], []
    for precision in PRECISIONS:
        stored, x = trained.astype(precision), images.test.x[None].astype(precision)
        folded, params = fold(network, stored.params, stored.state)
        forms = stored, Model(folded, params, [{}] * len(folded.layers))
        logits = [form.outputs(x).astype(float) for form in forms]
        classes = [one.argmax(axis=2) for one in logits]
        distance.append(np.abs(logits[0] - logits[1]).max(axis=(1, 2)))
        changed.append((classes[0] != classes[1]).mean(axis=1))
        accuracy.append([(one == images.test.labels).mean(axis=1) for one in classes])
    apart, dims = "largest distance between logits with and without folding", "precision run"
    found = {
        "logit_distance": (distance, apart, "1", dims),
        "changed": (changed, "share of test images whose predicted digit changes", "1", dims),
        "accuracy": (accuracy, "test accuracy"),
    }
    return table(found, precision=PRECISIONS, form=["unfolded", "folded"], run=runs)


# ------------------------------------------------------------------------------------------ claims

CHANGED, HALF = value("changed"), value("accuracy", precision="float16")
WORST = value("logit_distance").over("run", "max")
SOME = above(0.001, "% of the test images")

CLAIMS = {
    "folding-changes-predictions": refuted(
        "Folding changes the predictions of a trained network.",
        source="reader",
        cases=tuple(
            Case(f"{name}, predictions that change", CHANGED.at(precision=name).mean(), SOME)
            for name in PRECISIONS
        ),
        because="Logits move by round-off only, and hardly ever are two digits that near to each "
        "other.",
    ),
}

VALUES = {
    "changed_float16": CHANGED.at(precision="float16").mean(),
    "accuracy_half": HALF.at(form="folded").mean(),
    "accuracy_half_unfolded": HALF.at(form="unfolded").mean(),
    **{f"logits_{name}": WORST.at(precision=name).exact() for name in PRECISIONS},
}
