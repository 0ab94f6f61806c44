"""Problems known from other tools: editors' leftovers, odd folders, one broken study of many."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Repository, small_repository
from tests.site_gen.pipeline.test_build import STUDY, made, stopped


def second_study(repository: Repository, text: str) -> None:
    """Another study beside the coin."""
    (repository.root / "experiments/studies/dice.py").write_text(text, encoding="utf-8")


def test_leftovers_of_editors_and_systems_are_no_sources(built: Repository) -> None:
    site = built.bytes_of("site")
    for name in (
        "docs/index.md~",
        "docs/.#index.md",
        "docs/#index.md#",
        "docs/.DS_Store",
        f"{STUDY}~",
    ):
        (built.root / name).write_text("not finished [[= nonsense")
    for name in (
        "index.md.orig",
        "index.md.rej",
        "index.md.bak",
        "index.md.swp",
        "~$index.md",
        "Thumbs.db",
        "desktop.ini",
    ):
        (built.root / "docs" / name).write_text("not finished [[= nonsense")
    (built.root / "experiments/studies/attic").mkdir()
    (built.root / "experiments/studies/attic/coin.py").write_text("not finished")
    for name in ("experiments/studies/.#anatomy.py", "site_gen/figures/.#coin__heads.py"):
        (built.root / name).symlink_to("nobody@nowhere.1")
    assert made(built, "site") == []
    built.edit("docs/index.md", "A page for tests", "A page  for tests")
    made(built, "site")
    assert built.bytes_of("site").keys() == site.keys()


def test_a_folder_may_have_any_name(built: Repository, tmp_path: Path) -> None:
    other = small_repository(
        tmp_path / "per%20cent" / "with blank" / "quo'te" / "déjà" / "[brackets]"
    )
    made(other, "site")
    assert other.bytes_of("site") == built.bytes_of("site")


OUTSIDE = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "SOURCE_DATE_EPOCH": "1",
    "SITE_URL": "",
    "TZ": "Asia/Tokyo",
    "LC_ALL": "C",
    "PYTHONIOENCODING": "ascii",
    "OMP_NUM_THREADS": "4",
    "TMPDIR": ".",
    "PYTHONUTF8": "0",
    "PYTHONDEVMODE": "1",
    "FORCE_COLOR": "1",
    "COLUMNS": "3",
}


def test_the_callers_environment_changes_no_byte(
    built: Repository, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All at once, since each alone takes a build; tests/test_environment.py tries each alone."""
    for variable, value in OUTSIDE.items():
        monkeypatch.setenv(variable, value)
    other = small_repository(tmp_path_factory.mktemp("other"))
    made(other, "site")
    assert other.bytes_of("site") == built.bytes_of("site")


@pytest.mark.parametrize(
    "address", ["nonsense", "ftp://example.org/", "https://", "https://exa mple.org"]
)
def test_an_address_that_is_none_is_named(
    built: Repository, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("SITE_URL", address)
    assert "SITE_URL" in stopped(built, "site")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def run(:\n", "experiments/studies/dice.py:1"),
        ("import nothing_of_this_name\n", "experiments/studies/dice.py"),
        ("raise RuntimeError('no')\n", "experiments/studies/dice.py"),
        ("", "experiments/studies/dice.py"),
    ],
)
def test_one_broken_study_does_not_stop_the_others(built: Repository, text: str, told: str) -> None:
    second_study(built, text)
    ran = built.run("study", "coin")
    assert ran.returncode == 0 and "coin-is-fair" in ran.stdout
    assert "dice" in ran.stderr and "Traceback" not in ran.stderr
    assert told in stopped(built, "study", "dice")
    assert told in stopped(built, "site")


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("mkdocs.yml", "a: b: c\n", "mkdocs.yml:1"),
        ("site_gen/animations/coin__heads.py", "", "share the id coin-heads"),
        ("site_gen/figures/helper.py", "", "site_gen/figures/helper.py: name the file"),
        (
            "site_gen/figures/old/coin__old.py",
            "",
            "site_gen/figures/old/coin__old.py: move the file",
        ),
    ],
)
def test_what_is_wrong_elsewhere_does_not_stop_a_study(
    built: Repository, file: str, text: str, told: str
) -> None:
    (built.root / file).parent.mkdir(exist_ok=True)
    (built.root / file).write_text(text)
    assert built.run("study", "coin").returncode == 0
    assert stopped(built, "site").count(told) == 1


