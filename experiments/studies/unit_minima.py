"""Where is the bottom of the loss over γ and β of a trained unit, and does training go there?

Networks with two hidden layers are trained on digits, and for units of the upper one the lowest
loss over their γ and β is searched, all other parameters held where training left them.
"""

import numpy as np
import xarray as xr

from experiments.claims import Case, above, refuted
from experiments.engine.activations import Sigmoid, Tanh
from experiments.measures.surface import minimum, surfaces
from experiments.results import LAST, table, value
from experiments.study import Learning, call, setting
from experiments.training import load, mlp, optimizer_of, paired, square_steps, train

ACTIVATIONS = {"sigmoid": Sigmoid(), "tanh": Tanh()}
UPPER = -3  # the place of the upper hidden layer’s Affine among the layers
AXES = ["gamma", "beta"]
START = (1.0, 0.0)  # where every γ and β starts
NEAR = 0.5  # minima no further apart are in the same place; half of the γ at the start


class Setup(Learning):
    hidden: tuple[int, int] = setting((24, 24), "units in the two hidden layers")
    batch: int = setting(32, "images in a training batch")
    rate: float = setting(0.3, "learning rate")
    steps: int = setting(1000, "of training")
    images: int = setting(1000, "training images over which the loss is a mean")
    units: int = setting(8, "units of the upper hidden layer that are examined, in every run")
    runs: int = setting(16, "networks for each activation, with weights and batches of their own")
    seed: int = setting(31, "every random stream is spawned from it")


QUICK = Setup(hidden=(12, 12), steps=150, images=100, units=3, runs=4)
FULL, PAPER = Setup(), Setup(hidden=(100, 100), steps=20_000, images=4000, units=100, runs=64)


def points(s):
    return {name: call(search, s, name=name) for name in ACTIVATIONS}


def search(name, data, inputs, optimizer, hidden, batch, rate, steps, images, units, runs):
    """The minimum of every unit's surface, and how γ and β moved in training."""
    digits = load(data, inputs, side=7)
    network = mlp(hidden, "batch norm", ACTIVATIONS[name])
    model, stream = paired(network, digits, batch, runs.part(1))
    at, path, read = square_steps(steps, 60), [], []
    for moment in train(model, stream, optimizer_of(optimizer, rate), steps):
        if moment.step in at:
            affine = [moment.params[UPPER][axis][:, :units] for axis in AXES]
            path.append(np.stack(affine, axis=2).astype(float))
    probe = digits.train.spread(images).astype(float)
    for surface, end in zip(surfaces(moment.astype(float), probe, units), path[-1], strict=True):
        low, found = minimum(surface, end)
        left = surface.loss(*end.T) - surface.loss(*low.T)
        read.append((np.where(found[:, None], low, np.nan), found.astype(np.int32), left))
    low, found, left = map(np.array, zip(*read, strict=True))
    of, whole = "activation run unit", "activation step run unit parameter"
    variables = {
        "path": (path, "γ and β in training", "1", whole),
        "minimum": (low, "γ and β of the lowest loss, all else held fixed", "1", f"{of} parameter"),
        "found": (found, "whether there is such a minimum", "1", of),
        "left": (left, "loss after training minus the lowest over γ and β", "nats", of),
    }
    along = {"step": at, "run": runs, "unit": range(units), "parameter": AXES}
    return table(variables, activation=name, **along)


# ------------------------------------------------------------------------------------------ claims


def alike(results, activation):
    """Share of a network's pairs of units that have minima at most `NEAR` apart."""
    low = value("minimum", activation=activation)(results).transpose("run", "unit", ...).values
    first, second = np.triu_indices(low.shape[1], 1)
    near = np.linalg.norm(low[:, first] - low[:, second], axis=2) <= NEAR
    return xr.DataArray(near.mean(axis=1), dims="run")


def length(difference):
    """In the plane of γ and β; unknown where there is no minimum."""
    return difference.map(lambda a: np.sqrt(np.square(a).sum("parameter", skipna=False)))


def reached(activation):
    """Share of units that end within a tenth of the way from (1, 0) to their minimum."""
    low = value("minimum", activation=activation)
    end = value("path", activation=activation, step=LAST)
    whole = length(low - xr.DataArray(list(START), dims="parameter"))
    return (length(low - end) <= whole / 10).over("unit", "mean")


def middle(units):
    """The lower of each network's two middle units."""
    return units.quantile(0.5, "unit", method="lower")


ALIKE = {name: value(alike, name).mean() for name in ACTIVATIONS}
REACHED = {name: reached(name).mean() for name in ACTIVATIONS}
FOUND = value("found").over("unit", "mean")
APART, ALMOST = f"minima at most {NEAR:g} apart", "within a tenth of the way from (1, 0)"
MOST, MOST_PAIRS = above(0.5, "% of the units"), above(0.5, "% of the pairs of units of a layer")

CLAIMS = {
    "units-share-a-minimum": refuted(
        "There is one best pair of γ and β for the units of a layer.",
        source="demo",
        cases=tuple(Case(f"{name}, {APART}", of, MOST_PAIRS) for name, of in ALIKE.items()),
        because="What a unit should do depends on its weights in and out, and they differ.",
    ),
    "training-reaches-the-bottom": refuted(
        "Training takes a unit’s γ and β to the bottom of their bowl.",
        source="demo",
        cases=tuple(Case(f"{name}, {ALMOST}", of, MOST) for name, of in REACHED.items()),
        because="The surface is flat along γ, and it is another one as long as the weights move.",
    ),
}

VALUES = {
    "left_sigmoid": value("left", activation="sigmoid").map(middle).median("nats"),
    **{f"found_{name}": FOUND.at(activation=name).mean() for name in ACTIVATIONS},
    **{f"alike_{name}": of for name, of in ALIKE.items()},
    **{f"reached_{name}": of for name, of in REACHED.items()},
}
