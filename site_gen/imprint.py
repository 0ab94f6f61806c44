"""What stands on everything that is published: the site's name, who made it, when, and under which licence."""

TITLE = "Batch Norm, Measured"
AUTHOR = "Batch Norm, Measured contributors"
YEAR = 2026
LICENCE = "CC BY 4.0"  # of text, figures and animations
LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"
