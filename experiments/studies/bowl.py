"""Is the loss over γ and β a bowl?

First the bowl itself, (γ − γ*)² + (β − β*)². It is drawn in explanations of batch norm as a picture; here it is the mean squared error of
a real batch norm layer whose output is compared with a target, and gradient descent goes down it through the engine's own layers. The same for
a scale and an offset without normalization in front. Then the real thing: networks with two hidden layers are trained on digits, and
the loss is computed over the γ and β of one unit of the upper one, all other parameters held where training left them. Where is the
minimum, how round is it, how far out does a quadratic describe it, and what do γ and β do to the gradient of the weights below?

What came out: for a linear unit and squared error the bowl is exactly right, for every batch, because normalized values and the constant are
orthonormal. Behind a nonlinearity and under cross-entropy each unit has a valley of its own, longer than wide, with a minimum of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from experiments.before import Case, Claim
from experiments.data import mnist
from experiments.data.batches import batches
from experiments.engine.activations import Sigmoid, Tanh
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.layer import Arrays
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.parameters import mapped
from experiments.engine.sgd import SGD
from experiments.engine.standardize import PYTORCH, Standardize
from experiments.engine.train_reading import train
from experiments.measures.statistics import (
    Measurement,
    mean,
    median,
    paired_difference,
    paired_ratio,
    spread,
)
from experiments.theory import optimization as theory

ACTIVATIONS = {"sigmoid": Sigmoid(), "tanh": Tanh()}
TARGET = (1.5, 0.8)  # the minimum (γ*, β*) of the bowl in the demo
UPPER = 6  # the place of the upper hidden layer’s Affine among the layers


@dataclass(frozen=True)
class Setup:
    """Settings of the study."""

    bowl_rates: tuple[float, ...] = (
        0.05,
        0.1,
        0.2,
        0.3,
        0.4,
        0.5,
        0.6,
        0.7,
        0.8,
        0.9,
        0.99,
        1.01,
        1.1,
    )  # α on the bowl
    bowl_samples: int = 64  # in the batch of the bowl
    bowl_steps: int = 30  # of gradient descent on the bowl
    offsets: tuple[float, ...] = (
        0.0,
        0.5,
        1.0,
        2.0,
        4.0,
        8.0,
    )  # mean of the unit's input, in standard deviations
    hidden: tuple[int, int] = (24, 24)  # units in the two hidden layers
    batch: int = 32  # images in a training batch
    learning_rate: float = 0.3  # of stochastic gradient descent, without momentum
    steps: int = 1000  # of training
    images: int = 1000  # training images over which the loss surface is a mean
    units: int = 8  # units of the upper hidden layer that are examined, in every run
    radii: tuple[float, ...] = (
        0.1,
        0.3,
        1.0,
        2.0,
    )  # distances from the minimum at which the quadratic is tested
    directions: int = 8  # in which it is tested
    grid: int = 37  # points a side of the surfaces that are drawn
    runs: int = 16  # networks for each activation, with weights and batches of their own
    seed: int = 31  # every random stream is spawned from it


QUICK = Setup(hidden=(12, 12), steps=150, images=100, units=3, grid=13, runs=4, bowl_steps=10)
FULL = Setup()
PAPER = Setup(hidden=(100, 100), steps=20_000, images=4000, units=100, grid=81, runs=64)
RUNS_A_POINT = 8
REACH = 20.0  # a unit whose search gets this far from (0, 0) has no minimum nearby


@dataclass(frozen=True)
class Point:
    """The bowl, or some runs of networks with one activation."""

    part: str  # "bowl" or one of ACTIVATIONS
    first: int  # the first of its runs
    last: int  # one after the last
    setup: Setup


def points(setup: Setup) -> dict[str, Point]:
    """The bowl, and for each activation the runs in groups."""
    found = {"bowl": Point("bowl", 0, setup.runs, setup)}
    for name in ACTIVATIONS:
        for first in range(0, setup.runs, RUNS_A_POINT):
            last = min(first + RUNS_A_POINT, setup.runs)
            found[f"{name}-runs-{first:02d}"] = Point(name, first, last, setup)
    return found


def run(point: Point) -> xr.Dataset:
    """Compute one point."""
    return _bowl(point) if point.part == "bowl" else _networks(point)


# ------------------------------------------------------------------------------------------------------------------- the bowl


def _bowl(point: Point) -> xr.Dataset:
    """Gradient descent on the mean squared error of one batch norm, and the Hessian with and without the normalization."""
    setup = point.setup
    rngs = [
        np.random.default_rng(s) for s in np.random.SeedSequence((setup.seed, 0)).spawn(setup.runs)
    ]
    z = np.stack([rng.standard_normal((setup.bowl_samples, 1)) for rng in rngs])
    noise = np.stack([rng.standard_normal((setup.bowl_samples, 1)) for rng in rngs])
    layers = Network((Standardize(convention=replace(PYTORCH, eps=0.0)), Affine()))
    params, state = layers.init(rngs, 1, np.float64)
    xhat = layers.forward(params, state, z, training=True)[1][0]["xhat"]
    # The target's covariance with x̂ and its mean are the minimum; what else is in it only lifts the bowl.
    noise -= noise.mean(axis=1, keepdims=True) + xhat * (noise * xhat).mean(axis=1, keepdims=True)
    target = TARGET[0] * xhat + TARGET[1] + noise

    # Each rate starts as far from the minimum as (1, 0) is, in a direction of its own; the first at (1, 0).
    rates = np.array(setup.bowl_rates)
    path = np.empty((rates.size, setup.bowl_steps + 1, setup.runs, 2))
    for k, rate in enumerate(rates):
        turn = 2 * np.pi * k / rates.size
        away = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ (
            np.array([1.0, 0.0]) - TARGET
        )
        here = [
            {},
            {
                name: np.full((setup.runs, 1), TARGET[j] + away[j])
                for j, name in enumerate(("gamma", "beta"))
            },
        ]
        optimizer = SGD(rate)
        for step in range(setup.bowl_steps + 1):
            path[k, step] = np.concatenate([here[1]["gamma"], here[1]["beta"]], axis=1)
            y, saved, _ = layers.forward(here, state, z, training=True)
            _, grads = layers.backward(here, saved, 2 * (y - target) / setup.bowl_samples)
            optimizer.update(here, grads, optimizer.init(here))
    off = path - np.array(TARGET)
    predicted = (1 - 2 * rates)[:, None, None, None] * off[:, :-1]
    size = np.linalg.norm(off, axis=3)
    error = np.linalg.norm(off[:, 1:] - predicted, axis=3) / np.maximum(size[:, :1], size[:, :-1])

    # The Hessian, column by column: the gradient of a quadratic is linear in (γ, β), so one difference gives it exactly.
    condition = np.empty((2, len(setup.offsets), setup.runs))
    for k, model in enumerate((Network((Affine(),)), layers)):
        for j, offset in enumerate(setup.offsets):
            x = offset + xhat
            start, start_state = model.init(rngs, 1, np.float64)
            slopes = []
            for name in (None, "gamma", "beta"):
                at = [dict(layer) for layer in start]
                if name:
                    at[-1][name] = at[-1][name] + 1
                y, saved, _ = model.forward(at, start_state, x, training=True)
                _, grads = model.backward(at, saved, 2 * (y - target) / setup.bowl_samples)
                slopes.append(np.concatenate([grads[-1]["gamma"], grads[-1]["beta"]], axis=1))
            hessian = np.stack([slopes[1] - slopes[0], slopes[2] - slopes[0]], axis=2)
            values = np.linalg.eigvalsh((hessian + hessian.swapaxes(1, 2)) / 2)
            condition[k, j] = values[:, 1] / values[:, 0]
    return xr.Dataset(
        {
            "bowl_path": (("bowl_rate", "bowl_step", "run", "parameter"), path, {"long_name": "γ and β on the bowl", "units": "1"}),
            "bowl_error": (("bowl_rate", "run"), error.max(axis=1),
                           {"long_name": "largest distance of a step from (1 − 2α) times the last, over the distance", "units": "1"}),
            "bowl_factor": (("bowl_rate", "run"), size[:, 1] / size[:, 0],
                            {"long_name": "by what the first step multiplies the distance", "units": "1"}),
            "bowl_factor_theory": ("bowl_rate", theory.descent_factor(rates, np.array([2.0, 2.0])),
                                   {"long_name": "|1 − 2α|", "units": "1"}),
            "offset_condition": (("model", "offset", "run"), condition,
                                 {"long_name": "condition number of the Hessian over γ and β, squared error", "units": "1"}),
            "offset_condition_theory": ("offset", theory.affine_condition(np.array(setup.offsets), 1.0),
                                        {"long_name": "the same without normalization, closed form", "units": "1"}),
        },
        coords={"bowl_rate": rates, "bowl_step": np.arange(setup.bowl_steps + 1, dtype=np.int32), "parameter": ["gamma", "beta"],
                "model": ["none", "batch norm"], "offset": list(setup.offsets), "run": np.arange(setup.runs, dtype=np.int32)},
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------------- the networks


@dataclass(frozen=True)
class Surface:
    """The loss over γ and β of units of the last hidden layer, every other parameter held fixed.

    L(γ, β) = mean_i −log softmax(c_i + φ(γ x̂_i + β) w)[label_i] for each unit, with c the logits without the unit's part.

    Parameters
    ----------
    activation : str
        φ, a key of `ACTIVATIONS`.
    xhat : ndarray, shape (unit, image)
    others : ndarray, shape (unit, image, class)
        c.
    weight : ndarray, shape (unit, class)
        w, from the unit to the logits.
    labels : ndarray of int, shape (image,)
    """

    activation: str
    xhat: np.ndarray
    others: np.ndarray
    weight: np.ndarray
    labels: np.ndarray

    def loss(self, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """L for one (γ, β) a unit: (unit,)."""
        return self._parts(gamma, beta)[0]

    def derivatives(
        self, gamma: np.ndarray, beta: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """L (unit,), its gradient (unit, 2) and Hessian (unit, 2, 2), the order being γ, β.

        With u = (x̂, 1): ∇L = mean(r φ′ u) and ∇²L = mean((q φ′² + r φ″) u uᵀ), where r = w·(p − onehot(label)) and
        q = Var_p(w) are the first and second derivative of a sample's loss by the activation, p its softmax.
        """
        loss, p, value = self._parts(gamma, beta)
        slope = np.einsum("uic,uc->ui", p, self.weight)
        square = np.einsum("uic,uc->ui", p, np.square(self.weight))
        r, q = slope - self.weight[:, self.labels], square - np.square(slope)
        if self.activation == "sigmoid":
            first, second = value * (1 - value), value * (1 - value) * (1 - 2 * value)
        else:
            first, second = 1 - np.square(value), -2 * value * (1 - np.square(value))
        u = np.stack([self.xhat, np.ones_like(self.xhat)])
        gradient = np.einsum("ui,aui->ua", r * first, u) / self.labels.size
        curve = q * np.square(first) + r * second
        return loss, gradient, np.einsum("ui,aui,bui->uab", curve, u, u) / self.labels.size

    def _parts(
        self, gamma: np.ndarray, beta: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        y = gamma[:, None] * self.xhat + beta[:, None]
        value = np.tanh(y) if self.activation == "tanh" else 0.5 * (1 + np.tanh(y / 2))
        z = self.others + value[:, :, None] * self.weight[:, None, :]
        z -= z.max(axis=2, keepdims=True)
        at_label = z[:, np.arange(self.labels.size), self.labels]
        np.exp(z, out=z)
        total = z.sum(axis=2)
        z /= total[:, :, None]
        return (np.log(total) - at_label).mean(axis=1), z, value

    def part(self, unit: int) -> Surface:
        """The surface of one unit."""
        k = slice(unit, unit + 1)
        return replace(self, xhat=self.xhat[k], others=self.others[k], weight=self.weight[k])


def minimum(surface: Surface, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Go downhill by Newton's method, kept within a trusted distance, from `start` (unit, 2).

    Where the surface curves down, the step goes with the curvature's size. Returns the points (unit, 2) and whether each is a
    minimum: a vanishing gradient, a positive definite Hessian, and not further than `REACH` from (0, 0).
    """
    at, trusted = start.copy(), np.full(len(start), 0.5)
    loss, gradient, hessian = surface.derivatives(*at.T)
    for _ in range(100):
        if (np.linalg.norm(gradient, axis=1) < 1e-10).all() or (trusted < 1e-9).all():
            break
        values, vectors = np.linalg.eigh(hessian)
        along = np.einsum("uab,ua->ub", vectors, gradient) / np.maximum(np.abs(values), 1e-12)
        step = -np.einsum("uab,ub->ua", vectors, along)
        length = np.linalg.norm(step, axis=1)
        step *= np.minimum(1, trusted / np.maximum(length, 1e-300))[:, None]
        there = np.where((np.linalg.norm(at, axis=1) < REACH)[:, None], at + step, at)
        new = surface.derivatives(*there.T)
        better = new[0] <= loss
        at = np.where(better[:, None], there, at)
        loss = np.where(better, new[0], loss)
        gradient = np.where(better[:, None], new[1], gradient)
        hessian = np.where(better[:, None, None], new[2], hessian)
        trusted = np.where(better, np.minimum(2 * trusted, 1.0), trusted / 4)
    found = (np.linalg.norm(gradient, axis=1) < 1e-7) & (np.linalg.eigvalsh(hessian)[:, 0] > 0)
    return at, found & (np.linalg.norm(at, axis=1) < REACH)


