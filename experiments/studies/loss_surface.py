"""Is the loss over γ and β of a trained unit a bowl?

Networks with two hidden layers are trained on digits, and the loss is computed over the γ and β of
one unit of the upper one, all else held where training left it. How round is it around its minimum,
and how far out does a quadratic describe it?
"""

import numpy as np

from experiments.claims import Case, below, depends, refuted
from experiments.engine.activations import Sigmoid, Tanh
from experiments.measures.surface import minimum, surfaces
from experiments.results import table, value
from experiments.runs import Runs
from experiments.study import Learning, call, setting
from experiments.training import load, mlp, optimizer_of, paired, square_steps, train

ACTIVATIONS = {"sigmoid": Sigmoid(), "tanh": Tanh()}
UPPER = -3  # the place of the upper hidden layer’s Affine among the layers
AXES = ["gamma", "beta"]


class Setup(Learning):
    hidden: tuple[int, int] = setting((24, 24), "units in the two hidden layers")
    batch: int = setting(32, "images in a training batch")
    rate: float = setting(0.3, "learning rate")
    steps: int = setting(1000, "of training")
    images: int = setting(1000, "training images over which the loss is a mean")
    units: int = setting(8, "units of the upper hidden layer that are examined, in every run")
    radii: tuple[float, ...] = setting((0.1, 0.3, 1.0, 2.0), "distances to test the quadratic at")
    angles: int = setting(8, "directions to test it in")
    grid: int = setting(37, "points a side of the surfaces that are drawn")
    runs: int = setting(16, "networks for each activation, with weights and batches of their own")
    seed: int = setting(31, "every random stream is spawned from it")


QUICK = Setup(hidden=(12, 12), steps=150, images=100, units=3, grid=13, runs=4)
FULL, PAPER = (
    Setup(),
    Setup(hidden=(100, 100), steps=20_000, images=4000, units=100, grid=81, runs=64),
)


def points(s):
    """The units for each activation, and surfaces of one network."""
    units = {f"units-{name}": call(examine, s, name=name) for name in ACTIVATIONS}
    return {**units, "drawn": call(drawn, s, name="sigmoid")}


def learn(name, data, inputs, optimizer, hidden, batch, rate, steps, images, units, runs):
    """Trained networks, images for their loss, and the paths of the units' γ and β."""
    digits = load(data, inputs, side=7)
    network = mlp(hidden, "batch norm", ACTIVATIONS[name])
    model, stream = paired(network, digits, batch, runs.part(1))
    at, path = square_steps(steps, 60), {}
    for moment in train(model, stream, optimizer_of(optimizer, rate), steps):
        if moment.step in at:
            affine = [moment.params[UPPER][axis][:, :units] for axis in AXES]
            path[moment.step] = np.stack(affine, axis=2).astype(float)
    return moment.astype(float), digits.train.spread(images).astype(float), path


def examine(
    name, data, inputs, optimizer, hidden, batch, rate, steps, images, units, radii, angles, runs
):
    """Minimum and curvature of every unit's surface, and the error of the quadratic."""
    trained, probe, path = learn(
        name, data, inputs, optimizer, hidden, batch, rate, steps, images, units, runs
    )
    read = []
    for surface, end in zip(surfaces(trained, probe, units), path[steps], strict=True):
        low, found = minimum(surface, end)
        values, vectors = np.linalg.eigh(surface.derivatives(*low.T)[2])
        ended = np.linalg.eigvalsh(surface.derivatives(*end.T)[2])
        along = np.abs(vectors[:, 0, 0]) > np.abs(vectors[:, 1, 0])
        misfit = np.where(found, [surface.misfit(low, r, angles) for r in radii], np.inf)
        read.append((along, values[:, 1], condition(values, found), condition(ended), misfit))
    along, curvature, lowest, ended, misfit = map(np.array, zip(*read, strict=True))
    of, flat = "activation run unit", "whether the flat direction is nearer to γ than to β"
    variables = {
        "curvature": (curvature, "larger eigenvalue of the Hessian at the minimum", "nats", of),
        "along_gamma": (along.astype(np.int32), flat, "1", of),
        "condition": (lowest, "condition number of the Hessian at the minimum", "1", of),
        "condition_ended": (ended, "the same where training ended; infinite if concave", "1", of),
        "misfit": (misfit, "relative error of the quadratic", "1", "activation run radius unit"),
    }
    return table(variables, activation=name, run=runs, unit=range(units), radius=radii)


