"""The record of the last build: the last line of a name counts, a damaged line does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from site_gen.pipeline.record import Record


def test_what_is_put_is_there_after_saving(tmp_path: Path) -> None:
    record = Record(tmp_path / "record")
    record.put("plan full", {"key": "γ"})
    assert Record(tmp_path / "record").get("plan full") is None
    record.save()
    assert Record(tmp_path / "record").get("plan full") == {"key": "γ"}


def test_what_is_noted_outlives_a_killed_build(tmp_path: Path) -> None:
    record = Record(tmp_path / "record")
    record.put("made one", 1)
    record.save()
    record.note("made one", 2)
    record.note("made two", 3)
    again = Record(tmp_path / "record")  # the first was never closed
    assert (again.get("made one"), again.get("made two")) == (2, 3)
    assert sorted(again.names("made ")) == ["made one", "made two"]


@pytest.mark.parametrize("cut", range(1, 30, 4))
def test_a_torn_line_is_ignored_and_spoils_no_other(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "record"
    record = Record(path)
    record.note("made one", 1)
    record.note("made two", {"outputs": {"a": "b"}})
    path.write_bytes(path.read_bytes()[:-cut])
    torn = Record(path)
    assert torn.get("made one") == 1
    torn.note("made three", 3)
    again = Record(path)
    assert (again.get("made one"), again.get("made three")) == (1, 3)


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "record"
    record = Record(path)
    record.put("made one", "abcdef")
    record.save()
    whole = path.read_bytes()
    start = whole.index(b"made one")
    for position in range(start, start + len(b'made one\t"abcdef"')):
        for bit in range(8):
            spoilt = bytearray(whole)
            spoilt[position] ^= 1 << bit
            path.write_bytes(bytes(spoilt))
            assert Record(path).get("made one") is None


def test_nothing_is_written_if_nothing_changed(tmp_path: Path) -> None:
    path = tmp_path / "record"
    record = Record(path)
    record.put("a", 1)
    record.save()
    before = path.stat().st_mtime_ns
    again = Record(path)
    again.put("a", 1)
    again.save()
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize("content", [b"", b"\x00\xff nonsense\n" * 9])
def test_a_file_that_is_no_record_holds_nothing_and_is_written_anew(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "record"
    path.write_bytes(content)
    record = Record(path)
    assert record.names("") == []
    record.put("made one", 1)
    record.save()
    assert Record(path).get("made one") == 1
