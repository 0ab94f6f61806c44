"""How much of its final distance from the start a layer's γ has gone, over training."""

from experiments.results import nearest, only, summary
from experiments.studies.gamma_beta_settling import FULL, PARAMETERS

TITLE = "Whether γ and β settle early depends on the learning rate"
TAGS = ("gamma and beta", "learning rate")
CLAIMS = ("gamma-beta-settle-early",)
ID = "gamma-beta-drift-settling"

MARK = FULL.settled  # the share of training after which the claim looks


def data(results):
    """Distance from the start in parts of the final one, by parameter, rate and training."""
    away = results["distance"].isel(layer=-1, drop=True).sel(parameter=list(PARAMETERS))
    share = (away / away.isel(step=-1, drop=True)).transpose("parameter", "rate", "step", "run")
    found, steps = summary(share, name="share"), int(results["step"][-1])
    return found.assign(training=found["step"] / steps, steps=steps)


def alt(data):
    near, said = nearest(data, training=MARK)["training"], []
    for parameter, of in only(data, training=near).groupby("parameter", sort=False):
        shares = ", ".join(f"{row.share:.0%} at rate {row.rate:g}" for row in of.itertuples())
        said.append(f"{PARAMETERS[parameter]} {shares}")
    return f"""Share of the final distance from the start over training. After a tenth of the steps:
    {"; ".join(said)}."""


def caption(data):
    return f"""Distance of all γ (left) and all β (right) of the last hidden layer from where they
    started, root mean square over units, in parts of the distance after {data["steps"].iloc[0]}
    steps. The vertical line is a tenth of training; what moves at a constant pace in one direction
    lies on the dotted line. Means of {data["runs"].iloc[0]} runs with 95 % bands."""


def draw(data, theme):
    figure, panels = theme.panels(data, "parameter", height=3.8, sharey=True)
    colours = theme.sequence(data["rate"].nunique())
    place = {"transform": "axes fraction", "dx": 0, "ha": "right"}
    for ax, parameter, some in panels:
        theme.theory(ax, [0, 1], [0, 1], color=theme.muted, linestyle=":")
        theme.level(ax, x=MARK, linewidth=0.8)
        for k, ((rate, of), colour) in enumerate(zip(some.groupby("rate"), colours, strict=True)):
            theme.curve(ax, of, "training", "share", colour)
            if ax is panels[0][0]:
                theme.label(ax, 0.97, 0.05 + 0.075 * k, f"rate {rate:g}", colour, **place)
        ax.set(xlabel="share of training", ylim=(0, None), xlim=(0, 1))
        ax.set_title(f"{PARAMETERS[parameter]} of the last hidden layer")
    panels[0][0].set_ylabel("share of the final distance")
    return figure
