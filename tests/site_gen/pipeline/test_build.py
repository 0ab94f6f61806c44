"""The whole pipeline on a small repository: what is made again, survives a kill, stops a build."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time

import pytest

from tests.conftest import Repository

CLAIM = '[[= claim("coin-is-fair") ]]'
STUDY = "experiments/studies/coin.py"
HEADS = "site_gen/figures/coin__heads.py"
INDEX = "docs/index.md"
REFERENCES = "docs/references.json"
QUOTES = "quotes a measurement"
TYPED = "typed into the prose"
CONTRADICTION = [
    f"{INDEX}:15",
    "'coin-is-fair'",
    "declared 'refuted'",
    "measured 'supported'",
    "Remedy",
]
ENGINE = "experiments/measures/statistics.py"


def made(repository: Repository, *command: str) -> list[str]:
    """The kinds of units that a build made, in order."""
    ran = repository.run(*(command or ("pages",)))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return [
        line.split("]", 1)[1].split("s  ", 1)[1].split()[0]
        for line in ran.stdout.splitlines()
        if line.startswith("[")
    ]


def stopped(repository: Repository, *command: str) -> str:
    """What a build that must fail says; never a traceback."""
    ran = repository.run(*(command or ("pages",)))
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    return ran.stderr


def test_a_build_leaves_the_site_and_its_indexes(built: Repository) -> None:
    claims = json.loads((built.root / "site/claims.json").read_text())
    (claim,) = claims["claims"]
    fields = {
        "id",
        "says",
        "source",
        "study",
        "figure",
        "verdict",
        "measured",
        "estimate",
        "low",
        "high",
        "unit",
        "runs",
        "profile",
    }
    assert fields <= claim.keys()
    assert claim["verdict"] == claim["measured"] == "supported"
    assert claim["low"] < claim["estimate"] < claim["high"] and claim["runs"] == 48
    figures = json.loads((built.root / "site/figures.json").read_text())["figures"]
    assert [figure["id"] for figure in figures] == ["coin-heads", "coin-tossing"]
    for figure in figures:
        assert {
            "id",
            "title",
            "alt",
            "caption",
            "study",
            "claims",
            "seed",
            "versions",
            "command",
            "licence",
            "files",
        } <= figure.keys()
        for file in figure["files"]:
            assert (built.root / "site" / file["path"]).stat().st_size == file["bytes"]
    page = (built.root / "site/index.html").read_text()
    assert "<math" in page and f"{claim['estimate']:.3f}" in page


def test_nothing_changed_makes_nothing(built: Repository) -> None:
    before = built.bytes_of("site")
    assert made(built, "site") == []
    assert built.bytes_of("site") == before


def test_a_word_on_a_page_makes_only_pages_and_site(built: Repository) -> None:
    built.edit("docs/index.md", "A page for tests", "A page for the tests")
    assert made(built, "site") == ["pages", "html", "site"]


def test_blocks_that_are_made_only_perhaps_are_told_so(built: Repository) -> None:
    built.edit("site_gen/pipeline/plan.py", "BLOCK = 22", "BLOCK = 2")
    assert "To make: 3 blocks of pages, the site; " in built.run("site").stdout
    built.edit("docs/index.md", "A page for tests", "A page for the tests")
    assert "To make: the pages, up to 3 blocks of pages, the site; " in built.run("site").stdout


def test_comments_and_docstrings_rerun_nothing(built: Repository) -> None:
    built.edit(STUDY, '    """Toss a coin."""', '    """Toss it."""  # often')
    built.edit(ENGINE, "\nLEVEL = 0.95\n", "\n# the usual level\nLEVEL = 0.95\n")
    assert set(made(built)) <= {"pages"}  # pages may show the text of these files


def test_a_claim_in_other_words_does_not_rerun_its_study(built: Repository) -> None:
    built.edit(
        STUDY, "A coin shows heads half of the time.", "A coin shows heads every other time."
    )
    assert made(built) == ["measure", "pages"]


def test_changed_code_reruns_what_reaches_it(built: Repository) -> None:
    built.edit(
        STUDY,
        "runs.part(coin)",
        "runs.part(coin + 10)",
    )
    assert sorted(made(built)) == ["animation", "figure", "measure", "pages", *["result"] * 6]


def test_a_new_point_runs_only_that_point(built: Repository) -> None:
    built.edit(STUDY, "setting((1, 2, 3),", "setting((1, 2, 3, 4),")
    assert made(built).count("result") == 2  # its runs in two groups


def test_more_runs_leave_whole_groups_as_they_are(built: Repository) -> None:
    built.edit(STUDY, "runs: int = setting(16,", "runs: int = setting(24,")
    assert made(built).count("result") == 3


def test_a_setting_that_a_point_does_not_ask_for_does_not_run_it_again(built: Repository) -> None:
    built.edit(
        STUDY,
        "    seed: int = setting(",
        '    dice: int = setting(6, "sides")\n    seed: int = setting(',
    )
    assert "result" not in made(built)


@pytest.mark.parametrize("damage", ["truncate", "delete"])
def test_a_damaged_result_is_noticed_and_made_again(built: Repository, damage: str) -> None:
    path = built.root / "build/results/full/coin/coin-2-runs-00.nc"
    whole, site = path.read_bytes(), built.bytes_of("site")
    path.unlink() if damage == "delete" else path.write_bytes(whole[: len(whole) // 2])
    assert made(built, "site") == ["result"]
    assert path.read_bytes() == whole and built.bytes_of("site") == site


def test_damage_to_the_site_is_mended(built: Repository) -> None:
    before = built.bytes_of("site")
    (built.root / "site/index.html").write_text("spoilt")
    assert made(built, "site") == ["site"]
    assert built.bytes_of("site") == before


def test_only_what_a_build_wrote_is_removed_from_the_site(built: Repository) -> None:
    site = built.root / "site"
    theirs = {"CNAME": "example.org", ".git/HEAD": "ref", ".nojekyll": "", "notes/mine.txt": "mine"}
    for name, text in theirs.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    front = "---\ntitle: Is E[x] < y & <b>?\ndescription: One more.\n---\n"
    (built.root / "docs/second.md").write_text(f"{front}Text.\n")
    built.edit("mkdocs.yml", "  - Home: index.md\n", "  - Home: index.md\n  - Second: second.md\n")
    made(built, "site")
    assert "<h1>Is E[x] &lt; y &amp; &lt;b&gt;?</h1>" in (site / "second.html").read_text()
    (built.root / "docs/second.md").unlink()
    built.edit("mkdocs.yml", "  - Second: second.md\n", "")
    made(built, "site")
    assert not (site / "second.html").exists()
    assert {name: (site / name).read_text() for name in theirs} == theirs


def test_what_a_killed_build_left_in_the_site_vanishes(built: Repository) -> None:
    """It is claimed before it is written."""
    from site_gen.pipeline import site_folder

    site = built.root / "site"
    site_folder.claim(site, {*site_folder.listed(site), "half.html"})
    (site / "half.html").write_text("half")
    built.edit("docs/index.md", "A page for tests", "A page for the tests")
    made(built, "site")
    assert not (site / "half.html").exists()


@pytest.mark.parametrize(
    "seconds", [3.0, *(pytest.param(one, marks=pytest.mark.nightly) for one in (1.5, 5.0))]
)
def test_killed_at_any_moment_the_next_build_leaves_the_same_bytes(
    unbuilt: Repository, built: Repository, seconds: float
) -> None:
    process = unbuilt.start("site")
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    made(unbuilt, "site")
    assert unbuilt.bytes_of("site") == built.bytes_of("site")


def test_ctrl_c_stops_at_once_and_keeps_what_was_finished(unbuilt: Repository) -> None:
    unbuilt.edit(STUDY, "setting(0.0, ", "setting(2.0, ")
    process = unbuilt.start("pages")
    assert process.stdout.readline().startswith("To make: ")
    assert "result" in process.stdout.readline()  # the first is finished and noted
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 130 and "Stopped" in output and "Traceback" not in output
    assert made(unbuilt).count("result") < 6


def test_two_builds_at_once_are_refused(unbuilt: Repository) -> None:
    unbuilt.edit(STUDY, "setting(0.0, ", "setting(4.0, ")
    first = unbuilt.start("pages")
    while (
        not (unbuilt.root / "build/holder").is_file()
        or not (unbuilt.root / "build/holder").read_text()
    ):
        time.sleep(0.05)
    said = stopped(unbuilt)
    assert f"process {first.pid}" in said and "wait until it ends" in said
    os.killpg(first.pid, signal.SIGTERM)
    first.communicate(timeout=50)


def test_profiles_share_nothing(built: Repository) -> None:
    full = built.bytes_of("build/results/full")
    ran = built.run("pages", "--profile", "quick")
    assert ran.returncode == 0, ran.stderr
    assert built.bytes_of("build/results/full") == full
    assert "not for citation" in (built.root / "build/docs/index.md").read_text()
    assert {path.suffix for path in (built.root / "build/docs/figures").rglob("coin-*")} >= {
        ".svg",
        ".png",
        ".csv",
    }
    assert not list((built.root / "build/docs/figures").rglob("*.pdf"))  # a draft has none


def test_another_base_seed_gives_other_runs_and_keeps_its_results_apart(built: Repository) -> None:
    full = built.bytes_of("build/results/full")
    ran = built.run("pages", "--seed", "8")
    assert ran.returncode == 0, ran.stderr
    assert built.bytes_of("build/results/full") == full
    other = built.bytes_of("build/results/full-seed-8")
    assert len(other) == len(full)
    assert set(other.values()).isdisjoint(full.values())
    assert "Seed 8: not for citation" in (built.root / "build/docs/index.md").read_text()


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (STUDY, "supported", "refuted", CONTRADICTION),
        (STUDY, "absolute=0.05", "absolute=0.001", ["measured 'undecided'", "run more"]),
        (HEADS, '("coin-is-fair",)', '("coin-is-far",)', [STUDY, "'coin-is-fair' must be shown"]),
        (HEADS, '("coin-is-fair",)', '("coin-is-fair", "a-b")', [HEADS, "in CLAIMS", "'a-b'"]),
        (STUDY, '"reader"', '"nobody1999"', [STUDY, "'nobody1999'", "references.json"]),
        (STUDY, '"heads").mean()}', '"tails").mean()}', [STUDY, "'heads'", "cannot be measured"]),
        (STUDY, ".mean()}", ".map(lambda x: x * np.nan).mean()}", [STUDY, "'heads'", "not finite"]),
        (STUDY, "def points(s: Setup)", "def points(s: Setup", [STUDY, "Mend the syntax"]),
        (INDEX, "coin.heads", "coin.tails", [f"{INDEX}:5", "'coin.tails'", "coin.heads"]),
        (INDEX, '"coin.heads", ".3f"', '"coin.heads", ".3q"', [f"{INDEX}:5", "'.3q'"]),
        (INDEX, 'figure("coin-heads")', 'figure("coin-tail")', [f"{INDEX}:7", "'coin-tail'"]),
        (INDEX, 'cite("ioffe2015")', 'cite("ioffe1915")', [f"{INDEX}:19", "'ioffe1915'"]),
        (INDEX, 'settings("coin")', 'setings("coin")', [f"{INDEX}:13", "'setings'"]),
        (INDEX, 'settings("coin")', 'settings("coin"', [f"{INDEX}:13"]),
        (INDEX, '"exact")', '"exactly")', [f"{INDEX}:17", "'exactly'"]),
        (INDEX, "The mean is", "After 44 tosses the mean is", [f"{INDEX}:5", "'44'", QUOTES]),
        (INDEX, "Theory says", "We found 0.51. Theory says", [f"{INDEX}:11", "'0.51'", TYPED]),
        (INDEX, "A page for tests", "A page that is 87 % done", [f"{INDEX}:3", "'87 %'"]),
        (INDEX, CLAIM, "", [STUDY, "no page shows the claim 'coin-is-fair'"]),
        (STUDY, 'because="Counted."', 'because="It is 0.51."', [STUDY, "'0.51'", "in words"]),
        (HEADS, "Coins are fair", "Coins are 50 % fair", [HEADS, "'50 %'"]),
        (REFERENCES, '"ioffe2015"', '"ioffe2015"!', [REFERENCES, "cannot be read"]),
        (HEADS, 'results["heads"]', 'results["tails"]', [HEADS, "`data` failed"]),
    ],
)
def test_the_gate(built: Repository, file: str, old: str, new: str, told: list[str]) -> None:
    built.edit(file, old, new)
    said = stopped(built)
    for words in told:
        assert words in said


def test_once_mended_the_build_goes_on_without_running_an_experiment(built: Repository) -> None:
    built.edit("docs/index.md", CLAIM, "")
    built.edit(STUDY, "supported", "refuted")
    assert "no page shows" in stopped(built)
    built.edit(
        "docs/index.md", '[[= settings("coin") ]]\n', f'[[= settings("coin") ]]\n\n{CLAIM}\n'
    )
    built.edit(STUDY, "refuted", "supported")
    assert made(built) == ["measure", "pages"]


def test_a_dead_link_stops_the_site_and_is_named(built: Repository) -> None:
    before = built.bytes_of("site")
    built.edit("docs/index.md", "Theory says", "[Theory](theory.md) says")
    said = stopped(built, "site")
    assert "MkDocs stopped" in said and "index.md" in said and "theory.md" in said
    assert built.bytes_of("site") == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("study", "dice"), ["no study 'dice'", "coin"]),
        (("figure", "coin-tails"), ["no figure 'coin-tails'", "coin-heads"]),
        (("why", "dice"), ["'dice'", "coin-heads"]),
        (("site", "--profile", "huge"), ["'huge'", "quick, full, paper"]),
    ],
)
def test_unknown_names_list_those_that_exist(
    built: Repository, arguments: tuple[str, ...], told: list[str]
) -> None:
    ran = built.run(*arguments)
    assert ran.returncode == 1 and "Traceback" not in ran.stderr
    for words in told:
        assert words in ran.stderr


def test_why_names_what_changed(built: Repository) -> None:
    assert "stale" not in built.run("why", "coin").stdout
    built.edit(STUDY, "rng.integers(0, 2,", "rng.integers(0, 1 + 1,")
    told = built.run("why", "coin").stdout
    assert f"stale  full/coin/coin-1-runs-00: {STUDY}: toss changed" in told


def test_study_and_figure_print_what_they_made(built: Repository) -> None:
    study = built.run("study", "coin")
    assert study.returncode == 0 and "supported" in study.stdout and "coin.heads" in study.stdout
    figure = built.run("figure", "coin-heads")
    assert "build/figures/full/coin-heads/coin-heads.svg" in figure.stdout.split()


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_record_costs_work_and_nothing_else(built: Repository, damage: str) -> None:
    site, path = built.bytes_of("site"), built.root / "build/record"
    whole = path.read_bytes()
    spoilt = {
        "cut": whole[: len(whole) // 2],
        "flipped": b"".join(bytes([one ^ (i % 997 == 0)]) for i, one in enumerate(whole)),
    }
    path.write_bytes(spoilt[damage])
    made(built, "site")
    assert built.bytes_of("site") == site
    assert made(built, "site") == []


def test_a_read_only_build_folder_is_one_clear_error(built: Repository) -> None:
    if os.geteuid() == 0:  # root writes anywhere: put a file where the folder must be
        shutil.rmtree(built.root / "build")
        (built.root / "build").write_text("in the way")
    else:
        (built.root / "build").chmod(0o500)
    assert "build" in stopped(built)
