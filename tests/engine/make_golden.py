"""Write golden.npz: PyTorch's results, for comparison with the engine's.

PyTorch is not among the project's dependencies. In an environment of its own:

    pip install torch==2.13.0 numpy
    python tests/engine/make_golden.py

Everything is float64. Arrays are (run, sample, feature) or (run, sample, channel, height, width),
with PyTorch called run by run; a name is case/quantity, and every case holds its inputs too. The
file contains the versions that wrote it.
"""

from __future__ import annotations

import platform
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

RUNS = 3
GOLDEN: dict[str, np.ndarray] = {}


def save(case: str, **arrays: np.ndarray | torch.Tensor) -> None:
    for name, array in arrays.items():
        GOLDEN[f"{case}/{name}"] = (
            array.detach().numpy().copy() if isinstance(array, torch.Tensor) else np.array(array)
        )


def every_run(compute, *inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Call compute(run's inputs…) → {name: tensor} for every run, and stack."""
    runs = [compute(*(torch.tensor(a[r]) for a in inputs)) for r in range(len(inputs[0]))]
    return {name: np.stack([run[name].detach().numpy() for run in runs]) for name in runs[0]}


def batch_norm(
    case: str, batches: np.ndarray, rng: np.random.Generator, affine=None, **settings: float
) -> None:
    """Train on each batch (step, run, sample, feature), or of images; evaluate on the last."""
    runs, samples, features, *pixels = batches.shape[1:]
    gamma, beta = 1 + 0.5 * rng.standard_normal((2, runs, features)) if affine is None else affine
    dy = rng.standard_normal((runs, samples, features, *pixels))

    def compute(batches, gamma, beta, dy):
        norm = (nn.BatchNorm2d if pixels else nn.BatchNorm1d)(
            features, dtype=torch.float64, **settings
        )
        norm.weight.data, norm.bias.data = gamma, beta
        for x in batches:
            x = x.clone().requires_grad_()
            norm.zero_grad()
            # F.batch_norm refuses ε = 0 in training; the operator below it does not.
            running = norm.running_mean, norm.running_var
            rest = True, norm.momentum, norm.eps, False
            y = (
                norm(x)
                if norm.eps
                else torch.batch_norm(x, norm.weight, norm.bias, *running, *rest)
            )
        y.backward(dy)
        out = {
            "y": y,
            "dx": x.grad,
            "dgamma": norm.weight.grad.clone(),
            "dbeta": norm.bias.grad.clone(),
            "running_mean": norm.running_mean.clone(),
            "running_var": norm.running_var.clone(),
        }
        norm.eval()
        x = batches[-1].clone().requires_grad_()
        y = norm(x)
        y.backward(dy)
        return out | {"eval_y": y, "eval_dx": x.grad}

    out = every_run(compute, batches.swapaxes(0, 1), gamma, beta, dy)
    given = {"batches": batches, "gamma": gamma, "beta": beta, "dy": dy}
    convention = {"eps": settings.get("eps", 1e-5), "rate": settings.get("momentum", 0.1)}
    save(case, **given, **convention, **out)


def half_batch_norm(case: str, x: np.ndarray, rng: np.random.Generator) -> None:
    """One step with float16 data; parameters and running statistics are float32."""
    x, dy = x.astype(np.float16), rng.standard_normal(x.shape).astype(np.float16)

    def compute(x, dy):
        norm = nn.BatchNorm1d(x.shape[1])
        x.requires_grad_()
        y = norm(x)
        y.backward(dy)
        return {
            "y": y,
            "dx": x.grad,
            "running_mean": norm.running_mean,
            "running_var": norm.running_var,
        }

    save(case, x=x, dy=dy, **every_run(compute, x, dy))


def over_features(
    case: str, x: np.ndarray, rng: np.random.Generator, groups: int | None, eps: float
) -> None:
    """Layer norm, or group norm if there are groups."""
    runs, _, features = x.shape
    gamma, beta = 1 + 0.5 * rng.standard_normal((2, runs, features))
    dy = rng.standard_normal(x.shape)

    def compute(x, gamma, beta, dy):
        norm = (
            nn.LayerNorm(features, eps) if groups is None else nn.GroupNorm(groups, features, eps)
        )
        norm = norm.double()
        norm.weight.data, norm.bias.data = gamma, beta
        x.requires_grad_()
        y = norm(x)
        y.backward(dy)
        return {"y": y, "dx": x.grad, "dgamma": norm.weight.grad, "dbeta": norm.bias.grad}

    out = every_run(compute, x, gamma, beta, dy)
    save(case, x=x, gamma=gamma, beta=beta, dy=dy, eps=eps, groups=groups or 1, **out)


def over_an_image(
    case: str, x: np.ndarray, rng: np.random.Generator, groups: int | None, eps: float
) -> None:
    """Layer norm over channels and pixels, group norm, or instance norm; γ, β by channel."""
    runs, _, channels, *size = x.shape
    gamma, beta = 1 + 0.5 * rng.standard_normal((2, runs, channels))
    dy = rng.standard_normal(x.shape)

    def compute(x, gamma, beta, dy):
        for a in (x, gamma, beta):
            a.requires_grad_()
        if groups is None:
            shape = (channels, *size)
            y = functional.layer_norm(
                x, shape, *(a[:, None, None].expand(shape) for a in (gamma, beta)), eps
            )
        elif groups == channels:
            y = functional.instance_norm(x, weight=gamma, bias=beta, eps=eps)
        else:
            y = functional.group_norm(x, groups, gamma, beta, eps)
        y.backward(dy)
        return {"y": y, "dx": x.grad, "dgamma": gamma.grad, "dbeta": beta.grad}

    out = every_run(compute, x, gamma, beta, dy)
    save(case, x=x, gamma=gamma, beta=beta, dy=dy, eps=eps, groups=groups or 1, **out)


def convolution(
    case: str,
    x: np.ndarray,
    channels: int,
    kernel: int,
    stride: int,
    padding: str,
    rng: np.random.Generator,
) -> None:
    runs, _, channels_in, *_ = x.shape
    weight = rng.standard_normal((runs, channels, channels_in, kernel, kernel))
    bias = rng.standard_normal((runs, channels))
    mode, edge = {"zero": "zeros", "circular": "circular"}[padding], (kernel - 1) // 2
    layer = nn.Conv2d(
        channels_in, channels, kernel, stride, edge, padding_mode=mode, dtype=torch.float64
    )
    dy = rng.standard_normal((runs, *layer(torch.tensor(x[0])).shape))

    def compute(x, weight, bias, dy):
        layer.weight.data, layer.bias.data = weight, bias
        layer.zero_grad()
        x.requires_grad_()
        y = layer(x)
        y.backward(dy)
        return {
            "y": y,
            "dx": x.grad,
            "dweight": layer.weight.grad.clone(),
            "dbias": layer.bias.grad.clone(),
        }

    given = {"x": x, "weight": weight, "bias": bias, "dy": dy}
    out = every_run(compute, *given.values())
    save(case, **given, stride=stride, padding=padding, **out)


def activation(case: str, function, x: np.ndarray, rng: np.random.Generator) -> None:
    dy = rng.standard_normal(x.shape)

    def compute(x, dy):
        x.requires_grad_()
        y = function(x)
        y.backward(dy)
        return {"y": y, "dx": x.grad}

    save(case, x=x, dy=dy, **every_run(compute, x, dy))


def cross_entropy(case: str, logits: np.ndarray, labels: np.ndarray) -> None:
    def compute(logits, labels):
        logits.requires_grad_()
        loss = functional.cross_entropy(logits, labels)
        loss.backward()
        return {"loss": loss, "dlogits": logits.grad}

    save(case, logits=logits, labels=labels, **every_run(compute, logits, labels))


def optimizer(case: str, kind: type, rng: np.random.Generator, **settings: float) -> None:
    """Parameters after each of some steps along given gradients."""
    start, gradients = rng.standard_normal((RUNS, 4)), rng.standard_normal((6, RUNS, 4))
    p = nn.Parameter(torch.tensor(start))
    betas = {"betas": (settings["beta1"], settings["beta2"])} if "beta1" in settings else {}
    given = {name: one for name, one in settings.items() if not name.startswith("beta")} | betas
    optimizer, path = kind([p], **given), []
    for g in gradients:
        p.grad = torch.tensor(g)
        optimizer.step()
        path.append(p.detach().numpy().copy())
    save(case, start=start, gradients=gradients, path=np.stack(path), **settings)


def training(case: str, norm, rng: np.random.Generator, **settings: float) -> None:
    """Train a small network on a few batches in turn."""
    sizes, classes, steps, samples = (6, 5, 4), 3, 20, 8
    x = rng.standard_normal((4, RUNS, samples, sizes[0]))
    labels = rng.integers(0, classes, (4, RUNS, samples))
    weights = [
        rng.standard_normal((RUNS, a, b)) / np.sqrt(a)
        for a, b in zip(sizes, (*sizes[1:], classes), strict=True)
    ]
    losses, ends = [], []
    for r in range(RUNS):
        layers: list[nn.Module] = []
        for a, b in pairwise(sizes):
            layers += [nn.Linear(a, b), norm(b), nn.Sigmoid()]
        net = nn.Sequential(*layers, nn.Linear(sizes[-1], classes)).double()
        for linear, w in zip((m for m in net if isinstance(m, nn.Linear)), weights, strict=True):
            linear.weight.data, linear.bias.data = (
                torch.tensor(w[r].T.copy()),
                torch.zeros(w.shape[2], dtype=torch.float64),
            )
        optimizer = torch.optim.SGD(net.parameters(), **settings)
        losses.append([])
        for step in range(steps):
            loss = functional.cross_entropy(
                net(torch.tensor(x[step % 4, r])), torch.tensor(labels[step % 4, r])
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[-1].append(loss.item())
        ends.append({name: value.numpy() for name, value in net.state_dict().items()})
    save(case, x=x, labels=labels, loss=np.array(losses), **settings)
    save(case, **{f"start{i}": w for i, w in enumerate(weights)})
    save(case, **{f"end/{name}": np.stack([end[name] for end in ends]) for name in ends[0]})


class Skip(nn.Module):
    """x + F(x)."""

    def __init__(self, *branch: nn.Module) -> None:
        super().__init__()
        self.branch = nn.Sequential(*branch)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.branch(x)


def residual(case: str, rng: np.random.Generator, **settings: float) -> None:
    """Train a network with two residual blocks; its first ∂L/∂x, and its evaluation at the end."""
    sizes, steps, samples = ((6, 5), (5, 5), (5, 5), (5, 3)), 20, 8
    x, labels = rng.standard_normal((4, RUNS, samples, 6)), rng.integers(0, 3, (4, RUNS, samples))
    weights = [rng.standard_normal((RUNS, a, b)) / np.sqrt(a) for a, b in sizes]
    found = []
    for r in range(RUNS):
        first, inner, outer, last = (nn.Linear(a, b) for a, b in sizes)
        net = nn.Sequential(
            first, Skip(nn.BatchNorm1d(5), nn.ReLU(), inner), Skip(outer, nn.BatchNorm1d(5)), last
        ).double()
        for linear, w in zip((first, inner, outer, last), weights, strict=True):
            linear.weight.data = torch.tensor(w[r].T.copy())
            linear.bias.data = torch.zeros(w.shape[2], dtype=torch.float64)
        optimizer = torch.optim.SGD(net.parameters(), **settings)
        one = {"loss": []}
        for step in range(steps):
            data = torch.tensor(x[step % 4, r], requires_grad=True)
            loss = functional.cross_entropy(net(data), torch.tensor(labels[step % 4, r]))
            optimizer.zero_grad()
            loss.backward()
            if step == 0:
                one["dx"] = data.grad.numpy().copy()
            optimizer.step()
            one["loss"].append(loss.item())
        one |= {f"end/{name}": value.numpy().copy() for name, value in net.state_dict().items()}
        net.eval()
        one["eval_y"] = net(torch.tensor(x[0, r])).detach().numpy()
        found.append(one)
    save(case, x=x, labels=labels, **settings, **{f"start{i}": w for i, w in enumerate(weights)})
    save(case, **{name: np.stack([one[name] for one in found]) for name in found[0]})


def root_mean_square(case: str, x: np.ndarray, rng: np.random.Generator, eps: float) -> None:
    """RMSNorm over a sample's features, or over an image's channels and pixels; γ by channel."""
    runs, _, features, *pixels = x.shape
    gamma, dy = 1 + 0.5 * rng.standard_normal((runs, features)), rng.standard_normal(x.shape)

    def compute(x, gamma, dy):
        x.requires_grad_(), gamma.requires_grad_()
        norm = nn.RMSNorm(x.shape[1:], eps, elementwise_affine=False)
        y = norm(x) * gamma.reshape(1, -1, *(1 for _ in pixels))
        y.backward(dy)
        return {"y": y, "dx": x.grad, "dgamma": gamma.grad}

    save(case, x=x, gamma=gamma, dy=dy, eps=eps, **every_run(compute, x, gamma, dy))


def weight_norm(case: str, x: np.ndarray, units: int, rng: np.random.Generator) -> None:
    """A linear or convolutional layer with torch.nn.utils.parametrizations.weight_norm."""
    runs, samples, features, *pixels = x.shape
    shape = (units, features, *(3 for _ in pixels))
    v, g, b = (
        rng.standard_normal((runs, *shape)),
        *(1 + 0.5 * rng.standard_normal((2, runs, units))),
    )
    dy = rng.standard_normal((runs, samples, units, *pixels))

    def compute(x, v, g, b, dy):
        layer = nn.Conv2d(features, units, 3, padding=1) if pixels else nn.Linear(features, units)
        layer = nn.utils.parametrizations.weight_norm(layer.double())
        gain, direction = (getattr(layer.parametrizations.weight, f"original{i}") for i in (0, 1))
        gain.data, direction.data, layer.bias.data = g.reshape(-1, *(1 for _ in shape[1:])), v, b
        x.requires_grad_()
        y = layer(x)
        y.backward(dy)
        return {
            "y": y,
            "dx": x.grad,
            "dv": direction.grad,
            "dg": gain.grad.reshape(-1),
            "db": layer.bias.grad,
        }

    save(case, x=x, v=v, g=g, b=b, dy=dy, **every_run(compute, x, v, g, b, dy))


def batch_norms(rng: np.random.Generator) -> None:
    """Batch norm of features, under several conventions and with extreme inputs."""
    batch_norm("batch_norm/plain", 3 + 2 * rng.standard_normal((3, RUNS, 7, 5)), rng)
    batch_norm("batch_norm/batch_of_2", rng.standard_normal((2, RUNS, 2, 5)), rng)
    batch_norm(
        "batch_norm/one_feature", rng.standard_normal((2, RUNS, 6, 1)), rng, eps=1e-3, momentum=0.3
    )
    batch_norm(
        "batch_norm/eps_0",
        3 + 2 * rng.standard_normal((3, RUNS, 7, 5)),
        rng,
        eps=0.0,
        momentum=0.01,
    )
    constant = rng.standard_normal((2, RUNS, 6, 4))
    constant[..., 1], constant[..., 3] = 3.7, 0.0
    batch_norm("batch_norm/constant_features", constant, rng)
    batch_norm("batch_norm/offset", 1e6 + rng.standard_normal((2, RUNS, 8, 3)), rng)
    # Half 1e6 + 2, half 1e6 − 2: the deviation is 2. With γ and β powers of two no step rounds.
    signs = rng.permuted(
        np.tile([-1.0, 1.0], 4 * 2 * RUNS * 3).reshape(2, RUNS, 3, 8), axis=-1
    ).swapaxes(2, 3)
    affine = rng.choice([0.5, 1.0, -2.0], (2, RUNS, 3))
    batch_norm("batch_norm/offset_without_rounding", 1e6 + 2 * signs, rng, affine, eps=0.0)


def others_over_features(rng: np.random.Generator) -> None:
    """Layer norm and group norm of features."""
    over_features("layer_norm/plain", 3 + 2 * rng.standard_normal((RUNS, 4, 6)), rng, None, 1e-5)
    over_features("layer_norm/eps_0", rng.standard_normal((RUNS, 1, 2)), rng, None, 0.0)
    over_features("group_norm/2_groups", 3 + 2 * rng.standard_normal((RUNS, 4, 6)), rng, 2, 1e-5)
    over_features("group_norm/3_groups", 3 + 2 * rng.standard_normal((RUNS, 5, 6)), rng, 3, 1e-3)
    over_features("group_norm/eps_0", rng.standard_normal((RUNS, 2, 8)), rng, 4, 0.0)


def activations_and_losses(rng: np.random.Generator) -> None:
    """Activations and the loss, also where they saturate."""
    x = np.concatenate(
        [3 * rng.standard_normal((RUNS, 4, 5)), np.tile([-800.0, -40, 0, 40, 800], (RUNS, 1, 1))],
        axis=1,
    )
    activation("activation/Sigmoid", torch.sigmoid, x, rng)
    activation("activation/Tanh", torch.tanh, x, rng)
    activation("activation/ReLU", torch.relu, x, rng)

    labels = rng.integers(0, 4, (RUNS, 6))
    cross_entropy("cross_entropy/plain", rng.standard_normal((RUNS, 6, 4)), labels)
    cross_entropy("cross_entropy/large", 1000 * rng.standard_normal((RUNS, 6, 4)), labels)


def trained(rng: np.random.Generator) -> None:
    """The optimizer by itself, and small networks trained with it."""
    sgd = torch.optim.SGD
    optimizer("sgd/plain", sgd, rng, lr=0.1)
    optimizer("sgd/momentum", sgd, rng, lr=0.1, momentum=0.9)
    optimizer("sgd/weight_decay", sgd, rng, lr=0.1, weight_decay=0.05)
    optimizer("sgd/both", sgd, rng, lr=0.3, momentum=0.8, weight_decay=0.05)

    training("training/batch_norm", nn.BatchNorm1d, rng, lr=0.2, momentum=0.9, weight_decay=0.01)
    training("training/layer_norm", nn.LayerNorm, rng, lr=0.2, momentum=0.9, weight_decay=0.01)

    # A stream of its own, so that new cases leave the numbers of the others as they are.
    residual(
        "residual/training", np.random.default_rng(21), lr=0.2, momentum=0.9, weight_decay=0.01
    )


def layers_of_images(rng: np.random.Generator) -> None:
    """Normalizations and convolutions of images."""

    def images(*shape):
        return 3 + 2 * rng.standard_normal((*shape, 5, 4))

    batch_norm("images/batch_norm", images(2, RUNS, 3, 2), rng)
    batch_norm("images/batch_norm_of_one", images(2, RUNS, 1, 2), rng, eps=1e-3, momentum=0.3)
    over_an_image("images/layer_norm", images(RUNS, 2, 4), rng, None, 1e-5)
    over_an_image("images/group_norm", images(RUNS, 2, 4), rng, 2, 1e-3)
    over_an_image("images/instance_norm", images(RUNS, 2, 4), rng, 4, 1e-5)
    for padding in ("zero", "circular"):
        for kernel, stride in ((1, 1), (3, 1), (5, 1), (3, 2), (5, 3)):
            name = f"convolution/{padding}, kernel {kernel}, stride {stride}"
            convolution(name, images(RUNS, 2, 2), 2, kernel, stride, padding, rng)


def in_half_precision(rng: np.random.Generator) -> None:
    """Batch norm of float16 data."""
    half_batch_norm("half/plain", 3 + 2 * rng.standard_normal((RUNS, 16, 5)), rng)
    half_batch_norm("half/far", 300 + rng.standard_normal((RUNS, 16, 5)), rng)


def alternatives(rng: np.random.Generator) -> None:
    """RMSNorm and weight normalization."""
    root_mean_square("root_mean_square/plain", 3 + 2 * rng.standard_normal((RUNS, 4, 6)), rng, 1e-5)
    root_mean_square("root_mean_square/eps", rng.standard_normal((RUNS, 2, 3)), rng, 0.1)
    root_mean_square(
        "root_mean_square/images", 3 + 2 * rng.standard_normal((RUNS, 2, 4, 5, 4)), rng, 1e-5
    )
    weight_norm("weight_norm/dense", rng.standard_normal((RUNS, 5, 4)), 3, rng)
    weight_norm("weight_norm/convolution", rng.standard_normal((RUNS, 2, 4, 5, 4)), 3, rng)


def adaptive(rng: np.random.Generator) -> None:
    """Adam and AdamW."""
    adam, adamw = torch.optim.Adam, torch.optim.AdamW
    optimizer("adam/plain", adam, rng, lr=0.1)
    optimizer("adam/weight_decay", adam, rng, lr=0.1, weight_decay=0.05)
    optimizer("adam/betas", adam, rng, lr=0.03, beta1=0.5, beta2=0.9, eps=0.1)
    optimizer("adamw/plain", adamw, rng, lr=0.1)
    optimizer("adamw/no_decay", adamw, rng, lr=0.1, weight_decay=0.0)


def main() -> None:
    torch.set_num_threads(1)
    rng = np.random.default_rng(20)
    batch_norms(rng)
    others_over_features(rng)
    activations_and_losses(rng)
    trained(rng)
    layers_of_images(rng)
    # Streams of their own, so that new cases leave the numbers of the others as they are.
    in_half_precision(np.random.default_rng(22))
    alternatives(np.random.default_rng(23))
    adaptive(np.random.default_rng(24))
    libraries = [f"torch {torch.__version__}", f"numpy {np.__version__}"]
    GOLDEN["about/versions"] = np.array([*libraries, f"python {platform.python_version()}"])
    np.savez_compressed(Path(__file__).with_name("golden.npz"), **GOLDEN)


if __name__ == "__main__":
    main()
