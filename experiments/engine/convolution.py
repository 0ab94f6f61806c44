"""The convolutional layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from experiments.engine.buffers import Buffers
from experiments.engine.initialization import he_normal
from experiments.engine.inputs import checked, checked_gradient
from experiments.engine.layer import Arrays
from experiments.engine.sums import beside, sum_over, sum_per_channel


@dataclass(frozen=True)
class Convolution:
    """y[o, i, j] = b[o] + Σ_{c, u, v} W[o, c, u, v] x[c, s i + u − p, s j + v − p], with p = (kernel − 1)/2, s = stride.

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
        (rng, fan_in, fan_out) → (fan_in, fan_out) weights in float64, with fan_in = channels in × kernel²; see
        `experiments.engine.initialization`. Biases start at zero.

    Notes
    -----
    Images are (run, sample, channel, height, width). Parameters: weight (run, channel out, channel in, kernel, kernel),
    bias (run, channel out). As everywhere in deep learning the kernel is not turned round, so it is a correlation.

    The patches of an image, copied side by side, are the columns of a matrix, and the layer is a product with it: run
    by run and sample by sample, so no run meets another.

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
        """Draw the weights of each run from its own generator; `features` are the channels that come in."""
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
        if self.padding == "circular" and min(x.shape[3:]) < self._edge:
            raise ValueError(
                f"the input has shape {x.shape}; "
                f"circular padding takes images of at least {self._edge} × {self._edge} pixels"
            )
        weight, buffers = params["weight"], buffers or Buffers()
        patches, size = self._patches(x, buffers)
        y = buffers.array("y", (weight.shape[0], x.shape[1], self.channels, *size), x.dtype)
        np.matmul(self._matrix(weight), patches, out=y.reshape(*y.shape[:3], -1))
        if self.bias:
            y += beside(params["bias"], y)
        return y, {"x": x, "patches": patches}, state

    def backward(
        self, params: Arrays, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """∂L/∂patches = Wᵀ ∂L/∂y, added up in ∂L/∂x wherever a pixel was in several patches; and `gradients`."""
        checked_gradient(dy, saved["x"])
        buffers, size, k, s = buffers or Buffers(), dy.shape[3:], self.kernel, self.stride
        x, edge, g = saved["x"], self._edge, dy.reshape(*dy.shape[:3], -1)
        matrix = self._matrix(params["weight"]).swapaxes(2, 3)
        dpatches = buffers.array("dpatches", (*dy.shape[:2], matrix.shape[2], g.shape[3]), dy.dtype)
        np.matmul(matrix, g, out=dpatches)
        dpatches = dpatches.reshape(*dy.shape[:2], x.shape[2], k, k, *size)

        dpadded = buffers.array("dpadded", (*dy.shape[:2], *self._padded_shape(x)), dy.dtype)
        dpadded[:] = 0
        for u in range(k):
            for v in range(k):
                rows, columns = slice(u, u + s * size[0], s), slice(v, v + s * size[1], s)
                dpadded[..., rows, columns] += dpatches[:, :, :, u, v]
        if self.padding == "circular" and edge:
            for a in (
                dpadded,
                dpadded.swapaxes(3, 4),
            ):  # what was copied beyond an edge gives its gradient back
                a[..., -2 * edge : -edge, :] += a[..., :edge, :]
                a[..., edge : 2 * edge, :] += a[..., -edge:, :]
        dx = buffers.array("dx", (*dy.shape[:2], *x.shape[2:]), dy.dtype)
        dx[:] = dpadded[..., edge : edge + x.shape[3], edge : edge + x.shape[4]]
        return dx, self.gradients(saved, dy, buffers)

    def gradients(
        self, saved: dict[str, Any], dy: np.ndarray, buffers: Buffers | None = None
    ) -> Arrays:
        """∂L/∂W = Σ_samples ∂L/∂y patchesᵀ and ∂L/∂b = Σ ∂L/∂y over samples and pixels."""
        checked_gradient(dy, saved["x"])
        buffers, patches, x = buffers or Buffers(), saved["patches"], saved["x"]
        shape = (dy.shape[0], self.channels, x.shape[2], self.kernel, self.kernel)
        each = buffers.array("each", (*dy.shape[:3], patches.shape[2]), dy.dtype)
        np.matmul(dy.reshape(*dy.shape[:3], -1), patches.swapaxes(2, 3), out=each)
        dweight = buffers.array(
            "dweight", (dy.shape[0], 1, self.channels * patches.shape[2]), dy.dtype
        )
        grads = {"weight": sum_over(1, each.reshape(*dy.shape[:2], -1), dweight).reshape(shape)}
        if self.bias:
            dbias = buffers.array("dbias", (dy.shape[0], 1, self.channels), dy.dtype)
            grads["bias"] = sum_per_channel(dy, dbias)[:, 0]
        return grads

    @property
    def _edge(self) -> int:
        """p, how far the kernel reaches beyond a pixel."""
        return (self.kernel - 1) // 2

    def _padded_shape(self, x: np.ndarray) -> tuple[int, int, int]:
        return (x.shape[2], x.shape[3] + 2 * self._edge, x.shape[4] + 2 * self._edge)

    def _matrix(self, weight: np.ndarray) -> np.ndarray:
        """W as a matrix for every run: (run, 1, channel out, channel in × kernel²)."""
        return weight.reshape(weight.shape[0], 1, self.channels, -1)

    def _patches(self, x: np.ndarray, buffers: Buffers) -> tuple[np.ndarray, tuple[int, int]]:
        """The patches (run, sample, channel in × kernel², pixel out), and the size of the image that comes out."""
        edge, k, s = self._edge, self.kernel, self.stride
        padded = buffers.array("padded", (*x.shape[:2], *self._padded_shape(x)), x.dtype)
        padded[:] = 0
        padded[..., edge : edge + x.shape[3], edge : edge + x.shape[4]] = x
        if self.padding == "circular" and edge:
            for a in (padded, padded.swapaxes(3, 4)):
                a[..., :edge, :] = a[..., -2 * edge : -edge, :]
                a[..., -edge:, :] = a[..., edge : 2 * edge, :]
        windows = sliding_window_view(padded, (k, k), axis=(3, 4))[..., ::s, ::s, :, :]
        size = windows.shape[3:5]
        patches = buffers.array("patches", (*x.shape[:3], k, k, *size), x.dtype)
        patches[:] = windows.transpose(0, 1, 2, 5, 6, 3, 4)
        return patches.reshape(*x.shape[:2], -1, size[0] * size[1]), size