def test_commands_about_a_broken_study_say_what_is_wrong_with_it(built: Repository) -> None:
    second_study(built, "def run(:\n")
    for view in ("one", "two"):
        (built.root / f"site_gen/figures/dice__{view}.py").write_text("")
    told = "experiments/studies/dice.py:1: invalid syntax"
    for command in (
        ("why", "dice"),
        ("why", "site"),
        ("record", "dice"),
        ("figure", "dice-one"),
        ("check", "dice"),
    ):
        assert stopped(built, *command).count(told) == 1, command
    assert "did you mean dice" in stopped(built, "why", "dicee")


def test_a_syntax_error_in_what_every_command_loads_is_told_with_its_line(
    built: Repository,
) -> None:
    path = built.root / "experiments/measures/statistics.py"
    path.write_text(path.read_text() + "def broken(:\n")
    said = stopped(built, "why", "coin")
    assert "experiments/measures/statistics.py:" in said and len(said.splitlines()) == 1


def test_a_byte_order_mark_is_no_mistake(built: Repository) -> None:
    for name in (STUDY, "site_gen/figures/coin__heads.py", "docs/index.md", "docs/references.json"):
        path = built.root / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert set(made(built, "site")) <= {"pages", "html", "site"}


def test_a_template_of_pages_is_a_part_of_them(built: Repository) -> None:
    built.edit("site_gen/pages/templates/claim.md", "\n", "\n\n")
    assert "pages" in made(built)
    (built.root / "site_gen/pages/templates/README.md").write_text("Other words.")
    assert made(built) == []


def test_a_result_that_no_file_holds_is_told_once_with_its_line(unbuilt: Repository) -> None:
    unbuilt.edit(STUDY, "np.array(heads)", "np.array(heads) + 1j")
    said = stopped(unbuilt, "study", "coin")
    assert f"{STUDY}:31: the result of the point" in said and "complex128" in said
    assert "(and 5 more alike)" in said and said.count("complex128") == 1


def test_a_warning_is_told_once(built: Repository) -> None:
    warns = '    """Toss a coin."""\n    import warnings\n\n    warnings.warn("careful")\n'
    built.edit(STUDY, '    """Toss a coin."""\n', warns)
    ran = built.run("study", "coin")
    assert ran.returncode == 0 and ran.stderr.count("careful") == 1
    assert f"warning: {STUDY}:40: UserWarning: careful (in coin/coin-" in ran.stderr


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("site_gen/figures/coin__heads.py", 'set_xlabel("coin")', 'set_xlabel(r"$\\nosuch$")'),
        ("site_gen/animations/coin__tossing.py", "[dot],", "dot,"),
    ],
)
def test_what_cannot_be_drawn_is_told_with_its_line(
    built: Repository, file: str, old: str, new: str
) -> None:
    built.edit(file, old, new)
    said = stopped(built, "figure", "coin-heads" if "heads" in file else "coin-tossing")
    assert f"{file}:" in said and "cannot be drawn" in said and len(said.splitlines()) == 1


def test_front_matter_that_mkdocs_stumbles_over_names_the_page(built: Repository) -> None:
    built.edit(
        "docs/index.md", "title: Is a coin fair?", "title: Is a coin fair?\ntemplate: nosuch.html"
    )
    said = stopped(built, "site")
    assert "docs/index.md" in said and "nosuch.html" in said


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("new-study", "x" * 300), "cannot be the name of a study"),
        (("new-study", "pages"), "cannot be the name of a study"),
        (("site", "--seed", "9" * 5000), "SEED is a whole number"),
        (("worker", "--scheduler", "nonsense"), "SCHEDULER is the address of a scheduler"),
        (("distclean", "coin"), "distclean takes nothing"),
    ],
)
def test_values_that_cannot_be_are_one_sentence(
    built: Repository, command: tuple[str, ...], told: str
) -> None:
    ran = built.run(*command)
    assert ran.returncode in (1, 2) and told in ran.stderr and len(ran.stderr.splitlines()) == 1
    assert (built.root / "build").is_dir()


def test_a_new_study_without_a_navigation_is_one_sentence(built: Repository) -> None:
    (built.root / "mkdocs.yml").unlink()
    assert "mkdocs.yml" in stopped(built, "new-study", "dice")
    (built.root / "mkdocs.yml").write_bytes(b"nav: \xff\n")
    assert "is not UTF-8" in stopped(built, "new-study", "dice")


