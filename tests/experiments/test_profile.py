"""Profiles, other base seeds, and settings that are changed without editing code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from experiments.profile import Change, Profile, changes, setup

STUDIES = ["tiny_batch", "noisy_bn"]


@dataclass(frozen=True)
class Setup:
    """Settings of every type that studies have."""

    runs: int = 16
    rate: float = 0.1
    seed: int = 3
    name: str = "digits"
    batches: tuple[int, ...] = (2, 4)
    ends: tuple[int, int] = (1, 9)
    pairs: tuple[tuple[int, int], ...] = ((1, 2),)
    often: bool = False


STUDY = SimpleNamespace(
    __name__="experiments.studies.tiny_batch", QUICK=Setup(runs=2), FULL=Setup(), PAPER=Setup()
)


def changed(text: str) -> Setup:
    return setup(STUDY, Profile(changes=changes(text, STUDIES)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tiny_batch.runs=32", Setup(runs=32)),
        ("tiny-batch.runs=32", Setup(runs=32)),
        ("tiny_batch.rate=1e-3", Setup(rate=0.001)),
        ("tiny_batch.batches=2,8,16", Setup(batches=(2, 8, 16))),
        ("tiny_batch.batches=8", Setup(batches=(8,))),
        ("tiny_batch.ends=3,5", Setup(ends=(3, 5))),
        ("tiny_batch.pairs=(1,2),(3,4)", Setup(pairs=((1, 2), (3, 4)))),
        ("tiny_batch.name=clothes tiny_batch.often=true", Setup(name="clothes", often=True)),
        ("noisy_bn.runs=32", Setup()),
    ],
)
def test_a_setting_is_changed(text: str, expected: Setup) -> None:
    assert changed(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tiny_bach.runs=2", "there is no study 'tiny_bach'; did you mean tiny_batch?"),
        ("tiny_batch.rnus=2", "there is no setting of tiny_batch 'rnus'; did you mean runs?"),
        ("tiny_batch.runs=many", "tiny_batch.runs is a whole number such as 32, not 'many'"),
        ("tiny_batch.runs=1.5", "tiny_batch.runs is a whole number such as 32, not '1.5'"),
        ("tiny_batch.rate=nan", "tiny_batch.rate is a number such as 0.1, not 'nan'"),
        ("tiny_batch.batches=2,x", "values such as 2,4, each a whole number such as 32"),
        ("tiny_batch.ends=2", "2 values separated by commas"),
        ("tiny_batch.often=perhaps", "true or false"),
        ("tiny_batch", "cannot be read at 'tiny_batch': write SET="),
        ("tiny_batch.runs=2 tiny-batch.runs=3", "stands twice"),
    ],
)
def test_what_cannot_be_set_is_one_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        changed(text)


def test_labels_tell_settings_apart_and_order_does_not_matter() -> None:
    one = Profile(changes=changes("tiny_batch.runs=2 noisy_bn.runs=3", STUDIES))
    two = Profile(changes=changes("noisy_bn.runs=3 tiny_batch.runs=2", STUDIES))
    assert one.label == two.label != Profile().label == "full"
    assert Profile("quick", 7).label == "quick-seed-7"
    assert one.of("tiny_batch").label not in (one.label, "full")
    assert one.of("anatomy") == Profile()


def test_only_the_plain_profiles_are_published() -> None:
    assert Profile("full").is_published and Profile("paper").is_published
    assert not Profile("quick").is_published and not Profile("full", 3).is_published
    assert not Profile(changes=(Change("a", "b", "1"),)).is_published


def test_a_profile_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match=r"no profile 'huge'.*quick, full"):
        Profile("huge")
