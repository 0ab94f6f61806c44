"""Spirals come from the generator alone, are balanced, and lie where the docstring says."""

from __future__ import annotations

import numpy as np

from experiments.data.spirals import load_spirals, spirals


def test_same_generator_same_points():
    first, second = (spirals(np.random.default_rng(3), 50) for _ in range(2))
    assert first[0].tobytes() == second[0].tobytes()
    assert first[0].dtype == np.float32


def test_classes_are_balanced_and_shuffled():
    _, labels = spirals(np.random.default_rng(3), 101)
    assert np.bincount(labels).tolist() == [51, 50]
    assert 0 < labels[:20].sum() < 20


def test_without_noise_points_lie_on_the_spirals():
    x, labels = spirals(np.random.default_rng(3), 200, turns=1.5, noise=0.0)
    radius = np.linalg.norm(x, axis=1)
    expected = 2 * np.pi * 1.5 * (radius - 0.1) / 0.9 + np.pi * labels
    np.testing.assert_allclose(np.exp(1j * expected), (x[:, 0] + 1j * x[:, 1]) / radius, atol=1e-5)
    assert radius.min() >= 0.1 - 1e-6
    assert radius.max() <= 1.0 + 1e-6


def test_noise_has_the_given_size():
    noisy, _ = spirals(np.random.default_rng(3), 20_000, noise=0.05)
    clean, _ = spirals(np.random.default_rng(3), 20_000, noise=0.0)
    np.testing.assert_allclose((noisy - clean).std(axis=0), 0.05, rtol=0.03)


def test_a_seed_has_its_own_points_and_tests_are_other_points():
    one, same, other = (load_spirals(seed, 40, tested=20) for seed in ((3, 0), (3, 0), (3, 1)))
    assert np.array_equal(one.train.x, same.train.x) and np.array_equal(one.test.x, same.test.x)
    assert not np.array_equal(one.train.x, other.train.x)
    assert len(one.test.x) == 20 and not np.isin(one.test.x, one.train.x).any()
