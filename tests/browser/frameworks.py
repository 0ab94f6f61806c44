"""Stand-ins for four frameworks: what the converter's code asks of them, and as strict as they are.

PyTorch hands out no array of a tensor that needs a gradient, lies on a GPU or is bfloat16; Keras
takes exactly as many weights as a layer has; ONNX knows an attribute from some operator set on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

TRAINING_MODE = 14  # the operator set that gave BatchNormalization this attribute


def normalized(x: np.ndarray, eps: float, *arrays: np.ndarray) -> np.ndarray:
    """γ (x − μ)/√(σ² + ε) + β in float32, as frameworks compute it."""
    gamma, beta, mean, var = (np.asarray(one, np.float32) for one in arrays)
    return gamma * (x - mean) / np.sqrt(var + np.float32(eps)) + beta


class Tensor:
    """A tensor of PyTorch."""

    def __init__(self, array: Any, grad: bool = False, cuda: bool = False, half: bool = False):
        self.array, self.grad, self.cuda, self.half = np.array(array), grad, cuda, half

    def detach(self) -> Tensor:
        return Tensor(self.array, False, self.cuda, self.half)

    def cpu(self) -> Tensor:
        return Tensor(self.array, self.grad, False, self.half)

    def float(self) -> Tensor:
        return Tensor(self.array.astype(np.float32), self.grad, self.cuda)

    def numpy(self) -> np.ndarray:
        assert not (self.grad or self.cuda or self.half), "PyTorch refuses"
        return self.array

    def copy_(self, other: Tensor) -> None:
        self.array[...] = other.array


class TorchLayer:
    """`torch.nn.BatchNorm1d`, without γ or β where it is told so."""

    def __init__(self, features: int, *, eps: float, momentum: float) -> None:
        self.eps, self.training = eps, True
        self.weight, self.bias = Tensor(np.ones(features), True), Tensor(np.zeros(features), True)
        self.running_mean, self.running_var = Tensor(np.zeros(features)), Tensor(np.ones(features))

    def eval(self) -> None:
        self.training = False

    def __call__(self, x: np.ndarray) -> np.ndarray:
        held = (self.weight, self.bias, self.running_mean, self.running_var)
        assert not self.training
        return normalized(x, self.eps, *(tensor.array for tensor in held))


class KerasLayer:
    """`keras.layers.BatchNormalization`."""

    def __init__(
        self, *, epsilon: float, momentum: float, scale: bool = True, center: bool = True
    ) -> None:
        self.epsilon, self.scale, self.center = epsilon, scale, center

    def build(self, shape: tuple[None, int]) -> None:
        self.weights = [np.zeros(shape[1])] * (2 + self.scale + self.center)

    def get_weights(self) -> list[np.ndarray]:
        return self.weights

    def set_weights(self, weights: list[np.ndarray]) -> None:
        assert len(weights) == len(self.weights)
        self.weights = weights

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return normalized(x, self.epsilon, *self.weights)


def flax_layer(*, epsilon: float, momentum: float, use_fast_variance: bool) -> Any:
    """`flax.linen.BatchNorm`."""

    def apply(variables: dict[str, dict[str, np.ndarray]], x: np.ndarray) -> np.ndarray:
        params, stats = variables["params"], variables["batch_stats"]
        arrays = (params["scale"], params["bias"], stats["mean"], stats["var"])
        return normalized(x, epsilon, *arrays)

    return SimpleNamespace(apply=apply)


def node(operator: str, inputs: list[str], outputs: list[str], **attributes: float) -> Any:
    """`onnx.helper.make_node`."""
    return SimpleNamespace(op_type=operator, input=inputs, output=outputs, attributes=attributes)


def checked(made: Any, opset: int) -> None:
    """What `onnx.checker` asks of a node of batch norm, from operator set 7 on."""
    modern = opset >= TRAINING_MODE
    assert made.op_type == "BatchNormalization" and len(made.input) == 5
    assert {*made.attributes} - {"training_mode"} == {"epsilon", "momentum"}
    assert ("training_mode" in made.attributes) <= modern
    assert len(made.output) <= (3 if modern else 5)


def modules() -> Iterator[tuple[str, ModuleType]]:
    """The modules that the converter's code imports, by name."""
    contents = {
        "torch": {
            "tensor": Tensor,
            "no_grad": nullcontext,
            "nn": SimpleNamespace(BatchNorm1d=TorchLayer),
        },
        "keras": {"layers": SimpleNamespace(BatchNormalization=KerasLayer)},
        "flax": {"linen": SimpleNamespace(BatchNorm=flax_layer)},
        "onnx": {
            "helper": SimpleNamespace(
                make_node=node, make_opsetid=lambda domain, version: (domain, version)
            ),
            "numpy_helper": SimpleNamespace(
                to_array=lambda tensor: tensor.array,
                from_array=lambda array, name: SimpleNamespace(array=array, name=name),
            ),
        },
    }
    for name, content in contents.items():
        module = ModuleType(name)
        vars(module).update(content)
        yield name, module


def trained(framework: str, scale: bool, center: bool) -> tuple[dict[str, Any], list[np.ndarray]]:
    """What the converter's code finds of a trained layer, and its γ, β, mean and variance.

    A layer of ONNX always has γ and β.
    """
    rng = np.random.default_rng(5)
    gamma, beta, mean, var = rng.uniform(0.5, 2, (4, 3)).astype(np.float32)
    scale, center = scale or framework == "onnx", center or framework == "onnx"
    held = [*([gamma] if scale else []), *([beta] if center else []), mean, var]
    arrays = [gamma if scale else np.ones(3), beta if center else np.zeros(3), mean, var]
    if framework == "pytorch":
        old: Any = TorchLayer(3, eps=1e-5, momentum=0.1)
        old.weight = Tensor(gamma, grad=True, cuda=True) if scale else None
        old.bias = Tensor(beta, grad=True, cuda=True) if center else None
        old.running_mean, old.running_var = Tensor(mean, cuda=True), Tensor(var, cuda=True)
        return {"old": old}, arrays
    if framework == "keras":
        old = KerasLayer(epsilon=1e-3, momentum=0.99, scale=scale, center=center)
        old.build((None, 3))
        old.set_weights(held)
        return {"old": old}, arrays
    if framework == "flax":
        params = ({"scale": gamma} if scale else {}) | ({"bias": beta} if center else {})
        variables = {"params": {"norm": params}} if params else {}
        variables["batch_stats"] = {"norm": {"mean": mean, "var": var}}
        return {"variables": variables, "name": "norm"}, arrays
    names = ["x", "a", "b", "c", "d"]
    tensors = [
        SimpleNamespace(name=name, array=array) for name, array in zip(names[1:], held, strict=True)
    ]
    model = SimpleNamespace(graph=SimpleNamespace(initializer=tensors))
    return {"old": node("BatchNormalization", names, ["y"]), "model": model}, arrays


def evaluated(framework: str, scope: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """What the new layer computes, after the converter's code has run in a scope."""
    new = scope["new"]
    if framework == "flax":
        return new.apply(scope["variables"], x)
    if framework != "onnx":
        return new(x)
    checked(new, scope["opset"][1])
    tensors = {one.name: one.array for one in scope["initializers"]}
    return normalized(x, new.attributes["epsilon"], *(tensors[name] for name in new.input[1:]))