def network(activation: str, setup: Setup, classes: int = 10) -> Network:
    """Two hidden layers of dense, batch norm, activation, and the output layer."""
    blocks = [
        (Dense(width, bias=False), Standardize(), Affine(), ACTIVATIONS[activation])
        for width in setup.hidden
    ]
    return Network((*(layer for block in blocks for layer in block), Dense(classes)))


def surface_of(net: Network, activation: str, params: list[Arrays], state: list[Arrays], x: np.ndarray, labels: np.ndarray,
               run: int, units: int) -> Surface:  # fmt: skip
    """The surface of the first `units` of the upper hidden layer of one run; the images are one batch, in training mode."""
    logits, saved, _ = net.forward(params, state, x[None], training=True)
    xhat, value, weight = saved[UPPER]["x"][run], saved[-1]["x"][run], params[-1]["weight"][run]
    others = logits[run] - value.T[:units, :, None] * weight[:units, None, :]
    return Surface(activation, np.ascontiguousarray(xhat.T[:units]), others, weight[:units], labels)


def _networks(point: Point) -> xr.Dataset:
    """Train, then examine units of the upper hidden layer."""
    setup, name = point.setup, point.part
    digits = mnist.load_shrunk(7)
    x = digits.train_x
    seeds = [
        s.spawn(2)
        for s in np.random.SeedSequence((setup.seed, 1)).spawn(setup.runs)[point.first : point.last]
    ]
    net = network(name, setup)
    first, state = net.init([np.random.default_rng(s[0]) for s in seeds], x.shape[1], np.float32)
    stream = batches(
        x, digits.train_labels, setup.batch, [np.random.default_rng(s[1]) for s in seeds]
    )
    steps = np.unique(np.round(setup.steps * (np.arange(60) / 59) ** 2).astype(int))
    instruments = {
        f"{i} {key}": lambda moment, i=i, key=key: moment.params[i][key]
        for i, layer in enumerate(first)
        for key in layer
    }
    readings = [
        read
        for _, read in train(
            net, first, state, stream, SGD(setup.learning_rate), steps, instruments
        )
    ]
    path = np.stack(
        [
            np.stack(
                [read[f"{UPPER} {key}"][:, : setup.units] for key in ("gamma", "beta")], axis=2
            )
            for read in readings
        ]
    )

    def wide(read: dict[str, np.ndarray]) -> list[Arrays]:
        return [
            {key: read[f"{i} {key}"].astype(np.float64) for key in layer}
            for i, layer in enumerate(first)
        ]

    trained, state = wide(readings[-1]), mapped(lambda s: s.astype(np.float64), state)
    chosen = np.linspace(0, len(x) - 1, setup.images).astype(
        int
    )  # evenly, since images are sorted by digit
    x, labels = x[chosen].astype(np.float64), digits.train_labels[chosen]
    start = path[-1].astype(np.float64)
    lowest, found, eigenvalues, error, along, left, ended = [], [], [], [], [], [], []
    for run in range(len(seeds)):
        surface = surface_of(net, name, trained, state, x, labels, run, setup.units)
        at, there = minimum(surface, start[run])
        _, _, hessian = surface.derivatives(*at.T)
        lowest.append(np.where(there[:, None], at, np.nan))
        found.append(there)
        values, vectors = np.linalg.eigh(hessian)
        eigenvalues.append(values)
        ended.append(np.linalg.eigvalsh(surface.derivatives(*start[run].T)[2]))
        along.append(np.abs(vectors[:, 0, 0]) > np.abs(vectors[:, 1, 0]))
        left.append(surface.loss(*start[run].T) - surface.loss(*at.T))
        error.append(
            [_misfit(surface, at, hessian, radius, setup.directions) for radius in setup.radii]
        )
        if run == 0:
            first_surface, first_ends = surface, at
    found, eigenvalues = np.array(found), np.array(eigenvalues)
    condition = np.where(
        found, eigenvalues[:, :, 1] / np.where(found, eigenvalues[:, :, 0], 1), np.inf
    )
    ended = np.array(ended)
    convex = ended[:, :, 0] > 0
    condition_ended = np.where(convex, ended[:, :, 1] / np.where(convex, ended[:, :, 0], 1), np.inf)
    misfit = np.where(found[:, None, :], error, np.inf)

    dims, one = ("activation", "run", "unit"), {"units": "1"}
    changes = {
        which: _changed(net, net_params, state, x, labels)
        for which, net_params in (("start", wide(readings[0])), ("trained", trained))
    }
    result = xr.Dataset(
        {
            "path": (("activation", "step", "run", "unit", "parameter"), path[None].astype(np.float64), one | {"long_name": "γ and β in training"}),
            "minimum": ((*dims, "parameter"), np.array(lowest)[None], one | {"long_name": "γ and β of the lowest loss, all else held fixed"}),
            "found": (dims, found[None].astype(np.int32), one | {"long_name": "whether there is such a minimum"}),
            "curvature": (dims, eigenvalues[None, :, :, 1], {"units": "nats", "long_name": "larger eigenvalue of the Hessian there"}),
            "along_gamma": (dims, np.array(along)[None].astype(np.int32), one | {"long_name": "whether the flat direction is nearer to γ than to β"}),
            "left": (dims, np.array(left)[None], {"units": "nats", "long_name": "loss after training minus the lowest over the unit’s γ and β"}),
            "condition": (dims, condition[None], one | {"long_name": "condition number of the Hessian at the minimum"}),
            "condition_ended": (dims, condition_ended[None],
                                one | {"long_name": "the same where training ended; infinite where the surface curves down"}),
            "misfit": (("activation", "run", "radius", "unit"), misfit[None],
                       one | {"long_name": "relative error of the quadratic, root mean square over directions"}),
            "answer": (("activation", "when", "change", "quantity", "run"), np.array([changes["start"], changes["trained"]])[None],
                       one | {"long_name": "the gradient of the weights below after a change of γ or β, against before"}),
        },
        coords={"activation": [name], "step": steps.astype(np.int32), "run": np.arange(point.first, point.last, dtype=np.int32),
                "unit": np.arange(setup.units, dtype=np.int32), "parameter": ["gamma", "beta"], "radius": list(setup.radii),
                "when": ["start", "trained"], "change": ["gamma, fixed", "gamma", "beta"], "quantity": ["length", "angle"]},
    )  # fmt: skip
    return (
        result
        if point.first or name != "sigmoid"
        else result.merge(_drawn(first_surface, path[:, 0], first_ends, condition[0], setup))
    )


