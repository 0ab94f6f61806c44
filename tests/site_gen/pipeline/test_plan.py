"""What every page says of settings that are not the published ones."""

from __future__ import annotations

import pytest

from experiments.profile import Change, Profile
from site_gen.pipeline.plan import notice

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
        (Profile("quick", 8, CHANGE), "Quick profile, Seed 8, Changed settings: not for citation", "shrunk"),
    ],
)
def test_other_settings_are_named(profile: Profile, title: str, text: str) -> None:
    first, _, rest = notice(profile).partition("\n")
    assert first == title and text in rest and "\n" not in rest
