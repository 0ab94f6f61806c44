"""Softmax cross-entropy; its values are held against PyTorch's in test_golden.py."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from experiments.engine.loss import softmax_cross_entropy


def test_no_information_costs_log_of_the_classes():
    loss, dlogits = softmax_cross_entropy(np.zeros((2, 3, 5)), np.zeros((2, 3), int))
    assert_allclose(loss, np.log(5), rtol=1e-15)
    assert_allclose(dlogits[0, 0], np.array([-0.8, 0.2, 0.2, 0.2, 0.2]) / 3, rtol=1e-15)


def test_labels_can_be_shared():
    logits = np.random.default_rng(0).standard_normal((3, 4, 5))
    labels = np.array([[0, 4, 2, 2]])
    shared, repeated = (
        softmax_cross_entropy(logits, t) for t in (labels, np.repeat(labels, 3, axis=0))
    )
    assert_array_equal(shared[0], repeated[0])
    assert_array_equal(shared[1], repeated[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_keeps_dtype_and_input(dtype):
    logits = np.random.default_rng(0).standard_normal((3, 4, 5)).astype(dtype)
    before = logits.copy()
    loss, dlogits = softmax_cross_entropy(logits, np.zeros((3, 4), np.uint8))
    assert loss.dtype == dlogits.dtype == dtype
    assert loss.shape == (3,)
    assert_array_equal(logits, before)
