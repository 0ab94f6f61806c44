"""What a training step costs beside its matrix products: `make bench`.

784-100-100-100-10, batch 60, float32, 16 runs, one BLAS thread, as in the studies of Ioffe and
Szegedy's first figure. Times depend on the machine, so read the ratios, which come from one
session: pytest-benchmark prints each time over the fastest, and that is the bare products. On a
busy machine take those of the column `min`. `extra_info` has its milliseconds for each run.
"""

from __future__ import annotations

import os
from itertools import pairwise

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # before NumPy loads: BLAS threads are not what is measured

import numpy as np
import pytest

from experiments.engine.activations import Sigmoid
from experiments.engine.affine import Affine
from experiments.engine.buffers import Buffers
from experiments.engine.dense import Dense
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.standardize_groups import StandardizeGroups

SIZES, RUNS, SAMPLES = (784, 100, 100, 100, 10), 16, 60


def products():
    """The forward product, ∂L/∂W and, but for the first layer, ∂L/∂x of every dense layer."""
    rng = np.random.default_rng(0)
    layers = [
        [
            rng.standard_normal((RUNS, *shape), dtype=np.float32)
            for shape in ((SAMPLES, a), (a, b), (SAMPLES, b))
        ]
        for a, b in pairwise(SIZES)
    ]
    out = [[np.empty_like(array) for array in layer] for layer in layers]

    def step():
        for i, ((x, w, dy), (dx, dw, y)) in enumerate(zip(layers, out, strict=True)):
            np.matmul(x, w, out=y)
            np.matmul(x.swapaxes(1, 2), dy, out=dw)
            if i:
                np.matmul(dy, w.swapaxes(1, 2), out=dx)

    return step


def training(*normalization, momentum=0.0):
    """A whole training step of the engine."""
    blocks = ((Dense(n), *normalization, Sigmoid()) for n in SIZES[1:-1])
    net = Network((*(layer for block in blocks for layer in block), Dense(SIZES[-1])))
    rngs = [np.random.default_rng(s) for s in np.random.SeedSequence(0).spawn(RUNS)]
    params, state = net.init(rngs, SIZES[0], np.float32)
    x = rngs[0].standard_normal((RUNS, SAMPLES, SIZES[0]), dtype=np.float32)
    labels = rngs[0].integers(0, SIZES[-1], (RUNS, SAMPLES))
    optimizer, buffers = SGD(0.1, momentum), Buffers()
    progress = optimizer.init(params)

    def step():
        y, saved, _ = net.forward(params, state, x, True, buffers)
        _, dy = softmax_cross_entropy(y, labels, buffers)
        _, grads = net.backward(params, saved, dy, buffers, input_gradient=False)
        optimizer.update(params, grads, progress, buffers)

    return step


STEPS = {
    "matrix products alone": products,
    "no normalization": training,
    "batch norm": lambda: training(Standardize(), Affine()),
    "batch norm, momentum": lambda: training(Standardize(), Affine(), momentum=0.9),
    "layer norm": lambda: training(StandardizeFeatures(), Affine()),
    "group norm": lambda: training(StandardizeGroups(10), Affine()),
}


@pytest.mark.benchmark(group="training step")
@pytest.mark.parametrize("name", STEPS)
def test_step(benchmark, name):
    benchmark.pedantic(STEPS[name](), rounds=40, iterations=2, warmup_rounds=5)
    benchmark.extra_info["ms_a_run"] = 1e3 * benchmark.stats["min"] / RUNS
