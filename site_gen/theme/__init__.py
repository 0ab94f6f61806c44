"""The house theme: colours by condition, light and dark paper, the base of figures and films."""

from site_gen.theme.theme import DARK, LIGHT, Animation, Theme

__all__ = ["DARK", "LIGHT", "Animation", "Theme"]
