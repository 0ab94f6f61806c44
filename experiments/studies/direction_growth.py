"""How fast does each direction grow in a deep linear network without normalization?

A product of Gaussian matrices, followed direction by direction: each is multiplied to the
orthonormal frame that the last one left, and what it does to the length of every direction is
noted. The rate at which each grows is held against the exact one.
"""

import numpy as np

from experiments.claims import Case, supported, within
from experiments.results import FIRST, table, value
from experiments.runs import normal
from experiments.study import Settings, call, setting
from experiments.theory import depth as theory


class Setup(Settings):
    width: int = setting(32, "size of the matrices")
    layers: int = setting(400, "matrices in a product")
    runs: int = setting(16, "products")
    seed: int = setting(15, "every random stream is spawned from it")


QUICK, FULL, PAPER = Setup(width=6, layers=24, runs=4), Setup(), Setup(runs=64)


def points(s):
    """All products."""
    return {"products": call(product, s)}


def product(width, layers, runs):
    """ln R_ii a layer of Q R = W Q, with the Q of the layer before: nothing over- or underflows."""
    rngs, growth = runs.part(0).streams(), np.zeros((len(runs), width))
    q = np.broadcast_to(np.eye(width), (len(runs), width, width))
    for _ in range(layers):
        q, r = np.linalg.qr(normal(rngs, width, width) / np.sqrt(width) @ q)
        growth += np.log(np.abs(np.diagonal(r, axis1=1, axis2=2)))
    found = {
        "growth": (growth / layers, "growth of ln R_ii a layer"),
        "predicted_growth": (theory.gaussian_growth(width), "its expectation", "1", "direction"),
        "layers": (layers, "matrices in a product", "1", ""),
    }
    return table(found, run=runs, direction=np.arange(1, width + 1))


# ------------------------------------------------------------------------------------------ claims


def slope(results):
    """Slope through zero of the measured growth of all directions in the predicted one."""
    law = results["predicted_growth"]
    return (results["growth"] * law).sum("direction") / (law**2).sum()


FIRST_OFF = (value("growth") - value("predicted_growth")).at(direction=FIRST).mean()
# A slope over all directions, each known from thousands of layers to a few thousandths; twice as
# much for the interval of the first, whose rate is larger in size. The slope is ruled by the last
# directions, which fall the fastest; the first one decides on the collapse.
RATES, FIRST_RATE = within(1, relative=0.01), within(0, absolute=0.01)
SLOPE = "slope of the measured rates of all directions in the predicted ones"
GROWTH = "growth of the logarithm of the first direction a layer, less the predicted one"

CLAIMS = {
    "directions-grow-at-known-rates": supported(
        "In a linear network of Gaussian weights without normalization every direction grows at a "
        "rate that is known exactly.",
        source="newman1986",
        cases=(Case(SLOPE, value(slope).mean(), RATES), Case(GROWTH, FIRST_OFF, FIRST_RATE)),
        because="A Gaussian matrix looks the same from all sides, so each layer stretches what is "
        "left of a direction by the length of a fresh Gaussian vector.",
    ),
}

VALUES = {}
