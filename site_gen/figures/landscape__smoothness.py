"""The effective smoothness through training, also with short weights."""

from experiments.results import only, summary
from experiments.studies.landscape import SHORT

TITLE = "The same function with shorter weights is less smooth"
TAGS = ("landscape", "gradients", "size of the weights")
CLAIMS = ("smoothness-is-of-the-function",)

COLOURS = {"none": "none", "batch norm": "batch norm", SHORT: "batch norm"}
# Panel and condition → name, place along the line in quarters, and how far above it in points.
LABELS = {
    (0, SHORT): (SHORT, 2, 12),
    (0, "none"): ("without", 0, -12),
    (1, "none"): ("without", 2, 13),
    (1, "batch norm"): ("batch norm", 2, -12),
}


def data(results):
    """By condition, rate and step, the geometric mean over runs, with its interval."""
    return summary(results["smoothness"], geometric=True)


def alt(data):
    start = only(data, step=0, rate=data["rate"].min())
    means = start.set_index("condition")["smoothness"]
    said = ", ".join(f"{condition} {means[condition]:.0f}" for condition in COLOURS)
    return f"""Two panels of lines over training steps, one for each learning rate. Effective
    smoothness before training, along steps of the smaller rate: {said}."""


def caption(data):
    return f"""$\\max_s \\lVert \\nabla L(x) - \\nabla L(x - s g) \\rVert / \\lVert s g \\rVert$
    over $s$ from half to four times the learning step: less is smoother. Dashed: batch norm with
    shorter hidden weights, which compute the same at the start, up to $\\varepsilon$. Geometric
    mean of {data["runs"].iloc[0]} paired runs with 95 % intervals."""


def draw(data, theme):
    figure, panels = theme.panels(data.sort_values("rate", kind="stable"), "rate", sharey=True)
    for panel, (ax, rate, some) in enumerate(panels):
        for condition, colour in COLOURS.items():
            of, line = only(some, condition=condition), (0, (4, 2)) if condition == SHORT else "-"
            theme.curve(ax, of, "step", "smoothness", colour, linestyle=line)
            if (panel, condition) in LABELS:
                name, quarter, dy = LABELS[panel, condition]
                at = of.iloc[quarter * len(of) // 4][["step", "smoothness"]]
                ha, dx = ("center", 0) if quarter else ("left", 6)
                theme.label(ax, *at, name, colour, ha=ha, dx=dx, dy=dy)
        ax.set(yscale="log", title=f"learning rate {rate:g}", xlabel="training step")
        theme.ticks(ax, y=(3, 10, 30))
    panels[0][0].set_ylabel("effective smoothness")
    return figure
