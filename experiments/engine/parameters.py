"""Walking the parameters of a network, whose layers may hold layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Path = tuple[int | str, ...]


def leaves(tree: Any, path: Path = ()) -> Iterator[tuple[Path, np.ndarray]]:
    """Every array of nested lists and dictionaries with its path.

    A path is (2, "gamma"), or (2, 1, "gamma") within layer 2.
    """
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(value, np.ndarray):
            yield (*path, key), value
        else:
            yield from leaves(value, (*path, key))


def mapped(change: Callable[[np.ndarray], np.ndarray], tree: Any) -> Any:
    """The same nested lists and dictionaries with `change` applied to every array."""
    if isinstance(tree, dict):
        return {name: mapped(change, value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [mapped(change, value) for value in tree]
    return change(tree)


def relative_distance(first: Any, second: Any) -> np.ndarray:
    """‖first − second‖/‖second‖ over all arrays of two trees alike, by run."""
    difference, length = 0.0, 0.0
    for (_, a), (_, b) in zip(leaves(first), leaves(second), strict=True):
        axes = tuple(range(1, a.ndim))
        difference += np.square(a - b).sum(axis=axes)
        length += np.square(b).sum(axis=axes)
    return np.sqrt(difference / length)
