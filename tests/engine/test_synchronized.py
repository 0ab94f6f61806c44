"""Shards of a batch, synchronized, are the batch."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from experiments.engine.standardize import Standardize
from experiments.engine.synchronized import combine, synchronized_backward, synchronized_forward

SIZES = [[7], [3, 4], [1, 6], [1, 1, 5], [1] * 7]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("case", ["plain", "constant_features", "offset"])
def test_against_pytorch_on_the_whole_batch(golden, case, sizes):
    """Forward and backward; γ's and β's gradients are those that the golden case holds."""
    stored = golden(f"batch_norm/{case}")
    x, gamma = stored["batches"][-1], stored["gamma"][:, None]
    cuts = [cut for cut in np.cumsum(sizes) if cut < x.shape[1]]
    outputs, saved = synchronized_forward(np.split(x, cuts, axis=1), stored["eps"].item())
    dys = np.split(stored["dy"], cuts, axis=1)
    dx = np.concatenate(synchronized_backward(saved, [dy * gamma for dy in dys]), axis=1)
    y = np.concatenate(outputs, axis=1) * gamma + stored["beta"][:, None]
    room = (
        1e-8 if case == "offset" else 1e-12
    )  # 2⁻⁵³ of 1e6, several times: PyTorch rounds the mean, and so do we
    assert_allclose(y, stored["y"], rtol=room, atol=room)
    scale = np.abs(stored["dx"]).max()
    assert_allclose(dx, stored["dx"], rtol=room, atol=room * scale)
    dgamma = sum((dy * kept["xhat"]).sum(axis=1) for dy, kept in zip(dys, saved, strict=True))
    assert_allclose(dgamma, stored["dgamma"], rtol=room, atol=room)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_combine(sizes, offset):
    x = offset + np.random.default_rng(0).standard_normal((7, 5))
    shards = np.split(x, np.cumsum(sizes)[:-1])
    mean, var, n = combine([s.mean(axis=0) for s in shards], [s.var(axis=0) for s in shards], sizes)
    assert n == 7
    assert_allclose(mean, x.mean(axis=0), rtol=1e-15, atol=1e-15)
    # means err by u offset each, and enter the variance multiplied by differences of order 1
    assert_allclose(var, x.var(axis=0), rtol=1e-14 + 20 * 2.0**-53 * offset)


def test_unequal_shards_are_weighted():
    mean, var, _ = combine([np.array(0.0), np.array(4.0)], [np.array(1.0), np.array(5.0)], [3, 1])
    assert mean == 1 and var == (3 * (1 + 1) + (5 + 9)) / 4


def test_a_run_does_not_know_its_neighbours():
    x, dy = np.random.default_rng(0).standard_normal((2, 3, 9, 4))
    split = [2, 7]

    def compute(x, dy):
        y, saved = synchronized_forward(np.split(x, split, axis=1), 1e-5)
        return [*y, *synchronized_backward(saved, np.split(dy, split, axis=1))]

    before = compute(x, dy)
    x[1], dy[1] = np.nan, 3
    for a, b in zip(before, compute(x, dy), strict=True):
        assert a[[0, 2]].tobytes() == b[[0, 2]].tobytes() and a[1].tobytes() != b[1].tobytes()


@pytest.mark.parametrize(("means", "counts"), [(2, [1]), (1, [0]), (0, [])])
def test_shards_must_be_complete(means, counts):
    with pytest.raises(ValueError, match="at least one sample"):
        combine([np.zeros(2)] * means, [np.zeros(2)] * means, counts)


def test_images_have_one_mean_and_variance_a_channel():
    x = np.random.default_rng(0).normal(size=(1, 8, 3, 4, 4))
    dy = np.random.default_rng(1).normal(size=x.shape)
    layer = Standardize()
    _, state, _ = layer.init([None], 3, x.dtype)
    y, whole, _ = layer.forward({}, state, x, training=True)
    dx, _ = layer.backward({}, whole, dy)
    for sizes in ([4], [1, 2]):
        outputs, saved = synchronized_forward(np.split(x, sizes, axis=1), 1e-5)
        assert saved[0]["var"].shape == saved[0]["mean"].shape == (1, 3)
        assert_allclose(saved[0]["var"], x.var(axis=(1, 3, 4)), rtol=1e-13)
        assert_allclose(np.concatenate(outputs, axis=1), y, rtol=0, atol=1e-13)
        parts = synchronized_backward(saved, np.split(dy, sizes, axis=1))
        assert_allclose(np.concatenate(parts, axis=1), dx, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("values", "var", "xhat"),
    [
        ([40000, -40000, 1000, -1000], 8.005e8, [1.414, -1.414, 0.0353, -0.0353]),
        ([2049, -1, 3, 5], 784645.7, [1.732, -0.5811, -0.5766, -0.5744]),
    ],
)
@pytest.mark.parametrize("cuts", [[], [2], [1, 2, 3]], ids=str)
def test_half_precision(values, var, xhat, cuts):
    """Differences and squares that overflow float16 are taken in float32; x̂ is float16."""
    x = np.array(values, np.float16).reshape(1, 4, 1)
    outputs, saved = synchronized_forward(np.split(x, cuts, axis=1), 1e-5)
    y = np.concatenate(outputs, axis=1)
    assert y.dtype == np.float16 and saved[0]["var"].dtype == np.float32
    assert saved[0]["var"].item() == pytest.approx(var, rel=1e-6)
    assert_allclose(y.ravel(), xhat, rtol=2e-3)
    _, state, _ = Standardize().init([None], 1, x.dtype)
    whole, kept, _ = Standardize().forward({}, state, x, training=True)
    assert_allclose(y, whole, rtol=2.0**-10)
    dy = np.array([1, 2, -3, 0.5], np.float16).reshape(x.shape)
    dx = np.concatenate(synchronized_backward(saved, np.split(dy, cuts, axis=1)), axis=1)
    assert dx.dtype == np.float16
    assert_allclose(dx, Standardize().backward({}, kept, dy)[0], rtol=2.0**-8, atol=1e-6)


def test_shards_that_do_not_belong_together():
    x = np.ones((2, 4, 3))
    with pytest.raises(TypeError, match="int64"):
        synchronized_forward([x, x.astype(int)], 1e-5)
    for other in (x[:1], x[..., :1], x.astype(np.float32), np.ones((2, 4, 3, 2, 2))):
        with pytest.raises(ValueError, match="only their number of samples may differ"):
            synchronized_forward([x, other], 1e-5)
    with pytest.raises(ValueError, match="an empty batch"):
        synchronized_forward([x, x[:, :0]], 1e-5)
    with pytest.raises(ValueError, match="no shard"):
        synchronized_forward([], 1e-5)
    with pytest.raises(ValueError, match="batch of 1 sample"):
        synchronized_forward([np.ones((1, 1, 2, 1, 1))], 1e-5)
    assert synchronized_forward([x[:, :1], x[:, 1:2]], 1e-5)[1][0]["count"] == 2


def test_a_gradient_of_another_shape_is_refused():
    """One of five samples would be broadcast over a shard of one."""
    x = np.random.default_rng(0).standard_normal((1, 4, 3))
    _, saved = synchronized_forward([x[:, :1], x[:, 1:]], 1e-5)
    with pytest.raises(ValueError, match="∂L/∂y has shape"):
        synchronized_backward(saved, [np.ones((1, 5, 3)), np.ones((1, 3, 3))])
