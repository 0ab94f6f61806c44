"""How fast a convolution is: `make bench`.

16 → 16 channels, 28 × 28 pixels, 3 × 3 kernel, float32, 4 runs of 32 images, one BLAS thread.
`extra_info` has the GFLOP/s of the fastest round: 2 k² c_in c_out h w for each image in the forward
pass, and twice that in the backward pass, which is ∂L/∂W and ∂L/∂x. On a busy machine a round is
interrupted and the rate falls, so read it beside the bare products, which are of the same size.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy loads, as in the studies

import numpy as np
import pytest

from experiments.engine.buffers import Buffers
from experiments.engine.convolution import Convolution

RUNS, SAMPLES, CHANNELS, PIXELS, KERNEL = 4, 32, 16, 28, 3
FORWARD = 2 * KERNEL**2 * CHANNELS**2 * PIXELS**2 * SAMPLES * RUNS  # multiplications, additions


def products():
    """The product of the weights with patches that lie there already."""
    rng = np.random.default_rng(0)
    shape = (CHANNELS * KERNEL**2, PIXELS**2)
    weight = rng.standard_normal((RUNS, 1, CHANNELS, shape[0]), dtype=np.float32)
    patches = rng.standard_normal((RUNS, 1, *shape), dtype=np.float32)
    out = np.empty((RUNS, SAMPLES, CHANNELS, shape[1]), np.float32)
    return lambda: np.matmul(weight, patches, out=out)


def layer():
    """The layer's forward and its backward pass."""
    convolution, buffers = Convolution(CHANNELS, KERNEL), Buffers()
    rngs = [np.random.default_rng(s) for s in np.random.SeedSequence(0).spawn(RUNS)]
    params, state, _ = convolution.init(rngs, CHANNELS, np.dtype(np.float32))
    shape = (RUNS, SAMPLES, CHANNELS, PIXELS, PIXELS)
    x, dy = rngs[0].standard_normal((2, *shape), dtype=np.float32)
    _, saved, _ = convolution.forward(params, state, x, True, buffers)
    return (
        lambda: convolution.forward(params, state, x, True, buffers),
        lambda: convolution.backward(params, saved, dy, buffers),
    )


PASSES = {
    "matrix products alone": (products, 1),
    "forward": (lambda: layer()[0], 1),
    "backward": (lambda: layer()[1], 2),
}


@pytest.mark.benchmark(group="convolution")
@pytest.mark.parametrize("name", PASSES)
def test_pass(benchmark, name):
    make, times = PASSES[name]
    benchmark.pedantic(make(), rounds=20, iterations=1, warmup_rounds=3)
    benchmark.extra_info["gflop_a_second"] = times * FORWARD / benchmark.stats["min"] / 1e9