@pytest.mark.parametrize(
    ("copied", "name"),
    [
        (STUDY, "coin.old.py"),
        (STUDY, "coin (1).py"),
        ("site_gen/figures/coin__heads.py", "coin__heads copy.py"),
    ],
)
def test_a_copy_that_a_system_made_is_named(built: Repository, copied: str, name: str) -> None:
    path = built.root / copied
    shutil.copy(path, path.with_name(name))
    assert f"{path.parent.relative_to(built.root).as_posix()}/{name}: " in stopped(built, "site")


def test_a_wrong_setting_is_told_before_anything_is_made(unbuilt: Repository) -> None:
    said = unbuilt.run("site", "--set", "coin.toses=5")
    assert "did you mean tosses?" in said.stderr and not said.stdout


def test_brackets_are_printed_as_they_are(built: Repository) -> None:
    built.edit(STUDY, '"share of heads", value', '"E[x²] − E[x]² is [red]within[/red] 0.05", value')
    ran = built.run("study", "coin")
    assert "E[x²] − E[x]² is [red]within[/red] 0.05" in ran.stdout


def test_a_failure_is_told_once_with_the_studys_own_frames(unbuilt: Repository) -> None:
    unbuilt.edit(
        STUDY,
        '    """Toss a coin."""\n',
        '    """Toss a coin."""\n    raise KeyError("heads or tails")\n',
    )
    said = stopped(unbuilt, "study", "coin")
    assert said.count("heads or tails") == 2  # the message, and the line of the study
    assert "and 5 more alike" in said and f"{STUDY}:" in said
    file = said.split("The whole traceback is in ")[1].split()[0]
    assert "Traceback" in (unbuilt.root / file).read_text()
    assert len(said.splitlines()) < 10


@pytest.mark.parametrize("given", ["COIN", "coin "])
def test_case_and_blanks_of_an_id_do_not_matter(built: Repository, given: str) -> None:
    assert built.run("study", given).returncode == 0


@pytest.mark.parametrize("given", ["coin_heads", "coin-heads"])
def test_hyphen_and_underscore_are_the_same(built: Repository, given: str) -> None:
    assert built.run("figure", given).returncode == 0


def test_a_shell_command_is_an_unknown_id(built: Repository) -> None:
    assert "there is no study" in stopped(built, "study", "x; touch made")
    assert not (built.root / "made").exists()


def test_why_counts_inputs(built: Repository) -> None:
    built.edit("docs/index.md", "A page for tests", "A page for the tests")
    assert "docs/index.md changed" in built.run("why", "pages").stdout


def test_an_unreadable_page_is_one_sentence(built: Repository) -> None:
    path = built.root / "docs/index.md"
    path.unlink()
    path.mkdir()
    said = stopped(built, "site")
    assert "docs/" in said


def test_a_quick_build_says_once_that_verdicts_differ(built: Repository) -> None:
    built.edit(STUDY, "supported", "refuted")
    ran = built.run("site", "--profile", "quick")
    assert ran.returncode == 0, ran.stderr
    assert "expected of `quick`" in ran.stdout and ran.stdout.count("coin-is-fair") == 0


def test_a_file_system_without_locks_goes_on(built: Repository) -> None:
    """As on some network file systems: locking says that it is not implemented."""
    (built.root / "sitecustomize.py").write_text(
        "import errno, fcntl\n\n\n"
        "def flock(*_):\n    raise OSError(errno.ENOSYS, 'Function not implemented')\n\n\n"
        "fcntl.flock = flock\n"
    )
    ran = built.run("pages")
    assert ran.returncode == 0, ran.stderr
    assert "has no locks" in ran.stdout + ran.stderr


def test_a_record_that_is_a_folder_is_one_sentence(built: Repository) -> None:
    (built.root / "build/record").unlink()
    (built.root / "build/record").mkdir()
    assert "build/record" in stopped(built, "site")
    (built.root / "build/record").rmdir()
    assert made(built, "study", "coin").count("result") == 6


def test_help_needs_nothing(built: Repository) -> None:
    ran = built.run("help")
    assert ran.returncode == 0 and max(map(len, ran.stdout.splitlines())) <= 80
