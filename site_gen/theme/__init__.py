"""The house theme: colours by condition, light and dark paper, and what figures and animations are made with."""

from site_gen.theme.theme import DARK, LIGHT, Animation, Theme

__all__ = ["DARK", "LIGHT", "Animation", "Theme"]
