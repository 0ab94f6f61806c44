"""Nine normalizations by name, put together from the engine's layers, with γ and β behind."""

from __future__ import annotations

from experiments.engine.affine import Affine
from experiments.engine.convolution import Convolution
from experiments.engine.dense import Dense
from experiments.engine.ghost import Ghost
from experiments.engine.layer import Layer
from experiments.engine.renormalize import Renormalize
from experiments.engine.root_mean_square import RootMeanSquare
from experiments.engine.standardize import Convention, Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.standardize_groups import StandardizeGroups
from experiments.engine.train import Model
from experiments.engine.unit_weights import UnitWeights
from experiments.study import Settings, setting

# Name → short name.
NORMALIZATIONS = {
    "none": "none",
    "weight normalization": "weight",
    "batch norm": "batch",
    "ghost batches": "ghost",
    "batch renormalization": "renorm",
    "layer norm": "layer",
    "RMSNorm": "rms",
    "group norm": "group",
    "instance norm": "instance",
}
# Name → the best known normalization of its kind, whose colour it has in figures.
KIND = {
    **dict.fromkeys(("batch norm", "ghost batches", "batch renormalization"), "batch norm"),
    **dict.fromkeys(("layer norm", "RMSNorm"), "layer norm"),
    **dict.fromkeys(("group norm", "instance norm"), "group norm"),
    **dict.fromkeys(("none", "weight normalization"), "none"),
}


class Normalizing(Settings):
    """Settings of every study that compares normalizations; its `Setup` adds its own."""

    ghost: int = setting(4, "samples that make a ghost batch; two in batches of two")
    groups: int = setting(2, "groups of channels in group norm")
    r_max: float = setting(3.0, "limit of r in batch renormalization")
    d_max: float = setting(5.0, "limit of d")
    running_rate: float = setting(0.03, "weight of a new batch in the running statistics")

    @property
    def details(self) -> tuple[float, ...]:
        """These settings, for `normalized`."""
        return self.ghost, self.groups, self.r_max, self.d_max, self.running_rate


def normalized(
    name: str,
    linear: Convolution | Dense,
    batch: int,
    ghost: int,
    groups: int,
    r_max: float,
    d_max: float,
    running_rate: float,
) -> tuple[Layer, ...]:
    """A layer without bias, a normalization, γ and β.

    Parameters
    ----------
    name : str
        Of `NORMALIZATIONS`.
    linear : Convolution or Dense
    batch : int
        Samples in a batch: a ghost batch has no more.
    ghost, groups, r_max, d_max, running_rate
        The settings of `Normalizing`.
    """
    if name == "weight normalization":
        return UnitWeights(linear), Affine()
    convention = Convention(1e-5, running_rate, unbiased=True)
    channels = linear.channels if isinstance(linear, Convolution) else 1
    between = {
        "none": (),
        "batch norm": (Standardize(convention=convention),),
        "ghost batches": (Ghost(min(ghost, batch), convention),),
        "batch renormalization": (Renormalize(r_max, d_max, convention),),
        "layer norm": (StandardizeFeatures(),),
        "RMSNorm": (RootMeanSquare(),),
        "group norm": (StandardizeGroups(groups),),
        "instance norm": (StandardizeGroups(channels),),
    }
    return linear, *between[name], Affine()


def started_alike(model: Model) -> Model:
    """γ behind unit weights starts at their lengths, so all start from the same linear maps."""
    changed = model.copy()
    for i, layer in enumerate(model.network.layers):
        if isinstance(layer, UnitWeights):
            changed.params[i + 1]["gamma"] = layer.lengths(changed.params[i])
    return changed
