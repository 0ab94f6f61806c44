"""The figures of the built site, against the tables that are published beside them."""

from __future__ import annotations

import pytest

from site_gen.media import catalogue, still
from site_gen.paths import SITE
from site_gen.theme import LIGHT

FIGURES = [drawing for drawing in catalogue.drawings().values() if drawing.kind == "figure"]


@pytest.mark.parametrize("drawing", FIGURES, ids=lambda drawing: drawing.id)
def test_the_csv_on_the_site_redraws_the_figure_on_the_site(drawing: catalogue.Drawing) -> None:
    folder = SITE / "figures" / drawing.id
    assert folder.is_dir(), "the site is not built: run `make site`"
    with LIGHT.context():
        figure = drawing.module().draw(still.read_table(folder / f"{drawing.id}.csv"), LIGHT)
        still.lay_out(figure)
        again = still.svg_bytes(figure, drawing.id, drawing.module().TITLE)
    assert again == (folder / f"{drawing.id}.svg").read_bytes()
