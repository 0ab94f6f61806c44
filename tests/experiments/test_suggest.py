"""What is said of a name that does not exist."""

from __future__ import annotations

from experiments.suggest import unknown

NAMES = [f"study_{letter}" for letter in "abcdefghijklmnop"] + ["tiny_batch"]


def test_what_was_meant() -> None:
    assert unknown("study", "tiny-bach", NAMES) == (
        "there is no study 'tiny-bach'; did you mean tiny_batch?"
    )


def test_a_long_list_is_not_printed_whole() -> None:
    said = unknown("study", "xyz", NAMES)
    assert "study_a" in said and "and 5 more" in said and "tiny_batch" not in said


def test_nothing_exists() -> None:
    assert unknown("study", "xyz", []).endswith("there is none at all")
