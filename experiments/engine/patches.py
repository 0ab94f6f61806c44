"""The patches of an image that a kernel is laid on, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from experiments.engine.buffers import Buffers


@dataclass(frozen=True)
class Patches:
    """X[(c, u, v), (i, j)] = x[c, s i + u − p, s j + v − p], with p = (kernel − 1)/2, s = stride.

    Parameters
    ----------
    kernel : int
        Height and width of a patch, an odd number.
    stride : int
        s, from how many pixels on one is taken.
    padding : {"zero", "circular"}
        What lies beyond the edge: zeros, or the opposite edge.

    Notes
    -----
    Images are (run, sample, channel, height, width), patches (run, sample, channel × kernel²,
    pixel): the columns of a matrix for each image.
    """

    kernel: int
    stride: int
    padding: str

    @property
    def edge(self) -> int:
        """p, how far a patch reaches beyond its pixel."""
        return (self.kernel - 1) // 2

    def size(self, height: int, width: int) -> tuple[int, int]:
        """How many patches there are, one below the other and side by side: ⌈h/s⌉ × ⌈w/s⌉."""
        return -(-height // self.stride), -(-width // self.stride)

    def copied(self, x: np.ndarray, buffers: Buffers) -> np.ndarray:
        """X of every image."""
        k, s, (height, width) = self.kernel, self.stride, self.size(*x.shape[3:])
        padded = self._padded(x, buffers)
        patches = buffers.array("patches", (*x.shape[:3], k, k, height, width), x.dtype)
        for v in range(k):
            columns = padded[..., v : v + s * width : s]
            if s == 1:  # a copy of them is one piece of memory for each u
                room = buffers.array("columns", columns.shape, x.dtype)
                np.copyto(room, columns)
                columns = room
            for u in range(k):
                patches[:, :, :, u, v] = columns[..., u : u + s * height : s, :]
        return patches.reshape(*x.shape[:2], -1, height * width)

    def added(self, patches: np.ndarray, shape: tuple[int, ...], buffers: Buffers) -> np.ndarray:
        """Images (…, channel, height, width) = `shape` with Σ of every X that a pixel is in."""
        k, s, p, (height, width) = self.kernel, self.stride, self.edge, self.size(*shape[1:])
        of = patches.reshape(*patches.shape[:2], shape[0], k, k, height, width)
        padded = self._room(patches.shape[:2], shape, patches.dtype, buffers)
        padded[:] = 0
        for u in range(k):
            for v in range(k):
                padded[..., u : u + s * height : s, v : v + s * width : s] += of[:, :, :, u, v]
        if self.padding == "circular" and p:
            for a in (padded, padded.swapaxes(3, 4)):  # what was copied from the opposite edge
                a[..., -2 * p : -p, :] += a[..., :p, :]
                a[..., p : 2 * p, :] += a[..., -p:, :]
        return padded[..., p : p + shape[1], p : p + shape[2]]

    def _padded(self, x: np.ndarray, buffers: Buffers) -> np.ndarray:
        p = self.edge
        padded = self._room(x.shape[:2], x.shape[2:], x.dtype, buffers)
        padded[:] = 0
        padded[..., p : p + x.shape[3], p : p + x.shape[4]] = x
        if self.padding == "circular" and p:
            for a in (padded, padded.swapaxes(3, 4)):
                a[..., :p, :] = a[..., -2 * p : -p, :]
                a[..., -p:, :] = a[..., p : 2 * p, :]
        return padded

    def _room(
        self, images: tuple[int, ...], shape: tuple[int, ...], dtype: np.dtype, buffers: Buffers
    ) -> np.ndarray:
        """Memory for images with their edges."""
        channels, height, width = shape
        around = (channels, height + 2 * self.edge, width + 2 * self.edge)
        return buffers.array("padded", (*images, *around), dtype)
