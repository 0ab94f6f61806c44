"""The engine equals PyTorch: forward, backward, running statistics, training."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose

from experiments.engine import activations
from experiments.engine.activations import ReLU, Sigmoid
from experiments.engine.adam import Adam, AdamW
from experiments.engine.affine import Affine
from experiments.engine.convolution import Convolution
from experiments.engine.dense import Dense
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.residual import Residual
from experiments.engine.root_mean_square import RootMeanSquare
from experiments.engine.sgd import SGD
from experiments.engine.standardize import Convention, Standardize
from experiments.engine.standardize_features import StandardizeFeatures
from experiments.engine.standardize_groups import StandardizeGroups
from experiments.engine.unit_weights import UnitWeights

U = 2.0**-53  # unit round-off of float64


def assert_equal_to_round_off(ours, theirs, name, tolerance=1e-12):
    assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance, err_msg=name)


def normalize(layer, case, training):
    """What `layer` and an `Affine` compute in a golden case, under the names that it uses."""
    net = Network((layer, Affine()))
    batches = case["batches"] if "batches" in case else case["x"][None]
    params, state = net.init([None] * batches.shape[1], features=batches.shape[3])
    params[1] = {"gamma": case["gamma"], "beta": case["beta"]}
    for x in batches:
        y, saved, state = net.forward(params, state, x, training=True)
    if not training:
        y, saved, _ = net.forward(params, state, batches[-1], training=False)
    dx, grads = net.backward(params, saved, case["dy"])
    return {"y": y, "dx": dx, "dgamma": grads[1]["gamma"], "dbeta": grads[1]["beta"], **state[0]}


def batch_norm(case):
    return Standardize(Convention(case["eps"].item(), case["rate"].item(), unbiased=True))


def of_each_sample(name, case):
    eps = case["eps"].item()
    if "layer_norm" in name:
        return StandardizeFeatures(eps)
    return StandardizeGroups(case["groups"].item(), eps)


@pytest.mark.parametrize(
    "name",
    ["plain", "batch_of_2", "one_feature", "eps_0", "constant_features", "offset_without_rounding"],
)
def test_batch_norm(golden, name):
    case = golden(f"batch_norm/{name}")
    ours = normalize(batch_norm(case), case, training=True)
    for quantity in ("y", "dx", "dgamma", "dbeta", "running_mean", "running_var"):
        assert_equal_to_round_off(ours[quantity], case[quantity], quantity)
    ours = normalize(batch_norm(case), case, training=False)
    for quantity in ("y", "dx"):
        assert_equal_to_round_off(ours[quantity], case[f"eval_{quantity}"], f"eval_{quantity}")


def test_batch_norm_far_from_zero(golden):
    """At mean 1e6 and deviation 1 our error is 1e-12; PyTorch differs by no more than its own.

    PyTorch rounds the mean, and x γ/σ before it subtracts μ γ/σ, each to a relative error of a few
    u = 2⁻⁵³. After the subtraction that is an absolute error of a few u |μ|/σ, so we may differ by
    a few u (1 + |μ|/σ), here some 1e-10. We subtract the first sample before taking the mean. That
    difference is exact (Sterbenz), so the offset costs nothing. Where nothing is rounded on either
    way ("offset_without_rounding" above) both agree to 1e-12 at the same mean.
    """
    case = golden("batch_norm/offset")
    ours = normalize(batch_norm(case), case, training=True)
    condition = (
        1 + np.abs(case["batches"][-1].mean(axis=1)).max() / case["batches"][-1].std(axis=1).min()
    )
    for quantity in ("y", "dx", "dgamma", "dbeta", "running_mean", "running_var"):
        assert_equal_to_round_off(
            ours[quantity], case[quantity], quantity, tolerance=8 * U * condition
        )

    gamma, beta = case["gamma"], case["beta"]
    for (r, i, f), y in np.ndenumerate(ours["y"]):
        x = [Fraction(value) for value in case["batches"][-1][r, :, f]]
        mean = sum(x) / len(x)
        var = sum((value - mean) ** 2 for value in x) / len(x)
        xhat = float(x[i] - mean) / float(var + Fraction(1e-5)) ** 0.5
        assert y == pytest.approx(gamma[r, f] * xhat + beta[r, f], rel=1e-12, abs=1e-12)


def test_layer_and_group_norm(golden):
    for name in (
        "layer_norm/plain",
        "layer_norm/eps_0",
        "group_norm/2_groups",
        "group_norm/3_groups",
        "group_norm/eps_0",
    ):
        case = golden(name)
        ours = normalize(of_each_sample(name, case), case, training=True)
        for quantity in ("y", "dx", "dgamma", "dbeta"):
            assert_equal_to_round_off(ours[quantity], case[quantity], f"{name} {quantity}")


@pytest.mark.parametrize("name", ["plain", "eps", "images"])
def test_root_mean_square(golden, name):
    case = golden(f"root_mean_square/{name}")
    net = Network((RootMeanSquare(case["eps"].item()), Affine()))
    params = [{}, {"gamma": case["gamma"], "beta": np.zeros_like(case["gamma"])}]
    y, saved, _ = net.forward(params, [{}, {}], case["x"], training=True)
    dx, grads = net.backward(params, saved, case["dy"])
    for quantity, ours in (("y", y), ("dx", dx), ("dgamma", grads[1]["gamma"])):
        assert_equal_to_round_off(ours, case[quantity], quantity)


@pytest.mark.parametrize("name", ["dense", "convolution"])
def test_weight_normalization(golden, name):
    """PyTorch's v is (run, unit, input) for a linear layer, ours (run, input, unit)."""
    case, dense = golden(f"weight_norm/{name}"), name == "dense"
    turned = (lambda v: v.swapaxes(1, 2)) if dense else (lambda v: v)
    layer = UnitWeights(Dense(3, bias=False) if dense else Convolution(3, bias=False))
    net = Network((layer, Affine()))
    params = [
        {"weight": np.ascontiguousarray(turned(case["v"]))},
        {"gamma": case["g"], "beta": case["b"]},
    ]
    y, saved, _ = net.forward(params, [{}, {}], case["x"], training=True)
    dx, grads = net.backward(params, saved, case["dy"])
    dv, affine = turned(grads[0]["weight"]), grads[1]
    computed = {"y": y, "dx": dx, "dv": dv, "dg": affine["gamma"], "db": affine["beta"]}
    for quantity, ours in computed.items():
        assert_equal_to_round_off(ours, case[quantity], quantity)


