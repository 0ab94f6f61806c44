"""Test accuracy over steps: the plain network at its best rate, batch norm at multiples of it."""

from experiments.results import only, quartiles

TITLE = (
    "At the plain network's best rate batch norm leads; at five and thirty times that rate it "
    "falls behind"
)
TAGS = ("speed", "learning rates", "training")
CLAIMS = ("five-and-thirty-times-the-rate",)


def data(results):
    """A row for every condition and step: median and quartiles of the accuracy over runs."""
    table = quartiles(results["accuracy"])
    table["multiple"] = table["condition"].replace("none", "0").astype(float)
    columns = ["step", "accuracy", "low", "high", "multiple", "runs"]
    return table[columns].sort_values(["multiple", "step"], ignore_index=True)


def alt(data):
    end = only(data, step=data["step"].max()).set_index("multiple")["accuracy"]
    return f"""Test accuracy over {data["step"].max()} steps. Last: {end[0]:.2f} without batch norm,
    with it {end[1]:.2f} at the same rate, {end[5]:.2f} at five times and {end[30]:.2f} at thirty
    times."""


def caption(data):
    return f"""Test accuracy in evaluation mode, median and quartiles of {data["runs"].iloc[0]}
    paired runs. Orange: without batch norm at the best rate of the search. Blue: with batch norm,
    at that rate times the number."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.8)
    multiples, last = data["multiple"].unique(), data["step"].max()
    colours = dict(zip(multiples, ["none", *theme.sequence(len(multiples) - 1)], strict=True))
    for multiple, colour in colours.items():
        theme.curve(ax, only(data, multiple=multiple), "step", "accuracy", colour, linewidth=1.8)
    height = 1.04  # labels from the top down, so far apart that none lies over another
    for end in only(data, step=last).sort_values("accuracy", ascending=False).itertuples():
        height = min(end.accuracy, height - 0.065)
        name = f"{end.multiple:g} times" if end.multiple else "without"
        theme.label(ax, last, height, name, colours[end.multiple], dx=8)
    ax.set(xlabel="step", ylabel="test accuracy", ylim=(0, 1.0), xlim=(0, last))
    return figure
