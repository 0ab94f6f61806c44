"""Distributions: against a closed form, and how far that of a unit's values moves in training.

The distribution that moves is given by its values on a fixed set of samples, the probe, so that
nothing but the network changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from experiments.engine.train import Model


def histogram(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Density of the values in every bin; those beyond the last bins count in the whole."""
    return np.histogram(values, edges)[0] / (values.size * np.diff(edges))


def binned_density(cdf: Callable[[np.ndarray], np.ndarray], edges: np.ndarray) -> np.ndarray:
    """Density of a distribution function, averaged over every bin."""
    return np.diff(cdf(edges)) / np.diff(edges)


def kolmogorov(values: np.ndarray, cdf: Callable[[np.ndarray], np.ndarray]) -> float:
    """Kolmogorov's statistic √n sup|F_n − F| of independent values against a continuous F.

    Chance exceeds 1.36 once in twenty and 1.95 once in a thousand, if n is large.
    """
    from scipy.stats import ks_1samp

    return np.sqrt(values.size) * ks_1samp(values, cdf, method="asymp").statistic


def ordered(values: np.ndarray) -> np.ndarray:
    """Sort each unit's values: (run, sample, feature) → (run, feature, sample), ascending."""
    return np.sort(np.ascontiguousarray(values.swapaxes(1, 2)), axis=2)


def wasserstein(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Wasserstein-1 distance between two empirical distributions of equally many values.

    W₁ = mean_i |a₍ᵢ₎ − b₍ᵢ₎| over the order statistics: how far, on average, a value has to travel
    to turn one distribution into the other. A shift by δ gives |δ|; the unit is that of the values.
    Villani 2009.

    Parameters
    ----------
    first, second : ndarray, shape (..., sample)
        From `ordered`.

    Returns
    -------
    ndarray, shape (...)
    """
    return np.abs(first - second).mean(axis=-1)


def quantiles(values: np.ndarray, probabilities: tuple[float, ...]) -> np.ndarray:
    """Quantiles of ordered values, linear between order statistics.

    (..., sample) → (..., probability).
    """
    position = np.asarray(probabilities) * (values.shape[-1] - 1)
    below = np.floor(position).astype(int)
    above = np.minimum(below + 1, values.shape[-1] - 1)
    return values[..., below] + (position - below) * (values[..., above] - values[..., below])


def batch_to_batch(values: np.ndarray) -> np.ndarray:
    """Spread of a unit's batch means, in standard deviations within a batch; mean over units.

    √(Var_batches(mean_samples z) / mean_batches(Var_samples z)), biased below. For batches drawn at
    random it is close to 1/√samples.

    Parameters
    ----------
    values : ndarray, shape (run, batch, sample, unit)

    Returns
    -------
    ndarray, shape (run,)
    """
    values = values.astype(np.float64)
    means, within = values.mean(axis=2), values.var(axis=2).mean(axis=1)
    centred = means - means[:, :1]  # batches that are the same differ by exactly zero
    return np.sqrt(centred.var(axis=1, ddof=1) / within).mean(axis=1)


class Path:
    """Length of a distribution's path: Wasserstein-1 distances between successive readings, summed.

    `travelled` = `Σ_k W₁(P_k, P_{k+1})` is in the unit of the values.
    `spreads` = `Σ_k W₁(P_k, P_{k+1}) / s_k` with `s_k² = (Var P_k + Var P_{k+1}) / 2` is in
    standard deviations of the distribution itself; it does not change when a unit's values are
    multiplied by a constant or shifted by one, whereas `travelled` scales with them.

    The length depends on how often the distribution is read: compare only paths that were read at
    the same steps. A distribution without any spread gives inf, or nan if it does not move either.

    Attributes
    ----------
    travelled, spreads : ndarray, shape (run, feature)
        Zero at the first reading.
    """

    def __init__(self) -> None:
        self._last: np.ndarray | None = None
        self.travelled: np.ndarray = np.zeros(0)
        self.spreads: np.ndarray = np.zeros(0)

    def read(self, values: np.ndarray) -> None:
        """Add the distance from the last reading; `values` come from `ordered`."""
        values = values.astype(np.float64)
        if self._last is None:
            self.travelled, self.spreads = np.zeros(values.shape[:2]), np.zeros(values.shape[:2])
        else:
            distance = wasserstein(self._last, values)
            spread = np.sqrt((self._last.var(axis=2) + values.var(axis=2)) / 2)
            self.travelled = self.travelled + distance
            with np.errstate(divide="ignore", invalid="ignore"):
                self.spreads = self.spreads + distance / spread
        self._last = values


def last_hidden(model: Model, x: np.ndarray) -> dict[str, np.ndarray]:
    """Values of the last hidden layer by place, (run, sample, unit), with the samples' statistics.

    Without batch norm there is nothing but the input of its activation.
    """
    saved = model.forward(x, training=True)[1]
    found, normalized = {}, [kept for kept in saved if "xhat" in kept]
    if normalized:
        found = {"before normalization": normalized[-1]["x"], "normalized": normalized[-1]["xhat"]}
    return found | {"sigmoid input": saved[-2]["x"]}


class Paths:
    """The paths at several places of a network, and what distributions are on the way.

    Parameters
    ----------
    probabilities : sequence of float
        Of the quantiles that are read.

    Attributes
    ----------
    travelled, spreads : list of ndarray, shape (place, run)
        At every reading, the length so far; mean over units.
    """

    def __init__(self, probabilities: Sequence[float]) -> None:
        self._probabilities = tuple(probabilities)
        self._paths: dict[str, Path] = {}
        self._quantiles: list[np.ndarray] = []
        self.travelled: list[np.ndarray] = []
        self.spreads: list[np.ndarray] = []

    @property
    def places(self) -> list[str]:
        """In the order in which they are read."""
        return list(self._paths)

    def read(self, values: Mapping[str, np.ndarray]) -> None:
        """Add a reading: place → values (run, sample, unit)."""
        now = {place: ordered(one) for place, one in values.items()}
        paths = [self._paths.setdefault(place, Path()) for place in now]
        for path, one in zip(paths, now.values(), strict=True):
            path.read(one)
        self.travelled.append(np.stack([path.travelled.mean(axis=1) for path in paths]))
        self.spreads.append(np.stack([path.spreads.mean(axis=1) for path in paths]))
        found = [quantiles(one, self._probabilities) for one in now.values()]
        self._quantiles.append(np.stack(found))

    def typical(self, place: str) -> np.ndarray:
        """Quantiles of a typical unit of each run: (step, place, run, probability).

        It is the one whose path at this place, in its own spreads, is the median; the lower of two.
        """
        order = np.argsort(self._paths[place].spreads, axis=1)
        unit = order[:, (order.shape[1] - 1) // 2]
        return np.stack(self._quantiles)[:, :, np.arange(len(unit)), unit]
