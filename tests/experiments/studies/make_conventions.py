"""Write experiments/data/conventions.npz: several frameworks' batch norm on the same batches.

None of the frameworks is among the project's dependencies. In an environment of its own:

    pip install -r tests/experiments/studies/requirements-conventions.txt
    python tests/experiments/studies/make_conventions.py

Every framework runs in a process of its own. experiments/data/conventions.py documents the file's
content and shapes; the SHA-256 that is printed at the end belongs there.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

TARGET = Path(__file__).resolve().parents[3] / "experiments/data/conventions.npz"
FRAMEWORKS = (
    "pytorch",
    "keras-jax",
    "keras-torch",
    "keras-numpy",
    "flax-linen",
    "flax-linen-two-pass",
    "flax-nnx",
    "onnx",
)
DTYPES = ("float64", "float32")
INPUTS_OF_ONNX = ["x", "scale", "bias", "mean", "var"]
# "default" leaves the framework's own values. Powers of two are exact in both precisions.
SETTINGS = {
    "default": {},
    "low": {"momentum": 0.125, "eps": 2.0**-13},
    "high": {"momentum": 0.75, "eps": 2.0**-4},
}
MOMENTA = (0.1, 0.9)
SIZES = (2, 3, 4, 6, 8, 16, 32, 64)
OFFSETS = (0.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)

# (x, training) → y, running mean, running var
Step = Callable[[np.ndarray, bool], tuple[np.ndarray, np.ndarray, np.ndarray]]


def inputs() -> dict[str, np.ndarray]:
    """The batches: for training (step, sample, feature), one of every size, one far from zero.

    They are rounded to float32, so that both precisions see the same numbers.
    """
    rng = np.random.default_rng(20150211)
    mean, std = np.array([0.0, 5.0, -1.0, 2.0]), np.array([1.0, 2.0, 0.05, 0.01])
    found = {
        "batches": mean + std * rng.standard_normal((5, 8, 4)),
        "example": np.array([[1.0], [2.0], [3.0], [4.0]]),
    }
    found |= {f"size_{m}": 1.5 + 2.0 * rng.standard_normal((m, 4)) for m in SIZES}
    found["offset"] = np.array(OFFSETS) + rng.standard_normal((64, 1))
    return {name: x.astype(np.float32).astype(np.float64) for name, x in found.items()}


# ------------------------------------------- frameworks: a step, and the layer's own momentum and ε


def pytorch(features: int, dtype: str, **settings: float) -> tuple[Step, float, float]:
    import torch

    layer = torch.nn.BatchNorm1d(features, dtype=getattr(torch, dtype), **settings)

    def step(x, training):
        layer.train(training)
        with torch.no_grad():
            y = layer(torch.tensor(x))
        return y.numpy(), layer.running_mean.numpy(), layer.running_var.numpy()

    return step, layer.momentum, layer.eps


def keras(features: int, dtype: str, **settings: float) -> tuple[Step, float, float]:
    import keras

    if keras.backend.backend() == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
    keras.config.set_floatx(dtype)  # and yet Keras 3.15 computes batch norm in float32
    if "eps" in settings:
        settings["epsilon"] = settings.pop("eps")
    layer = keras.layers.BatchNormalization(dtype=dtype, **settings)
    layer.build((None, features))
    numpy = keras.ops.convert_to_numpy

    def step(x, training):
        y = layer(keras.ops.convert_to_tensor(x, dtype=dtype), training=training)
        return numpy(y), numpy(layer.moving_mean), numpy(layer.moving_variance)

    return step, layer.momentum, layer.epsilon


def flax_linen(features: int, dtype: str, **settings: float) -> tuple[Step, float, float]:
    import jax
    from flax import linen

    jax.config.update("jax_enable_x64", True)
    if "eps" in settings:
        settings["epsilon"] = settings.pop("eps")
    layer = linen.BatchNorm(param_dtype=dtype, **settings)
    variables = layer.init(
        jax.random.key(0), np.zeros((2, features), dtype), use_running_average=True
    )
    # the running statistics start in float32 otherwise
    variables = jax.tree.map(lambda a: a.astype(dtype), variables)

    def step(x, training):
        nonlocal variables
        y, changed = layer.apply(
            variables,
            jax.numpy.asarray(x),
            use_running_average=not training,
            mutable=["batch_stats"],
        )
        variables = {**variables, **changed}
        stats = variables["batch_stats"]
        return np.asarray(y), np.asarray(stats["mean"]), np.asarray(stats["var"])

    return step, layer.momentum, layer.epsilon


def flax_nnx(features: int, dtype: str, **settings: float) -> tuple[Step, float, float]:
    import jax
    from flax import nnx

    jax.config.update("jax_enable_x64", True)
    if "eps" in settings:
        settings["epsilon"] = settings.pop("eps")
    layer = nnx.BatchNorm(
        features, param_dtype=getattr(jax.numpy, dtype), rngs=nnx.Rngs(0), **settings
    )
    # they are float32 otherwise, for data of any precision
    layer.mean = nnx.BatchStat(jax.numpy.zeros(features, dtype))
    layer.var = nnx.BatchStat(jax.numpy.ones(features, dtype))

    def step(x, training):
        y = layer(jax.numpy.asarray(x), use_running_average=not training)
        return np.asarray(y), np.asarray(layer.mean[...]), np.asarray(layer.var[...])

    return step, layer.momentum, layer.epsilon


def onnx(features: int, dtype: str, **settings: float) -> tuple[Step, float, float]:
    from onnx import TensorProto, defs, helper
    from onnx.reference import ReferenceEvaluator

    if "eps" in settings:
        settings["epsilon"] = settings.pop("eps")
    kind = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}[dtype]
    stats = {"mean": np.zeros(features, dtype), "var": np.ones(features, dtype)}

    def evaluator(training: bool) -> ReferenceEvaluator:
        outputs = ["y", "next_mean", "next_var"] if training else ["y"]
        given = {"training_mode": int(training), **settings}
        node = helper.make_node("BatchNormalization", INPUTS_OF_ONNX, outputs, **given)
        value = {
            name: helper.make_tensor_value_info(name, kind, None)
            for name in [*node.input, *outputs]
        }
        graph = helper.make_graph(
            [node], "g", [value[n] for n in node.input], [value[n] for n in outputs]
        )
        return ReferenceEvaluator(
            helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)])
        )

    modes = {training: evaluator(training) for training in (False, True)}

    def step(x, training):
        feed = {
            "x": x,
            "scale": np.ones(features, dtype),
            "bias": np.zeros(features, dtype),
            **stats,
        }
        y, *changed = modes[training].run(None, feed)
        if changed:
            stats.update(mean=changed[0], var=changed[1])
        return y, stats["mean"], stats["var"]

    # the values of attributes that are left out
    schema = defs.get_schema("BatchNormalization", 15).attributes
    default = {name: schema[name].default_value.f for name in ("momentum", "epsilon")}
    # attributes of a node are float32, for data of any precision
    momentum, epsilon = (
        float(np.float32(settings.get(name, default[name]))) for name in ("momentum", "epsilon")
    )
    return step, momentum, epsilon


def builder(framework: str):
    """The function that makes a layer of this framework."""
    if framework == "flax-linen-two-pass":
        return lambda features, dtype, **settings: flax_linen(
            features, dtype, use_fast_variance=False, **settings
        )
    builders = {"pytorch": pytorch, "flax-linen": flax_linen, "flax-nnx": flax_nnx, "onnx": onnx}
    return keras if framework.startswith("keras-") else builders[framework]


def version(framework: str) -> str:
    from importlib.metadata import version as of

    name, _, backend = framework.partition("-")
    parts = {
        "pytorch": ["torch"],
        "keras": ["keras", backend],
        "flax": ["flax", "jax"],
        "onnx": ["onnx"],
    }
    return ", ".join(f"{part} {of(part).partition('+')[0]}" for part in parts[name])


# ---------------------------------------------------------------------------------- the experiments


def experiment(framework: str) -> dict[str, np.ndarray]:
    """All results of one framework; in float64, which holds every float32 result too."""
    make, x = builder(framework), inputs()
    result = trained(framework)
    result["size_running_var"] = np.array(
        [make(4, "float64")[0](x[f"size_{m}"], True)[2] for m in SIZES]
    )
    examples = [
        make(1, "float64", momentum=momentum)[0](x["example"], True) for momentum in MOMENTA
    ]
    result["example_running_mean"] = np.array([mean[0] for _, mean, _ in examples], float)
    result["example_running_var"] = np.array([var[0] for _, _, var in examples], float)
    # the running variance is then that of the batch
    only_new = 1.0 if framework == "pytorch" else 0.0
    step, *_ = make(len(OFFSETS), "float32", momentum=only_new)
    y, _, var = step(x["offset"].astype(np.float32), True)
    return result | {
        "offset_y": y.astype(float),
        "offset_running_var": var.astype(float),
        "version": np.array(version(framework)),
    }


def trained(framework: str) -> dict[str, np.ndarray]:
    """Training on the batches and evaluation on the last, (dtype, setting, …)."""
    make, x = builder(framework), inputs()
    found: dict[str, list] = {
        name: [] for name in ("y", "running_mean", "running_var", "eval_y", "momentum", "eps")
    }
    for dtype in DTYPES:
        for values in SETTINGS.values():
            step, momentum, eps = make(4, dtype, **values)
            outputs = [
                [np.array(a) for a in step(batch.astype(dtype), True)] for batch in x["batches"]
            ]
            y, mean, var = (np.stack(quantity) for quantity in zip(*outputs, strict=True))
            eval_y, *after = step(x["batches"][-1].astype(dtype), False)
            unchanged = np.array_equal(after, [mean[-1], var[-1]])
            if not unchanged or y.dtype != dtype or var.dtype != dtype:
                raise ValueError(
                    f"{framework}: evaluation changed the running statistics, "
                    f"or {y.dtype} came out of {dtype}"
                )
            for name, value in zip(found, (y, mean, var, eval_y, momentum, eps), strict=True):
                found[name].append(value)
    shape = (len(DTYPES), len(SETTINGS))
    return {
        name: np.array(values, float).reshape(*shape, *np.shape(values[0]))
        for name, values in found.items()
    }


def main() -> None:
    if len(sys.argv) == 3:
        np.savez(sys.argv[2], **experiment(sys.argv[1]))
        return
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        for framework in FRAMEWORKS:
            part = Path(folder) / f"{framework}.npz"
            backend = framework.partition("-")[2] if framework.startswith("keras") else "numpy"
            env = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
            subprocess.run([sys.executable, __file__, framework, str(part)], check=True, env=env)
            with np.load(part) as arrays:
                parts.append(dict(arrays))
    found = {f"input_{name}": value for name, value in inputs().items()}
    found |= {name: np.stack([part[name] for part in parts]) for name in parts[0]}
    labels = {
        "framework": FRAMEWORKS,
        "dtype": DTYPES,
        "setting": list(SETTINGS),
        "size": SIZES,
        "example_momentum": MOMENTA,
        "offset": OFFSETS,
    }
    found |= {name: np.array(values) for name, values in labels.items()}
    np.savez_compressed(TARGET, **found)
    print(TARGET.stat().st_size, hashlib.sha256(TARGET.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
