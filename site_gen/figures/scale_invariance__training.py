"""Training from weights of several sizes: with one rate, and with that of the weights times a²."""

from experiments.results import only, quartiles
from experiments.studies.scale_invariance import CONDITIONS, ONE_RATE, POWERS

TITLE = "The size of the weights is a learning rate in disguise"
TAGS = ("effective learning rate", "initialization")
CLAIMS = ("size-is-a-learning-rate", "initial-size-does-not-matter")


def data(results):
    """A row for every condition, power of two and step: the median training loss with quartiles."""
    loss = results["loss"].sel(factor=sorted({*POWERS, 1.0}))
    return quartiles(loss.transpose("condition", "factor", "step", "run"))


def alt(data):
    steps = data["step"].max()
    last = only(data, step=steps).set_index("factor")
    same, scaled = (only(last, condition=condition)["loss"] for condition in CONDITIONS)
    return f"""Two panels of training loss by step. With one rate the loss after {steps} steps is
    {same.min():.2f} from the weights that learn fastest and {same.max():.2f} from those
    {max(same.index):g} times as large; with the rate times a² all curves are one, ending at
    {scaled.iloc[0]:.2f}."""


def caption(data):
    return f"""Full-batch gradient descent at $\\varepsilon = 0$; median and quartiles of
    {data["runs"].iloc[0]} networks, the same in both panels. Left: the weights in front of the
    batch norm are multiplied by $a$. Right: their rate is multiplied by $a^2$ as well, and all
    {data["factor"].nunique()} curves agree in every bit."""


def draw(data, theme):
    figure, panels = theme.panels(data, "condition", height=3.4, sharey=True)
    factors = data["factor"].unique()
    colours = dict(zip(factors, theme.sequence(len(factors)), strict=True))
    for ax, condition, panel in panels:
        for factor in factors if condition == ONE_RATE else factors[-1:]:
            name = f"a = {factor:g}" if condition == ONE_RATE else "all"
            dy = {"a = 0.5": 6, "a = 0.25": -6}.get(name, 0)
            rows = only(panel, factor=factor)
            theme.curve(ax, rows, "step", "loss", colours[factor], name, dy=dy)
        ax.margins(x=0.05)
        ax.set_xlim(right=1.25 * panel["step"].max())
        ax.set(xlabel="step", yscale="log", title=condition)
    panels[0][0].set_ylabel("training loss (nat)")
    return figure
