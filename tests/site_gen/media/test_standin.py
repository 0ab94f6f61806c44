"""The sheet that stands in for what changed settings leave nothing to draw of."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from site_gen.media.film import draw_film
from site_gen.media.standin import SAYS, StandIn
from site_gen.media.still import draw_figure

MODULE = SimpleNamespace(TITLE="Coins", TAGS=("coins",))


@pytest.mark.parametrize(("draw", "ending"), [(draw_figure, "svg"), (draw_film, "gif")])
def test_it_has_the_files_of_a_figure_and_says_why(draw, ending: str) -> None:
    stands_in = StandIn(MODULE, "coin.coins=1,2", KeyError("no\n coin 3"))
    data = stands_in.data(None)
    drawn = draw(stands_in, data, "coin-heads", True)
    assert {
        f"coin-heads.{ending}",
        f"coin-heads-dark.{ending}",
        "coin-heads.csv",
    } <= drawn.files.keys()
    assert (
        b"KeyError" in drawn.files["coin-heads.csv"]
        and b"coin.coins=1,2" in drawn.files["coin-heads.csv"]
    )
    assert SAYS in stands_in.alt(data) and "coin.coins=1,2" in stands_in.caption(data)
