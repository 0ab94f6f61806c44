"""What stands on everything published: the site's name, its author, the year and the licence."""

TITLE = "Batch Norm, Measured"
AUTHOR = "Batch Norm, Measured contributors"
YEAR = 2026
LICENCE = "CC BY 4.0"  # of text, figures and animations
LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"
