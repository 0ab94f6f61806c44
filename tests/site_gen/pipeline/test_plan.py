"""What every page says of settings that are not the published ones."""

from __future__ import annotations

import pytest

from experiments.profile import Change, Profile
from site_gen.errors import BuildError
from site_gen.pipeline.plan import check_names, notice

CHANGE = (Change("coin", "tosses", "50"),)


@pytest.mark.parametrize("name", ["full", "paper"])
def test_a_published_profile_says_nothing(name: str) -> None:
    assert notice(Profile(name)) == ""


@pytest.mark.parametrize(
    ("profile", "title", "text"),
    [
        (Profile("quick"), "Quick profile: not for citation", "was shrunk"),
        (Profile("full", 8), "Seed 8: not for citation", "another base seed"),
        (Profile("full", None, CHANGE), "Changed settings: not for citation", "`coin.tosses=50`"),
        (
            Profile("quick", 8, CHANGE),
            "Quick profile, seed 8, changed settings: not for citation",
            "shrunk",
        ),
    ],
)
def test_other_settings_are_named(profile: Profile, title: str, text: str) -> None:
    first, _, rest = notice(profile).partition("\n")
    assert first == title and text in rest and "\n" not in rest


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("part/new.MD", "docs/part/new.MD: the name of a page ends in .md: rename it new.md"),
        ("new.markdown", "rename it new.md"),
        ("claims.json", "docs/claims.json: the build makes a file of this name"),
        ("figures/coin-heads/index.md", "the build makes a file of this name"),
    ],
)
def test_a_name_that_mkdocs_or_the_build_takes_otherwise(name: str, told: str) -> None:
    made = {"figures/coin-heads/index.md"}
    check_names(
        ["index.md", "part/a.md", "part/README.txt", "about/site.png", "figures/index.md"], made
    )
    with pytest.raises(BuildError) as stopped:
        check_names(["index.md", name], made)
    assert told in str(stopped.value)
