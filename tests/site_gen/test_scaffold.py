"""A new study passes as it is written, and nothing that exists is written over."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest
from mkdocs.utils.yaml import yaml_load

from site_gen import check, scaffold
from site_gen.errors import BuildError
from site_gen.paths import ROOT
from tests.conftest import Repository

CREATE = """
import sys
from site_gen import scaffold
from site_gen.errors import BuildError
try:
    for path in scaffold.create(sys.argv[1]):
        print(path.relative_to(scaffold.ROOT).as_posix())
    print(scaffold.next_steps(sys.argv[1]))
except BuildError as error:
    sys.exit(str(error))
"""
WRITTEN = [
    "experiments/studies/mean_size.py",
    "site_gen/figures/mean_size__mean_square.py",
    "docs/transform/mean-size.md",
    "tests/experiments/studies/test_mean_size.py",
    "mkdocs.yml",
]


def python(repository: Repository, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=repository.root,
        env=repository.environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def create(repository: Repository, name: str) -> subprocess.CompletedProcess:
    return python(repository, "-c", CREATE, name)


def state(repository: Repository) -> dict[str, bytes]:
    return {
        name: content
        for name, content in repository.bytes_of(".").items()
        if "__pycache__" not in name
    }


def test_a_new_study_is_measured_drawn_shown_and_tested(unbuilt: Repository) -> None:
    made = create(unbuilt, "mean-size")
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines()[: len(WRITTEN)] == WRITTEN
    assert "make check ID=mean_size" in made.stdout
    measured = unbuilt.run("study", "mean_size", "--set", "coin.tosses=50")
    assert measured.returncode == 0, measured.stdout + measured.stderr
    assert "Not the published settings" not in measured.stdout, "what was changed is another study"
    assert "supported  mean-size-has-a-closed-form" in measured.stdout
    pages = unbuilt.run("site", "--profile", "quick")
    assert pages.returncode == 0, pages.stdout + pages.stderr
    assert (unbuilt.root / "site" / "transform" / "mean-size.html").is_file()
    for folder in ("docs", "experiments/studies", "site_gen/media"):
        target = unbuilt.root / "tests" / folder / "test_contract.py"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / "tests" / folder / "test_contract.py").read_bytes())
    for name in (
        "tests/conftest.py",
        "tests/quick.py",
        "tests/browser/chromium.py",
        "pyproject.toml",
    ):
        (unbuilt.root / name).parent.mkdir(exist_ok=True)
        (unbuilt.root / name).write_bytes((ROOT / name).read_bytes())
    told = python(
        unbuilt, "-c", "import sys; from site_gen import check; sys.exit(check.run('mean-size'))"
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "failed" not in told.stdout and " passed" in told.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("coin", "the study 'coin' exists already"),
        ("Coin Toss", "cannot be the name"),
        ("lambda", "cannot be the name"),
        ("two__parts", "cannot be the name"),
        ("3d", "cannot be the name"),
        ("../out", "cannot be the name"),
        ("", "cannot be the name"),
        ("paged", "docs/transform/paged.md exists already"),
        ("drawn", "the figure 'drawn-mean-square' exists already"),
        ("tested", "tests/experiments/studies/test_tested.py exists already"),
        ("far_away", "the figure 'far-away-mean-square' exists already"),
    ],
)
def test_a_name_that_is_taken_or_unfit_writes_nothing(
    unbuilt: Repository, name: str, said: str
) -> None:
    for path in (
        "docs/transform/paged.md",
        "site_gen/figures/drawn__mean_square.py",
        "site_gen/figures/far__away_mean_square.py",
        "tests/experiments/studies/test_tested.py",
    ):
        (unbuilt.root / path).parent.mkdir(parents=True, exist_ok=True)
        (unbuilt.root / path).write_text("")
    before = state(unbuilt)
    made = create(unbuilt, name)
    assert made.returncode == 1 and said in made.stderr and "Traceback" not in made.stderr
    assert state(unbuilt) == before


def test_if_one_file_cannot_be_written_none_is(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    kept = tmp_path / "mkdocs.yml"
    kept.write_text("old")
    (tmp_path / "file").write_text("in the way")
    texts = {tmp_path / "new.py": "new", kept: "changed", tmp_path / "file" / "below.md": "page"}
    with pytest.raises(BuildError, match="nothing was written"):
        scaffold.write_all(texts)
    assert kept.read_text() == "old" and not (tmp_path / "new.py").exists()


def test_a_full_disk_is_called_full(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    def no(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    kept = tmp_path / "mkdocs.yml"
    kept.write_text("old")
    monkeypatch.setattr("os.replace", no)
    with pytest.raises(BuildError, match=r"is full: free some space, .*; nothing was written"):
        scaffold.write_all({kept: "changed"})
    assert kept.read_text() == "old" and list(tmp_path.iterdir()) == [kept]


def test_the_page_comes_last_in_its_part_and_comments_stay() -> None:
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    changed = scaffold.with_page(config, "mean_size")
    added = [line for line in changed.splitlines() if line not in config.splitlines()]
    assert added == ["      - Mean size: transform/mean-size.md"]
    assert changed.replace(added[0] + "\n", "") == config
    parts = {key: pages for one in yaml_load(changed)["nav"] for key, pages in one.items()}
    assert parts["The transform"][-1] == {"Mean size": "transform/mean-size.md"}


@pytest.mark.parametrize(
    "config",
    [
        "nav:\n  - Home: index.md\n",
        "a: 1\nnav: # order\n- Home: index.md\n- Claims: claims.md\nb: 2\n",
    ],
)
def test_a_navigation_without_the_part_gets_it(config: str) -> None:
    nav = yaml_load(scaffold.with_page(config, "x"))["nav"]
    assert nav[:2] == [{"Home": "index.md"}, {"The transform": [{"X": "transform/x.md"}]}]


def test_a_check_covers_the_pages_that_show_the_study() -> None:
    assert check.pages_of("undo") >= {"transform/undo.md"}
    assert "transform/convolutions.md" not in check.pages_of("undo")


def test_a_check_of_no_study_says_which_was_meant() -> None:
    with pytest.raises(BuildError, match="did you mean tiny_batch"):
        check.run("tiny-bach")