def condition(values, found=True):
    """Ratio of eigenvalues (unit, 2); infinite without a minimum, or if one is negative."""
    convex = found & (values[:, 0] > 0)
    return np.where(convex, values[:, 1] / np.where(convex, values[:, 0], 1), np.inf)


def drawn(name, data, inputs, optimizer, hidden, batch, rate, steps, images, units, grid, seed):
    """Surfaces of the roundest, the middle and the longest unit of the first network."""
    trained, probe, path = learn(
        name, data, inputs, optimizer, hidden, batch, rate, steps, images, units, Runs(seed, 1)
    )
    (surface,), way = surfaces(trained, probe, units), np.array(list(path.values()))[:, 0]
    low, found = minimum(surface, way[-1])
    hessian = surface.derivatives(*low.T)[2]
    length = condition(np.linalg.eigvalsh(hessian), found)
    order = np.argsort(length)
    order = order[np.isfinite(length[order])] if np.isfinite(length).any() else order
    shown = [int(order[k]) for k in (0, (len(order) - 1) // 2, -1)]
    axes, losses = [], []
    for unit in shown:  # on a square that holds the path and the minimum
        ends = np.concatenate([way[:, unit], low[unit][None]])
        first, last = ends.min(axis=0), ends.max(axis=0)
        half = 0.5 * (last - first).max() + 0.8
        gamma, beta = (np.linspace(-half, half, grid) + c for c in (first + last) / 2)
        loss = surface.part(unit).loss
        axes.append([gamma, beta])
        losses.append([[loss(np.array([g]), np.array([b]))[0] for g in gamma] for b in beta])
    cell, curve = "shown beta_tick tick", "shown parameter parameter_too"
    variables = {
        "shown_unit": (np.array(shown, np.int32), "unit whose surface is drawn", "1", "shown"),
        "surface_path": (way[:, shown], "γ and β in training", "1", "step shown parameter"),
        "surface_minimum": (low[shown], "γ and β at the minimum", "1", "shown parameter"),
        "surface_axis": (axes, "γ and β of the grid", "1", "shown parameter tick"),
        "surface_loss": (losses, "loss over γ and β of the unit", "nats", cell),
        "surface_hessian": (hessian[shown], "Hessian at the minimum", "nats", curve),
    }
    return table(variables, step=list(path), parameter=AXES, shown=range(len(shown)))


# ------------------------------------------------------------------------------------------ claims


def middle(variable):
    """Of each network, the lower of its two middle units: numbers may be infinite."""
    return value(variable).map(lambda array: array.quantile(0.5, "unit", method="lower"))


LOWEST, ENDED, MISFIT = map(middle, ("condition", "condition_ended", "misfit"))
MIDDLE, ROUND = "middle unit of the upper hidden layer, condition number", below(1.5)
ERRORS = {
    (name, radius): MISFIT.at(activation=name, radius=radius).median()
    for name in ACTIVATIONS
    for radius in (0.1, 1.0)
}

CLAIMS = {
    "real-bowl-is-round": refuted(
        "The loss over γ and β is a round bowl.",
        source="demo",
        cases=tuple(
            Case(f"trained {name}, {MIDDLE} {where}", of.at(activation=name).median(), ROUND)
            for name in ACTIVATIONS
            for of, where in ((LOWEST, "at the minimum"), (ENDED, "at the end"))
        ),
        because="A nonlinearity counts some samples more than others, and then normalized values "
        "and the constant are no longer orthonormal.",
    ),
    "real-bowl-is-quadratic": depends(
        "The loss over γ and β is quadratic around its minimum.",
        source="demo",
        cases=tuple(
            Case(f"{name}, error at {r:g}, middle unit", error, below(0.1, "% of its rise"))
            for (name, r), error in ERRORS.items()
        ),
        because="Nearby it is, as every smooth function is at its minimum; at a distance as large "
        "as a usual γ it is not.",
    ),
}

ALONG = value("along_gamma").over("unit", "mean")

VALUES = {
    **{f"condition_{name}": LOWEST.at(activation=name).median() for name in ACTIVATIONS},
    **{f"ended_{name}": ENDED.at(activation=name).median() for name in ACTIVATIONS},
    **{f"along_gamma_{name}": ALONG.at(activation=name).mean() for name in ACTIVATIONS},
    "curvature_sigmoid": middle("curvature").at(activation="sigmoid").median("nats"),
    "misfit_near": ERRORS["sigmoid", 0.1],
    "misfit_far": ERRORS["sigmoid", 1.0],
    "misfit_near_tanh": ERRORS["tanh", 0.1],
    "misfit_far_tanh": ERRORS["tanh", 1.0],
}