def _misfit(
    surface: Surface, at: np.ndarray, hessian: np.ndarray, radius: float, directions: int
) -> np.ndarray:
    """Root mean square over directions of (rise of the loss − quadratic), over that of the quadratic, at a distance: (unit,)."""
    bottom = surface.loss(*at.T)
    rises, bowls = [], []
    for angle in 2 * np.pi * np.arange(directions) / directions:
        d = radius * np.array([np.cos(angle), np.sin(angle)])
        rises.append(surface.loss(*(at + d).T) - bottom)
        bowls.append(0.5 * np.einsum("a,uab,b->u", d, hessian, d))
    return np.sqrt(
        np.square(np.subtract(rises, bowls)).mean(axis=0) / np.square(bowls).mean(axis=0)
    )


def _changed(
    net: Network, params: list[Arrays], state: list[Arrays], x: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """How ∂L/∂W below the upper batch norm changes: γ doubled with the gradient from above held fixed, γ doubled, β plus 1.

    Returns
    -------
    ndarray, shape (change, quantity, run)
        Length over the length before, and the angle between the two (degrees).
    """

    def gradient(
        gamma: float, beta: float, above: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        here = [dict(layer) for layer in params]
        here[UPPER] = {
            "gamma": gamma * params[UPPER]["gamma"],
            "beta": params[UPPER]["beta"] + beta,
        }
        logits, saved, _ = net.forward(here, state, x[None], training=True)
        dy = softmax_cross_entropy(logits, labels[None])[1]
        for i in range(len(net.layers) - 1, UPPER - 3, -1):
            if i == UPPER and above is not None:
                dy = above
            if i == UPPER:
                arrived = dy
            dy, grads = net.layers[i].backward(here[i], saved[i], dy)
        return grads["weight"].reshape(len(dy), -1), arrived

    before, above = gradient(1.0, 0.0)
    result = []
    for after in (gradient(2.0, 0.0, above)[0], gradient(2.0, 0.0)[0], gradient(1.0, 1.0)[0]):
        lengths = [np.linalg.norm(g, axis=1, keepdims=True) for g in (before, after)]
        apart = np.linalg.norm(
            before / lengths[0] - after / lengths[1], axis=1
        )  # exact for small angles, unlike the cosine
        result.append(
            [(lengths[1] / lengths[0])[:, 0], np.degrees(2 * np.arcsin(np.minimum(apart / 2, 1)))]
        )
    return np.array(result)


def _drawn(
    surface: Surface, path: np.ndarray, lowest: np.ndarray, condition: np.ndarray, setup: Setup
) -> xr.Dataset:
    """Surfaces of the roundest, the middle and the longest unit of one network, on grids that hold path and minimum."""
    order = np.argsort(condition)
    order = order[np.isfinite(condition[order])] if np.isfinite(condition).any() else order
    shown = [int(order[k]) for k in (0, (len(order) - 1) // 2, len(order) - 1)]
    axes, losses, hessians = [], [], []
    for unit in shown:
        points = np.concatenate([path[:, unit], lowest[unit][None]])
        centre, half = (
            (points.max(axis=0) + points.min(axis=0)) / 2,
            0.5 * np.ptp(points, axis=0).max() + 0.8,
        )
        ticks = np.linspace(-half, half, setup.grid)
        axes.append([ticks + c for c in centre])
        losses.append(
            [
                surface.part(unit).loss(np.full(1, g), np.full(1, b))[0]
                for b in axes[-1][1]
                for g in axes[-1][0]
            ]
        )
        hessians.append(surface.part(unit).derivatives(*lowest[unit][:, None])[2][0])
    one = {"units": "1"}
    return xr.Dataset(
        {
            "shown_unit": ("shown", np.array(shown, dtype=np.int32), one | {"long_name": "unit of run 0 whose surface is drawn"}),
            "surface_minimum": (("shown", "parameter"), lowest[shown], one | {"long_name": "γ and β at the minimum"}),
            "surface_axis": (("shown", "parameter", "tick"), np.array(axes), one | {"long_name": "γ and β of the grid"}),
            "surface_loss": (("shown", "beta_tick", "tick"), np.array(losses).reshape(len(shown), setup.grid, setup.grid),
                             {"units": "nats", "long_name": "loss over γ and β of the unit"}),
            "surface_hessian": (("shown", "parameter", "parameter_too"), np.array(hessians), {"units": "nats", "long_name": "Hessian at the minimum"}),
        },
        coords={"parameter": ["gamma", "beta"], "shown": np.arange(len(shown), dtype=np.int32)},
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------------------- claims

# On the bowl: the gradient is a mean over the samples, which loses at most a unit of round-off a sample, 64 · 1.1e-16, of numbers
# some times as large as the distance from the minimum.
ROUND_OFF = 1e-13
# The smaller eigenvalue is the difference of numbers larger by the condition number, 4354 at an offset of 8.
CONDITION_ROUND_OFF = 1e-9
NEAR = 0.5  # two minima at most this far apart count as the same place; half of the γ that training starts from
ANYWHERE = tuple(
    (name, when, words)
    for name in ACTIVATIONS
    for when, words in (("start", "before training"), ("trained", "after training"))
)


def _bowl_rate(results: xr.Dataset, variable: str, rate: float) -> Measurement:
    return spread(results[variable].sel(bowl_rate=rate, method="nearest").values)


def _contraction(rate: float) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: _bowl_rate(results, "bowl_error", rate)


def _factor(rate: float) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: _bowl_rate(results, "bowl_factor", rate)


def _offset(
    offset: float, model: str, over_theory: bool = False
) -> Callable[[xr.Dataset], Measurement]:
    """Condition number of the squared error over a scale and an offset; or in parts of the closed form without normalization."""

    def measure(results: xr.Dataset) -> Measurement:
        at = results.sel(offset=offset)
        return spread(
            at["offset_condition"].sel(model=model).values
            / (float(at["offset_condition_theory"]) if over_theory else 1.0)
        )

    return measure


def _units(results: xr.Dataset, variable: str, activation: str) -> np.ndarray:
    return results[variable].sel(activation=activation).transpose("run", "unit", ...).values


def _middle(variable: str, activation: str, unit: str = "") -> Callable[[xr.Dataset], Measurement]:
    """The median over a network's units, median over networks."""
    return lambda results: median(
        np.quantile(_units(results, variable, activation), 0.5, axis=1, method="lower"), unit
    )


def _misfits(activation: str, radius: float) -> Callable[[xr.Dataset], Measurement]:
    """Relative error of the quadratic at a distance: the median over a network's units, median over networks."""

    def measure(results: xr.Dataset) -> Measurement:
        error = (
            results["misfit"]
            .sel(activation=activation, radius=radius)
            .transpose("run", "unit")
            .values
        )
        return median(np.quantile(error, 0.5, axis=1, method="lower"))

    return measure


def _share(variable: str, activation: str) -> Callable[[xr.Dataset], Measurement]:
    return lambda results: mean(_units(results, variable, activation).mean(axis=1))


def _alike(activation: str) -> Callable[[xr.Dataset], Measurement]:
    """Share of a network's pairs of units whose minima are at most `NEAR` apart; without a minimum they are not."""

    def measure(results: xr.Dataset) -> Measurement:
        lowest = _units(results, "minimum", activation)
        first, second = np.triu_indices(lowest.shape[1], 1)
        return mean(
            (np.linalg.norm(lowest[:, first] - lowest[:, second], axis=2) <= NEAR).mean(axis=1)
        )

    return measure


def _reached(activation: str) -> Callable[[xr.Dataset], Measurement]:
    """Share of units that training leaves within a tenth of the distance from (1, 0) to their minimum."""

    def measure(results: xr.Dataset) -> Measurement:
        lowest, last = (
            _units(results, "minimum", activation),
            _units(results.isel(step=-1), "path", activation),
        )
        way = np.linalg.norm(lowest - np.array([1.0, 0.0]), axis=2)
        return mean((np.linalg.norm(lowest - last, axis=2) <= way / 10).mean(axis=1))

    return measure


def _answer(
    results: xr.Dataset, activation: str, when: str, change: str, quantity: str
) -> np.ndarray:
    return (
        results["answer"]
        .sel(activation=activation, when=when, change=change, quantity=quantity)
        .values
    )


def _length(activation: str, when: str, change: str) -> Callable[[xr.Dataset], Measurement]:
    """Length of the weights' gradient after a change of γ or β, in parts of that before."""

    def measure(results: xr.Dataset) -> Measurement:
        lengths = _answer(results, activation, when, change, "length")
        return paired_ratio(lengths, np.ones_like(lengths))

    return measure


def _turn(activation: str, when: str) -> Callable[[xr.Dataset], Measurement]:
    """By how much more (degrees) β + 1 turns the weights' gradient than a doubled γ does."""
    return lambda results: paired_difference(
        *(_answer(results, activation, when, change, "angle") for change in ("beta", "gamma")), "°"
    )


def _fixed(results: xr.Dataset) -> Measurement:
    return spread(results["answer"].sel(change="gamma, fixed", quantity="length").values)


CLAIMS = (
    Claim(
        id="bowl-contraction",
        says="On the bowl (γ − 1.5)² + (β − 0.8)², a step of gradient descent multiplies the distance from the minimum by |1 − 2α|.",
        source="demo",
        cases=tuple(
            Case(f"α = {rate:g}, every step", _contraction(rate), lambda m: m.below(ROUND_OFF), "off by less than 1e-13 of the distance")
            for rate in (0.05, 0.1, 0.3, 0.5, 0.9, 1.1)
        ),
        verdict="supported",
        figure="bowl-contraction",
        because="The gradient is twice the distance, in every direction alike; at α = 1/2 one step is the whole way.",
    ),
    Claim(
        id="bowl-edge",
        says="On the bowl, rates below 1 converge and rates above 1 diverge.",
        source="reader",
        cases=(
            *(Case(f"α = {rate:g}", _factor(rate), lambda m: m.below(1), "a step brings the minimum nearer") for rate in (0.05, 0.5, 0.9, 0.99)),
            *(Case(f"α = {rate:g}", _factor(rate), lambda m: m.above(1), "a step leads away from the minimum") for rate in (1.01, 1.1)),
        ),
        verdict="supported",
        figure="bowl-contraction",
        because="Both eigenvalues of the Hessian are 2, and 2 over the largest is the edge.",
    ),
    Claim(
        id="linear-bowl-is-round",
        says="Behind batch norm, the squared error of a linear unit over γ and β is a round bowl.",
        source="reader",
        cases=tuple(
            Case(f"input with a mean of {offset:g} standard deviations", _offset(offset, "batch norm"),
                 lambda m: m.within(1, absolute=CONDITION_ROUND_OFF), "condition number 1 up to round-off (1e-9)")
            for offset in (0.0, 1.0, 4.0, 8.0)
        ),
        verdict="supported",
        figure="bowl-offset",
        because="In every batch, normalized values and the constant 1 are orthogonal and of equal length.",
    ),
    Claim(
        id="offset-makes-a-valley",
        says="Without normalization the same loss is a valley, the longer the further the input’s mean is from zero, by a closed form.",
        source="reader",
        cases=tuple(
            Case(f"mean of {offset:g} standard deviations", _offset(offset, "none", over_theory=True),
                 lambda m: m.within(1, absolute=CONDITION_ROUND_OFF), "equal to the closed form up to round-off (1e-9)")
            for offset in (0.5, 1.0, 2.0, 4.0, 8.0)
        ),
        verdict="supported",
        figure="bowl-offset",
        because="A scale and an offset then do nearly the same to all samples.",
    ),
    Claim(
        id="real-bowl-is-round",
        says="The loss over γ and β is a round bowl.",
        source="demo",
        cases=tuple(
            Case(f"trained network with {name}, units of the upper hidden layer, {where}", _middle(variable, name), lambda m: m.below(1.5),
                 "condition number below 1.5 for half of the units")
            for name in ACTIVATIONS for variable, where in (("condition", "at the minimum"), ("condition_ended", "where training ended"))
        ),
        verdict="refuted",
        figure="bowl-roundness",
        because="A nonlinearity counts some samples more than others, and then normalized values and the constant are no longer orthonormal.",
    ),
    Claim(
        id="real-bowl-is-quadratic",
        says="The loss over γ and β is quadratic around its minimum.",
        source="demo",
        cases=tuple(
            Case(f"{name}, at a distance of {radius:g}", _misfits(name, radius), lambda m: m.below(0.1),
                 "a quadratic is off by less than a tenth for half of the units")
            for name in ACTIVATIONS for radius in (0.1, 1.0)
        ),
        verdict="depends",
        figure="bowl-roundness",
        because="Nearby it is, as every smooth function is at its minimum; at a distance as large as a usual γ it is not.",
    ),
    Claim(
        id="units-share-a-minimum",
        says="There is one best pair of γ and β for the units of a layer.",
        source="demo",
        cases=tuple(
            Case(f"{name}, pairs of units of one layer", _alike(name), lambda m: m.above(0.5),
                 "more than half of the pairs have minima at most 0.5 apart")
            for name in ACTIVATIONS
        ),
        verdict="refuted",
        figure="bowl-minima",
        because="What a unit should do depends on its weights in and out, and they differ.",
    ),
    Claim(
        id="training-reaches-the-bottom",
        says="Training takes a unit’s γ and β to the bottom of their bowl.",
        source="demo",
        cases=tuple(
            Case(f"{name}", _reached(name), lambda m: m.above(0.5),
                 "more than half of the units end within a tenth of the way from (1, 0) to their minimum")
            for name in ACTIVATIONS
        ),
        verdict="refuted",
        figure="bowl-minima",
        because="The surface is flat along γ, and it is another one as long as the weights move.",
    ),
    Claim(
        id="variance-is-speed",
        says="The variance after batch norm, γ, sets the speed of learning: doubling γ doubles the gradient of the weights below.",
        source="demo",
        cases=(
            Case("the gradient from above held fixed", _fixed, lambda m: m.within(2, absolute=1e-12), "twice the length, up to round-off (1e-12)"),
            *(Case(f"{name}, {words}", _length(name, when, "gamma"), lambda m: m.within(2, relative=0.1), "twice the length, within a tenth")
              for name, when, words in ANYWHERE),
        ),
        verdict="depends",
        figure="bowl-answer",
        because="The factor γ is exact, but a different γ changes what the unit puts out, and with it the gradient from above.",
    ),
    Claim(
        id="mean-is-direction",
        says="The mean after batch norm, β, sets the direction of learning: it turns the gradient of the weights below and leaves its length.",
        source="demo",
        cases=(
            *(Case(f"{name}, {words}: angle by β + 1 minus angle by doubling γ", _turn(name, when), lambda m: m.above(0), "β turns it further")
              for name, when, words in ANYWHERE),
            *(Case(f"{name}, {words}: length after β + 1 in parts of that before", _length(name, when, "beta"), lambda m: m.within(1, absolute=0.1),
                   "the same length, within a tenth") for name, when, words in ANYWHERE),
        ),
        verdict="depends",
        figure="bowl-answer",
        because="Moving along the nonlinearity turns the gradient and changes its length too; doubling γ also turns it.",
    ),
)  # fmt: skip

VALUES = {
    "condition_sigmoid": _middle("condition", "sigmoid"),
    "condition_tanh": _middle("condition", "tanh"),
    "ended_sigmoid": _middle("condition_ended", "sigmoid"),
    "ended_tanh": _middle("condition_ended", "tanh"),
    "curvature_sigmoid": _middle("curvature", "sigmoid", "nats"),
    "left_sigmoid": _middle("left", "sigmoid", "nats"),
    "found_sigmoid": _share("found", "sigmoid"),
    "found_tanh": _share("found", "tanh"),
    "along_gamma_sigmoid": _share("along_gamma", "sigmoid"),
    "along_gamma_tanh": _share("along_gamma", "tanh"),
    "misfit_near": _misfits("sigmoid", 0.1),
    "misfit_far": _misfits("sigmoid", 1.0),
    "misfit_near_tanh": _misfits("tanh", 0.1),
    "misfit_far_tanh": _misfits("tanh", 1.0),
    "alike_sigmoid": _alike("sigmoid"),
    "alike_tanh": _alike("tanh"),
    "reached_sigmoid": _reached("sigmoid"),
    "reached_tanh": _reached("tanh"),
    "half_step": lambda results: spread(results["bowl_factor"].sel(bowl_rate=0.5, method="nearest").values),
    "contraction_error": lambda results: spread(results["bowl_error"].max("bowl_rate").values),
    "offset_plain": _offset(4.0, "none"),
    "speed_start": _length("sigmoid", "start", "gamma"),
    "speed_trained": _length("sigmoid", "trained", "gamma"),
    "turn_gamma": lambda results: mean(_answer(results, "sigmoid", "trained", "gamma", "angle"), "°"),
    "turn_beta": lambda results: mean(_answer(results, "sigmoid", "trained", "beta", "angle"), "°"),
    "length_beta": _length("sigmoid", "trained", "beta"),
    "length_beta_tanh": _length("tanh", "trained", "beta"),
}  # fmt: skip
