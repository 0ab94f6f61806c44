"""What may enter a layer: what it would quietly compute something else from is refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from experiments.engine.sums import accumulator

SHAPES = {3: "(run, sample, feature)", 5: "(run, sample, channel, height, width)"}
NOTHING: Mapping = MappingProxyType({})


def checked(
    x: np.ndarray,
    arrays: Mapping[str, np.ndarray] = NOTHING,
    shapes: Mapping[str, tuple[int, ...]] = NOTHING,
    dtype: np.dtype | None = None,
    axes: tuple[int, ...] = (3, 5),
) -> None:
    """Refuse an input, and parameters or state that do not go with it.

    Every layer calls it first in `forward`. It looks at types and shapes, not at numbers, which
    takes less than a microsecond.

    Parameters
    ----------
    x : array
        What enters the layer.
    arrays, shapes : mapping of name to array, and of name to shape without the run
        Parameters or state, and the shape of each.
    dtype : dtype, optional
        What the arrays must be; that of x if left out.
    axes : tuple of int
        How many axes x may have: 3 for features, 5 for images.

    Raises
    ------
    TypeError
        If x is not float16, float32 or float64: a result would be cut down to whole numbers. If an
        array has another dtype than it must: it would be computed in the wider one.
    ValueError
        If x has another number of axes or is empty, or an array has another shape, or is not of as
        many runs; x may be (1, …), the same for all runs.
    """
    checked_floating("the input", x)
    if x.ndim not in axes:
        expected = " or ".join(SHAPES[n] for n in axes)
        raise ValueError(f"the input has shape {x.shape}; it must be {expected}")
    if not x.size:
        raise ValueError(f"the input has shape {x.shape}: an empty batch has nothing to compute")
    dtype, runs = dtype or x.dtype, x.shape[0]
    for name, shape in shapes.items():
        array = arrays[name]
        if array.dtype != dtype:
            raise TypeError(
                f"the input is {x.dtype} but {name} is {array.dtype}, and must be {dtype}; "
                "convert one of them"
            )
        if array.shape[1:] != shape or runs not in (1, array.shape[0]):
            wanted = ("run", *shape)
            raise ValueError(
                f"{name} has shape {array.shape}; for an input of shape {x.shape} "
                f"it must be ({', '.join(map(str, wanted))}), with as many runs as the input"
            )


def checked_statistics(x: np.ndarray, state: Mapping[str, np.ndarray]) -> None:
    """`checked` for running statistics, which have a number a feature, float32 if x is float16."""
    shape = (x.shape[2],) if x.ndim > 2 else ()
    shapes = {"running_mean": shape, "running_var": shape}
    checked(x, state, shapes, accumulator(x.dtype))


def checked_gradient(dy: np.ndarray, x: np.ndarray, keeps_shape: bool = True) -> None:
    """Refuse a ∂L/∂y in another dtype than the input x had. Every layer calls it in `backward`.

    If the layer keeps the shape, one of another shape is refused too, which would be broadcast; x
    alone may have a single run that serves all.

    Raises
    ------
    TypeError
        If the dtypes differ.
    ValueError
        If the shapes differ.
    """
    if dy.dtype != x.dtype:
        raise TypeError(f"∂L/∂y is {dy.dtype} but the input was {x.dtype}; convert ∂L/∂y")
    if keeps_shape and dy.shape[1:] != x.shape[1:]:
        raise ValueError(f"∂L/∂y has shape {dy.shape}, but the output had {x.shape}")


def checked_values(values: int) -> None:
    """Refuse to take the variance of a batch in which a feature has a single value.

    Raises
    ------
    ValueError
        If `values` is 1.
    """
    if values == 1:
        raise ValueError("a batch of 1 sample has no variance to train with; it takes at least 2")


def checked_floating(name: str, array: np.ndarray) -> None:
    """Refuse whole numbers and what else is not float16, float32 or float64.

    Raises
    ------
    TypeError
        If the array's dtype is another.
    """
    if array.dtype.char not in "efd":
        raise TypeError(
            f"{name} is {array.dtype}; it must be float16, float32 or float64, "
            "so convert it: x.astype(np.float32)"
        )
