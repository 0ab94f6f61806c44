"""What stands in the place of a figure or film that changed settings leave nothing to draw of."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from site_gen.theme import Animation, Theme

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SAYS = "Nothing to draw with these settings"
FRAMES = 40


class StandIn:
    """Takes the place of a figure's module; its table and its words say what stood in the way.

    Parameters
    ----------
    module : module
        The figure or animation.
    changes : str
        The changed settings, as they were typed.
    error : Exception
        What its own `data` or drawing raised.
    """

    def __init__(self, module: ModuleType, changes: str, error: Exception) -> None:
        self.TITLE, self.TAGS = module.TITLE, module.TAGS
        self.CLAIMS = getattr(module, "CLAIMS", ())
        self.changes = changes
        self.error = f"{type(error).__name__}: {' '.join(str(error).split())}"

    def data(self, results: Any) -> pd.DataFrame:
        """One row: the settings and the error."""
        import pandas as pd

        return pd.DataFrame({"settings": [self.changes], "error": [self.error]})

    def alt(self, data: pd.DataFrame) -> str:
        """What is seen."""
        return f"A sheet that says: {SAYS}."

    def caption(self, data: pd.DataFrame) -> str:
        """What it means."""
        return f"With `{self.changes}` there is nothing to draw of what this figure shows."

    def draw(self, data: pd.DataFrame, theme: Theme) -> Figure:
        """A sheet with one line."""
        return self.animate(data, theme).figure

    def animate(self, data: pd.DataFrame, theme: Theme) -> Animation:
        """The same as a film in which nothing moves."""
        figure, axes = theme.figure(height=1.6)
        axes.set_axis_off()
        line = axes.text(
            0.5, 0.5, SAYS, color=theme.muted, ha="center", va="center", transform=axes.transAxes
        )
        return Animation(figure, [line], FRAMES, lambda frame: None, fps=10, poster=0)
