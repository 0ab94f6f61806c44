"""Test accuracy over steps: the plain network at its best rate, batch norm at multiples of it."""

from experiments.results import rows

TITLE = (
    "At the plain network's best rate batch norm leads; at five and thirty times that rate "
    "it falls behind"
)
TAGS = ("speed", "learning rates", "training")
CLAIMS = ("five-and-thirty-times-the-rate",)


def data(results):
    """A row for every condition and step: median and quartiles of the accuracy over runs."""
    low, median, high = (results["accuracy"].quantile(q, "run") for q in (0.25, 0.5, 0.75))
    named = median.rename("accuracy"), low.rename("low"), high.rename("high")
    table = rows(*(one.drop_vars("quantile") for one in named))
    multiple = table["condition"].replace("none", "0").astype(float)
    table = table.drop(columns="condition").assign(multiple=multiple, runs=results.sizes["run"])
    return table.sort_values(["multiple", "step"], ignore_index=True)


def _end(data, multiple):
    return float(data.loc[data["multiple"] == multiple, "accuracy"].iloc[-1])


def alt(data):
    return (
        f"Test accuracy over {data['step'].max()} steps. Last: {_end(data, 0):.2f} without batch "
        f"norm, with it {_end(data, 1):.2f} at the same rate, {_end(data, 5):.2f} at five times "
        f"and {_end(data, 30):.2f} at thirty times."
    )


def caption(data):
    return (
        f"Test accuracy in evaluation mode, median and quartiles of {data['runs'].iloc[0]} paired "
        "runs. Orange: without batch norm at the best rate of the search. Blue: with batch norm, "
        "at that rate times the number."
    )


def draw(data, theme):
    figure, ax = theme.figure(height=3.8)
    multiples = sorted(data["multiple"].unique())
    colours = ["none", *theme.sequence(len(multiples) - 1)]
    colours = dict(zip(multiples, colours, strict=True))
    for multiple, one in data.groupby("multiple"):
        theme.curve(ax, one, "step", "accuracy", colours[multiple], linewidth=1.8)
    height = 1.04  # labels from the top down, so far apart that none lies over another
    for value, multiple in sorted(((_end(data, m), m) for m in multiples), reverse=True):
        height = min(value, height - 0.065)
        text = f"{multiple:g} times" if multiple else "without"
        theme.label(ax, data["step"].max(), height, text, colours[multiple], dx=8)
    ax.set(xlabel="step", ylabel="test accuracy", ylim=(0, 1.0), xlim=(0, data["step"].max()))
    return figure
