"""What each colour means: from a condition to its colour on light and on dark paper.

Figures, animations, the style sheet and verdict chips all take their colours from here
(`python -m site_gen.theme.css` writes the style sheet's copy; a test holds the two equal). Every
colour reaches 4.5:1 on its paper, so that direct labels may wear it, and the conditions stay apart
under simulated protanopia, deuteranopia and tritanopia: `tests/site_gen/test_theme.py`.
"""

PALETTE: dict[str, tuple[str, str]] = {
    # condition: (on light, on dark)
    "batch norm": ("#2656bc", "#6f9dff"),
    "none": ("#b85400", "#f98e2b"),
    "layer norm": ("#008569", "#6fe9bd"),
    "group norm": ("#55207a", "#b868d0"),
    "input": ("#785000", "#f2d65a"),
    "gradient": ("#8c0f45", "#fb5d8d"),
    "theory": ("#444a56", "#c3c9d4"),
    "truth": ("#16181d", "#f1f3f6"),
    "positive": ("#0075aa", "#45cfe6"),
    "negative": ("#b3200a", "#f5684a"),
    "neutral": ("#5d626c", "#959aa6"),
    # verdicts
    "supported": ("#00705c", "#5fdcb0"),
    "refuted": ("#b3200a", "#ff8a70"),
    "depends": ("#7d5300", "#f0c860"),
    "untested": ("#5d626c", "#a9aeb9"),
}

# Paper, type and rules. The paper is also the page's background, so a figure has no visible edge.
SURFACE: dict[str, tuple[str, str]] = {
    "paper": ("#ffffff", "#14161b"),
    "raised": ("#f6f7f9", "#1c1f26"),
    "ink": ("#16181d", "#eceef2"),
    "muted": ("#565c67", "#a4aab5"),
    "grid": ("#e6e8ec", "#2a2e37"),
    "rule": ("#d3d7dd", "#3a3f4a"),
    "accent": ("#2656bc", "#6f9dff"),
}

# Ends of the ramps, from what lies near the paper to what stands out from it.
RAMPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "lines": (
        ("#5a80d0", "#28509f", "#0b1735"),
        ("#5474b8", "#86abff", "#e4ecff"),
    ),
    "fill": (
        ("#f3f6fc", "#9db7e8", "#2656bc", "#101f4a"),
        ("#1b2130", "#34508f", "#6f9dff", "#e4ecff"),
    ),
    "diverging": (
        ("#173a85", "#7f9fdf", "#f6f7f9", "#e59a5c", "#7a3600"),
        ("#a9c4ff", "#3f62b0", "#1c1f26", "#a85d17", "#ffb878"),
    ),
}