@pytest.mark.parametrize("name", ["batch_norm", "batch_norm_of_one"])
def test_batch_norm_of_images(golden, name):
    """Statistics of each channel over samples and pixels, also with a batch of one image."""
    case = golden(f"images/{name}")
    ours = normalize(batch_norm(case), case, training=True)
    for quantity in ("y", "dx", "dgamma", "dbeta", "running_mean", "running_var"):
        assert_equal_to_round_off(ours[quantity], case[quantity], quantity)
    ours = normalize(batch_norm(case), case, training=False)
    for quantity in ("y", "dx"):
        assert_equal_to_round_off(ours[quantity], case[f"eval_{quantity}"], f"eval_{quantity}")


@pytest.mark.parametrize("name", ["layer_norm", "group_norm", "instance_norm"])
def test_layer_group_and_instance_norm_of_images(golden, name):
    case = golden(f"images/{name}")
    ours = normalize(of_each_sample(name, case), case, training=True)
    for quantity in ("y", "dx", "dgamma", "dbeta"):
        assert_equal_to_round_off(ours[quantity], case[quantity], quantity)


@pytest.mark.parametrize("padding", ["zero", "circular"])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (5, 1), (3, 2), (5, 3)])
def test_convolution(golden, padding, kernel, stride):
    case = golden(f"convolution/{padding}, kernel {kernel}, stride {stride}")
    layer = Convolution(2, kernel, stride, padding)
    params = {"weight": case["weight"], "bias": case["bias"]}
    y, saved, _ = layer.forward(params, {}, case["x"], training=True)
    dx, grads = layer.backward(params, saved, case["dy"])
    for name, ours in (
        ("y", y),
        ("dx", dx),
        ("dweight", grads["weight"]),
        ("dbias", grads["bias"]),
    ):
        assert_equal_to_round_off(ours, case[name], name)


@pytest.mark.parametrize("name", ["Sigmoid", "Tanh", "ReLU"])
def test_activation(golden, name):
    case, layer = golden(f"activation/{name}"), getattr(activations, name)()
    y, saved, _ = layer.forward({}, {}, case["x"], training=True)
    dx, _ = layer.backward({}, saved, case["dy"])
    # Relative, so that the left tail of a sigmoid counts too. Only 1 − tanh² cancels.
    assert_allclose(y, case["y"], rtol=1e-12, atol=1e-300)
    assert_allclose(dx, case["dx"], rtol=1e-12, atol=1e-14 if name == "Tanh" else 1e-300)


@pytest.mark.parametrize("name", ["plain", "large"])
def test_cross_entropy(golden, name):
    case = golden(f"cross_entropy/{name}")
    loss, dlogits = softmax_cross_entropy(case["logits"], case["labels"])
    assert_equal_to_round_off(loss, case["loss"], "loss")
    assert_equal_to_round_off(dlogits, case["dlogits"], "dlogits")


@pytest.mark.parametrize(
    "name",
    [
        *(f"sgd/{settings}" for settings in ("plain", "momentum", "weight_decay", "both")),
        *(f"adam/{settings}" for settings in ("plain", "weight_decay", "betas")),
        *(f"adamw/{settings}" for settings in ("plain", "no_decay")),
    ],
)
def test_optimizers(golden, name):
    case = golden(name)
    kind = {"sgd": SGD, "adam": Adam, "adamw": AdamW}[name.split("/")[0]]
    ours = {"lr": "rate"}
    given = ("lr", "momentum", "weight_decay", "eps", "beta1", "beta2")
    optimizer = kind(**{ours.get(one, one): case[one].item() for one in given if one in case})
    params = [{"p": case["start"].copy()}]
    progress = optimizer.init(params)
    for g, after in zip(case["gradients"], case["path"], strict=True):
        optimizer.update(params, [{"p": g}], progress)
        assert_equal_to_round_off(params[0]["p"], after, "p")


