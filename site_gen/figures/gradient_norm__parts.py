"""One gradient taken apart into what the backward pass removes and what it sends back."""

from experiments.results import only, rows
from site_gen.theme.numbers import percent

TITLE = "A gradient that arrives, the two parts that go, and the part that gets back"
TAGS = ("transform", "gradients")
CLAIMS = ("gradient-norm-identity", "gradient-norm-root")
ID = "jacobian-parts"

PARTS = {"arrives": "arrives", "constant": "moves all: removed"}
PARTS |= {"stretch": "stretches: removed", "returns": "gets back"}


def data(results):
    """A row for every part and sample: its normalized value and its entry of the gradient."""
    part = results["part"].sel(kind=list(PARTS)).rename("gradient").rename(kind="part")
    return rows(part, normalized=results["part_input"])


def shares(data):
    """Squared length of each part over that of the whole."""
    squares = data["gradient"].pow(2).groupby(data["part"]).sum()
    return squares / squares["arrives"]


def alt(data):
    of = shares(data).map(percent)
    return f"""Four panels of stems over the normalized values of {data["sample"].nunique()}
    samples: the gradient that arrives; a constant, {of["constant"]} of its squared length; a
    straight line through the origin, {of["stretch"]}; and the rest, {of["returns"]}, which has no
    trend."""


def caption(data):
    back = only(data, part="returns")
    along = max(abs(back["gradient"].sum()), abs((back["gradient"] * back["normalized"]).sum()))
    return f"""A made-up gradient of {len(back)} samples at $\\varepsilon = 0$, times $\\sigma$. The
    two removed parts hold {percent(1 - shares(data)["returns"])} of its squared length, far above
    the $2/m$ of a random one, for it was made to ask for a move and a stretch. What gets back has
    no mean and no slope: both sums are below {max(along, 1e-15):.0e}."""


def draw(data, theme):
    figure, panels = theme.panels(data, "part", height=2.9, sharex=True, sharey=True)
    side, reach = 0.3 + data["normalized"].abs().max(), 1.15 * data["gradient"].abs().max()
    for ax, part, of in panels:
        colour = theme.muted if "removed" in PARTS[part] else theme.colour("gradient")
        theme.level(ax, y=0, zorder=1.5)
        ax.vlines(of["normalized"], 0, of["gradient"], color=colour, linewidth=1.2)
        theme.points(ax, of, "normalized", "gradient", colour)
        ax.set(xlim=(-side, side), ylim=(-reach, reach), xticks=range(-2, 3, 2))
        ax.set_title(PARTS[part], size="medium")
    figure.supxlabel("normalized value x̂ of the sample", size="medium")
    panels[0][0].set_ylabel("entry of the gradient")
    return figure
