"""The convolutional layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from experiments.engine.buffers import Buffers
from experiments.engine.initialization import he_normal
from experiments.engine.inputs import checked, checked_gradient
from experiments.engine.layer import Arrays
from experiments.engine.patches import Patches
from experiments.engine.sums import beside, sum_over, sum_per_channel

# numbers of patches that are copied at a time: they should stay in a core's own cache
BLOCK = 2**17


@dataclass(frozen=True)
class Convolution:
    """y[o, i, j] = b[o] + Σ_{c, u, v} W[o, c, u, v] x[c, s i + u − p, s j + v − p].

    p = (kernel − 1)/2, and s is the stride.

    Parameters
    ----------
    channels : int
        Number of channels that come out.
    kernel : int
        Height and width of W, an odd number.
    stride : int
        s, from how many pixels on one is taken; the image that comes out has ⌈h/s⌉ × ⌈w/s⌉ pixels.
    padding : {"zero", "circular"}
        What lies beyond the edge: zeros, or the opposite edge.
    bias : bool
        Whether there is a b. In front of a `Standardize` it would be subtracted again.
    weights : callable
        (rng, fan_in, fan_out) → (fan_in, fan_out) weights in float64, with fan_in = channels in ×
        kernel²; see `experiments.engine.initialization`. Biases start at zero.

    Notes
    -----
    Images are (run, sample, channel, height, width). Parameters: weight (run, channel out, channel
    in, kernel, kernel), bias (run, channel out). As everywhere in deep learning the kernel is not
    flipped, so it is a correlation.

    The patches of an image, copied side by side, are the columns of a matrix (`Patches`), and the
    layer is a product with it: run by run and sample by sample, so no run meets another. They are
    copied anew for ∂L/∂W, some images at a time, instead of kept: they hold every number of x
    kernel² times, and a copy in the processor's cache is faster than memory.

    Raises
    ------
    ValueError
        If the kernel is even, the stride is not positive, the padding is unknown, or images are
        smaller than p with circular padding.
    """

    channels: int
    kernel: int = 3
    stride: int = 1
    padding: str = "zero"
    bias: bool = True
    weights: Callable[[np.random.Generator, int, int], np.ndarray] = he_normal

    def __post_init__(self) -> None:
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise ValueError(f"kernel={self.kernel}: it must be odd, to have a middle")
        if self.stride < 1:
            raise ValueError(f"stride={self.stride}: it must be at least 1")
        if self.padding not in ("zero", "circular"):
            raise ValueError(f'padding={self.padding!r}: it must be "zero" or "circular"')

    def init(
        self, rngs: Sequence[np.random.Generator], features: int, dtype: np.dtype
    ) -> tuple[Arrays, Arrays, int]:
        """Draw each run's weights from its own generator; `features` are the channels in."""
        fan_in, shape = (
            features * self.kernel**2,
            (self.channels, features, self.kernel, self.kernel),
        )
        weight = np.stack(
            [self.weights(rng, fan_in, self.channels).T.reshape(shape) for rng in rngs]
        )
        # in C order, or the bytes of a product would depend on who copied the weights
        params = {"weight": weight.astype(dtype, order="C")}
        if self.bias:
            params["bias"] = np.zeros((len(rngs), self.channels), dtype)
        return params, {}, self.channels

    def forward(
        self,
        params: Arrays,
        state: Arrays,
        x: np.ndarray,
        training: bool,
        buffers: Buffers | None = None,
    ) -> tuple[np.ndarray, dict[str, Any], Arrays]:
        """W times the patches of x, plus b; x may also be (1, sample, …), the same for all runs."""
        shapes = {"weight": (self.channels, *x.shape[2:3], self.kernel, self.kernel)}
        if self.bias:
            shapes["bias"] = (self.channels,)
        checked(x, params, shapes, axes=(5,))
        if self.padding == "circular" and min(x.shape[3:]) < self._patches.edge:
            raise ValueError(
                f"the input has shape {x.shape}; "
                f"circular padding takes images of at least {self._patches.edge} pixels a side"
            )
        weight, buffers = params["weight"], buffers or Buffers()
        size = self._patches.size(*x.shape[3:])
        y = buffers.array("y", (weight.shape[0], x.shape[1], self.channels, *size), x.dtype)
        matrix, out = self._matrix(weight), y.reshape(*y.shape[:3], -1)
        for of_x, runs, samples in self._blocks(x, y):
            block = x[of_x, samples]
            patches = self._patches.copied(block, buffers.part(block.shape))
            np.matmul(matrix[runs], patches, out=out[runs, samples])
        if self.bias:
            y += beside(params["bias"], y)
        return y, {"x": x}, state

    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """∂L/∂x: ∂L/∂patches = Wᵀ ∂L/∂y, added up for every pixel; and `gradients`."""
        x, buffers = saved["x"], buffers or Buffers()
        checked_gradient(dy, x, keeps_shape=False)
        matrix = self._matrix(params["weight"]).swapaxes(2, 3)
        g = dy.reshape(*dy.shape[:3], -1)
        dx = buffers.array("dx", (*dy.shape[:2], *x.shape[2:]), dy.dtype)
        for _, runs, samples in self._blocks(x, dy):
            block = g[runs, samples]
            own = buffers.part((*block.shape[:2], *x.shape[2:]))
            shape = (*block.shape[:2], matrix.shape[2], block.shape[3])
            dpatches = np.matmul(matrix[runs], block, out=own.array("dpatches", shape, dy.dtype))
            dx[runs, samples] = self._patches.added(dpatches, x.shape[2:], own)
        return dx, self.gradients(saved, dy, buffers)

    def gradients(
        self, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> Arrays:
        """∂L/∂W = Σ_samples ∂L/∂y patchesᵀ and ∂L/∂b = Σ ∂L/∂y over samples and pixels."""
        x, buffers = saved["x"], buffers or Buffers()
        checked_gradient(dy, x, keeps_shape=False)
        g, shape = dy.reshape(*dy.shape[:3], -1), (self.channels, x.shape[2], *(self.kernel,) * 2)
        each = buffers.array("each", (*dy.shape[:3], prod(shape[1:])), dy.dtype)
        for of_x, runs, samples in self._blocks(x, dy):
            block = x[of_x, samples]
            patches = self._patches.copied(block, buffers.part(block.shape))
            np.matmul(g[runs, samples], patches.swapaxes(2, 3), out=each[runs, samples])
        dweight = buffers.array("dweight", (dy.shape[0], 1, prod(shape)), dy.dtype)
        sum_over(1, each.reshape(*dy.shape[:2], -1), dweight)
        grads = {"weight": dweight.reshape(dy.shape[0], *shape)}
        if self.bias:
            dbias = buffers.array("dbias", (dy.shape[0], 1, self.channels), dy.dtype)
            grads["bias"] = sum_per_channel(dy, dbias)[:, 0]
        return grads

    @property
    def _patches(self) -> Patches:
        return Patches(self.kernel, self.stride, self.padding)

    def _matrix(self, weight: np.ndarray) -> np.ndarray:
        """W as a matrix for every run: (run, 1, channel out, channel in × kernel²)."""
        return weight.reshape(weight.shape[0], 1, self.channels, -1)

    def _blocks(self, x: np.ndarray, y: np.ndarray) -> Iterator[tuple[slice, slice, slice]]:
        """Runs of x, runs and samples of y: as many images at a time as make a block of patches."""
        an_image = x.shape[2] * self.kernel**2 * y.shape[3] * y.shape[4]
        runs, samples = max(1, BLOCK // (an_image * x.shape[1])), max(1, BLOCK // an_image)
        if x.shape[0] == 1:
            runs = y.shape[0]  # which share patches
        for run in range(0, y.shape[0], runs):
            of_y = slice(run, run + runs)
            of_x = slice(0, 1) if x.shape[0] == 1 else of_y
            for sample in range(0, x.shape[1], samples):
                yield of_x, of_y, slice(sample, sample + samples)
