"""What enters a sigmoid, and the test accuracy, without batch norm, with it, and with noise."""

import pandas as pd

from site_gen.theme.film import percentiles, training_film

TITLE = (
    "Noise throws the distribution about at every step, "
    "and the network with batch norm learns all the same"
)
TAGS = ("internal covariate shift", "noise", "training speed")

SIZE = 1.0
# Network → its normalization, the size of its noise, the condition that gives its colour.
NETWORKS = {
    "without batch norm": ("none", 0.0, "none"),
    "with batch norm": ("batch norm", 0.0, "batch norm"),
    "with batch norm and noise": ("batch norm", SIZE, "gradient"),
}


def data(results):
    """Percentiles of what enters a sigmoid of the last hidden layer, and accuracy; first run."""
    found = []
    for network, (norm, size, _) in NETWORKS.items():
        at = results.sel(norm=norm, size=size)
        read = percentiles(at["band"]).assign(accuracy=at["accuracy"].isel(run=0))
        found.append(read.dropna().loc[1:].reset_index().assign(network=network))
    return pd.concat(found, ignore_index=True)


def alt(data):
    half = data[data["accuracy"] > 0.5].groupby("network")["step"].min()
    reached = {network: f"passes one half after {step} steps" for network, step in half.items()}
    said = "; ".join(f"{one} it {reached.get(one, 'does not reach one half')}" for one in NETWORKS)
    return f"""Animation over training steps, on a logarithmic scale. Without batch norm what enters
    a sigmoid is a thin line that wanders, with batch norm a steady band, with noise a band that
    jumps up and down from reading to reading. Below, the accuracy: {said}."""


def caption(data):
    return f"""The first of the runs: the same initial weights, the same batches. Above: median and
    the band from the 15th to the 85th percentile of what enters one sigmoid of the last hidden
    layer, on the same test images. In the last column a shift and a stretch, drawn anew at every
    step, stand between batch norm and the sigmoid (size ${SIZE:g}$). Below: test accuracy, measured
    without noise. An illustration, not a measurement."""


def animate(data, theme):
    columns = {network: (network, colour) for network, (_, _, colour) in NETWORKS.items()}
    return training_film(data, theme, columns, drawing=64, hold=14, ratio=1.7)