@pytest.mark.parametrize(
    ("name", "norm"), [("batch_norm", Standardize()), ("layer_norm", StandardizeFeatures())]
)
def test_training(golden, name, norm):
    """20 steps of momentum and weight decay; all parameters and running statistics at the end."""
    case = golden(f"training/{name}")
    blocks = ((Dense(n), norm, Affine(), Sigmoid()) for n in (5, 4))
    net = Network((*(layer for block in blocks for layer in block), Dense(3)))
    params, state = net.init([np.random.default_rng(0)] * 3, features=6)
    for dense, start in zip((0, 4, 8), ("start0", "start1", "start2"), strict=True):
        params[dense]["weight"][:] = case[start]
    optimizer = SGD(
        case["lr"].item(), case["momentum"].item(), weight_decay=case["weight_decay"].item()
    )
    progress = optimizer.init(params)
    for step in range(case["loss"].shape[1]):
        y, saved, state = net.forward(params, state, case["x"][step % 4], training=True)
        loss, dy = softmax_cross_entropy(y, case["labels"][step % 4])
        _, grads = net.backward(params, saved, dy)
        optimizer.update(params, grads, progress)
        assert_equal_to_round_off(loss, case["loss"][:, step], f"loss at step {step}")
    for theirs, dense in zip((0, 3, 6), (0, 4, 8), strict=True):
        assert_equal_to_round_off(
            params[dense]["weight"].swapaxes(1, 2), case[f"end/{theirs}.weight"], f"weight {dense}"
        )
        assert_equal_to_round_off(
            params[dense]["bias"], case[f"end/{theirs}.bias"], f"bias {dense}"
        )
    for theirs, norm in zip((1, 4), (1, 5), strict=True):
        assert_equal_to_round_off(
            params[norm + 1]["gamma"], case[f"end/{theirs}.weight"], f"gamma {norm}"
        )
        assert_equal_to_round_off(
            params[norm + 1]["beta"], case[f"end/{theirs}.bias"], f"beta {norm}"
        )
        for statistic in state[norm]:
            assert_equal_to_round_off(
                state[norm][statistic], case[f"end/{theirs}.{statistic}"], f"{statistic} {norm}"
            )


def test_residual_training(golden):
    """20 steps of two residual blocks: losses, the first ∂L/∂x, the end, and its evaluation."""
    case = golden("residual/training")
    blocks = (
        Residual((Standardize(), Affine(), ReLU(), Dense(5))),
        Residual((Dense(5), Standardize(), Affine())),
    )
    net = Network((Dense(5), *blocks, Dense(3)))
    params, state = net.init([np.random.default_rng(0)] * 3, features=6)
    denses = params[0], params[1][3], params[2][0], params[3]
    for i, dense in enumerate(denses):
        dense["weight"][:] = case[f"start{i}"]
    optimizer = SGD(
        case["lr"].item(), case["momentum"].item(), weight_decay=case["weight_decay"].item()
    )
    progress = optimizer.init(params)
    for step in range(case["loss"].shape[1]):
        y, saved, state = net.forward(params, state, case["x"][step % 4], training=True)
        loss, dy = softmax_cross_entropy(y, case["labels"][step % 4])
        dx, grads = net.backward(params, saved, dy)
        optimizer.update(params, grads, progress)
        assert_equal_to_round_off(loss, case["loss"][:, step], f"loss at step {step}")
        if step == 0:
            assert_equal_to_round_off(dx, case["dx"], "dx")
    for theirs, dense in zip(("0", "1.branch.2", "2.branch.0", "3"), denses, strict=True):
        assert_equal_to_round_off(
            dense["weight"].swapaxes(1, 2), case[f"end/{theirs}.weight"], f"weight {theirs}"
        )
        assert_equal_to_round_off(dense["bias"], case[f"end/{theirs}.bias"], f"bias {theirs}")
    norms = (params[1][1], state[1][0]), (params[2][2], state[2][1])
    for theirs, (affine, statistics) in zip(("1.branch.0", "2.branch.1"), norms, strict=True):
        assert_equal_to_round_off(affine["gamma"], case[f"end/{theirs}.weight"], f"gamma {theirs}")
        assert_equal_to_round_off(affine["beta"], case[f"end/{theirs}.bias"], f"beta {theirs}")
        for name, statistic in statistics.items():
            assert_equal_to_round_off(statistic, case[f"end/{theirs}.{name}"], f"{name} {theirs}")
    y, _, _ = net.forward(params, state, case["x"][0], training=False)
    assert_equal_to_round_off(y, case["eval_y"], "eval_y")


def test_the_file_says_what_wrote_it(golden):
    """A change of `make_golden.py` requires a new run with PyTorch; the file has the version."""
    versions = golden("about")["versions"]
    assert [text.split()[0] for text in versions] == ["torch", "numpy", "python"]
    assert versions[0].startswith("torch 2.13.0")
