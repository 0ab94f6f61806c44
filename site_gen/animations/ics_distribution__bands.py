"""The distribution of what enters a typical sigmoid, and the test accuracy, in training."""

import pandas as pd

from experiments.results import only, value
from experiments.studies.ics_distribution import LABELS, MAIN
from site_gen.theme.film import percentiles, training_film

TITLE = "Two networks learn the same digits: what enters a sigmoid, with and without batch norm"
TAGS = ("internal covariate shift", "distributions", "training speed")


def data(results):
    """Percentiles of a typical sigmoid's input and test accuracy of the first run, main rate."""
    found = []
    for norm in LABELS:
        at = {"norm": norm, "rate": MAIN, "run": 0}
        read = percentiles(value("band", place="sigmoid input", **at)(results))
        read = read.assign(accuracy=value("accuracy", **at)(results)).loc[1:]
        found.append(read.reset_index().assign(network=norm))
    return pd.concat(found, ignore_index=True).assign(rate=float(MAIN(results)))


def alt(data):
    ends = only(data, step=data["step"].max()).set_index("network")["accuracy"]
    half = data[data["accuracy"] > 0.5].groupby("network")["step"].min()
    return f"""Animation over {data["step"].max()} training steps, on a logarithmic scale. Without
    batch norm the distribution of a sigmoid’s input is a thin line that wanders down, and the
    accuracy passes one half after {half["none"]} steps, when the line opens to a band; with batch
    norm it is a wide band from the start, and accuracy passes one half after {half["batch norm"]}
    steps. They end at {ends["none"]:.2f} and {ends["batch norm"]:.2f}."""


def caption(data):
    return f"""One pair of runs at learning rate ${data["rate"].iloc[0]:g}$: the same initial
    weights, the same batches. Above: median and the band from the 15th to the 85th percentile of
    what enters a typical sigmoid of the last hidden layer. Below: test accuracy. A single pair: an
    illustration, not a measurement."""


def animate(data, theme):
    columns = {norm: (label, norm) for norm, label in LABELS.items()}
    return training_film(data, theme, columns, drawing=80, hold=20, ratio=2)
