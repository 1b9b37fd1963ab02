"""Ungeneralizable Examples by the paper's own losses, beside masks that an authorised network's secret stem does not see.

    python -m bench.methods.uge_losses cifar10/train cifar10/test --archs slim cnn

A generator (convolutions, residual and upsampling blocks) is trained by the losses of Equations 6, 7 to 9 and 11, or by some of
them, as in the paper's ablations. The authorised network is the recipe's with the initial weights and batches of --initial; its
trajectory on clean images is recorded. The common space is CLIP's (--clip, --clip-weights), or else what a network trained on
the clean images knows (--encoder). Rows say what the authorised network learns, what networks
with other initial weights learn (--archs), and what those learn that are told what the authorised one says (Equation 10).

Source: Ye and Wang, Ungeneralizable Examples, Equations 3 to 11 and Algorithm 1. The weights of its losses are in tables whose
figures are not in its text.
"""

import argparse
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch
from jaxtyping import Float, Int
from tabulate import tabulate
from torch import Tensor, nn
from torch.nn import functional

from bench.common import add_recipe, loaded, recipes, shown
from bench.methods.spaces import Space, clip, known
from hideseek_cli.core.surrogate import clip_image, clip_noise
from hideseek_cli.images.similarity import measure_ssim
from hideseek_cli.training.architectures import Standardised, build
from hideseek_cli.training.distillation import train_student
from hideseek_cli.training.tensors import TensorDataset, draw_augmentation, gather
from hideseek_cli.training.trainer import batches, count_correct, steps_per_pass, train

WIDTH, BLOCKS = 32, 4
"""Channels after the generator's first convolution, which each of two halvings doubles, and residual blocks after them."""
ABLATIONS = {
    "Unlearn": (0.0, 1.0, 0.0), "UnDistill": (0.0, 0.0, 1.0), "UGEs w/o UD": (1.0, 1.0, 0.0), "UGEs": (1.0, 1.0, 1.0),
}  # fmt: skip
"""Whether the losses of Equations 6, 7 and 11 are there, in the names of the paper's Table 1."""


def convolution(channels: int, width: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(width)]


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*convolution(width, width), nn.ReLU(), *convolution(width, width))

    def forward(self, images: Tensor) -> Tensor:
        return images + torch.as_tensor(self.body(images))


class Maker(nn.Module):
    """Noise within ±ε, by Equation 3, of images whose sides are multiples of 4."""

    def __init__(self, dataset: TensorDataset, epsilon: float) -> None:
        super().__init__()
        self.epsilon, (self.mean, self.deviation) = epsilon, (one.view(1, -1, 1, 1) for one in dataset.moments())
        middle = 4 * WIDTH
        self.body = nn.Sequential(
            *convolution(3, WIDTH), nn.ReLU(), *convolution(WIDTH, 2 * WIDTH, 2), nn.ReLU(),
            *convolution(2 * WIDTH, middle, 2), nn.ReLU(), *(Residual(middle) for _ in range(BLOCKS)),
            nn.Upsample(scale_factor=2), *convolution(middle, 2 * WIDTH), nn.ReLU(),
            nn.Upsample(scale_factor=2), *convolution(2 * WIDTH, WIDTH), nn.ReLU(), nn.Conv2d(WIDTH, 3, 3, padding=1),
        )  # fmt: skip

    def forward(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 h w"]:
        raw = self.epsilon * self.body(((images - self.mean) / self.deviation).contiguous(memory_format=torch.channels_last))
        return clip_noise(raw, int(self.epsilon))


def matching(network: Standardised, clean: Tensor, noisy: Tensor, labels: Int[Tensor, " n"]) -> Float[Tensor, ""]:
    """Equation 6 at one point of a trajectory: the mean over weight tensors of the cosine distance of their gradients."""
    weights = [weight for weight in network.parameters() if weight.dim() > 1]
    wanted = torch.autograd.grad(functional.cross_entropy(network(clean), labels), weights)
    found = torch.autograd.grad(functional.cross_entropy(network(noisy), labels), weights, create_graph=True)
    pairs = zip(wanted, found, strict=True)
    return torch.stack([1 - functional.cosine_similarity(a.flatten(), b.flatten(), 0) for a, b in pairs]).mean()


def distance(space: Space, clean: Tensor, noisy: Tensor, labels: Int[Tensor, " n"], margin: float) -> Float[Tensor, ""]:
    """Equations 7 to 9."""
    with torch.no_grad():
        before = space.place(clean)
        similarity = (before @ space.classes.T).scatter(1, labels[:, None], torch.inf)
        target, own = space.classes[similarity.argmin(1)], space.classes[labels]
    after = space.place(noisy)
    triplet = (after - target).square().sum(1) + (margin - (after - own).square().sum(1)).clamp_min(0)
    return (triplet - (before - after).square().sum(1)).mean()


def undistill(
    network: Standardised, hacker: Standardised, noisy: Tensor, labels: Int[Tensor, " n"], balance: float
) -> Float[Tensor, ""]:
    """Equation 11."""
    said, other = network(noisy), hacker(noisy)
    away = functional.kl_div(functional.log_softmax(other, 1), functional.log_softmax(said, 1), log_target=True,
                             reduction="batchmean")  # fmt: skip
    return functional.cross_entropy(said, labels) - balance * away


def trained(
    dataset: TensorDataset, trajectory: list[Standardised], hacker: Standardised, space: Space, options: argparse.Namespace,
    weights: tuple[float, ...],
) -> Maker:  # fmt: skip
    """Algorithm 1."""
    device, (height, width) = dataset.images.device, dataset.images.shape[2:]
    torch.manual_seed(0)
    maker = Maker(dataset, options.epsilon).to(device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
    generator = torch.Generator(device).manual_seed(0)
    steps = options.passes * steps_per_pass(len(dataset), 128)
    rule = torch.optim.Adam(maker.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(rule, lambda step: 1 - step / steps)
    for index in islice(batches(len(dataset), 128, generator), steps):
        window = draw_augmentation(len(index), height, width, generator)
        images, labels = dataset.images[index].float(), dataset.labels[index]
        clean, noisy = gather(images, window), clip_image(gather(images + maker(images), window), "error-min")
        point = trajectory[int(torch.randint(len(trajectory), (1,), generator=generator, device=device))]
        losses: tuple[Callable[[], Tensor], ...] = (
            lambda: matching(point, clean, noisy, labels),  # noqa: B023
            lambda: options.distance * distance(space, clean, noisy, labels, options.margin),  # noqa: B023
            lambda: options.undistill * undistill(trajectory[-1], hacker, noisy, labels, options.balance),  # noqa: B023
        )
        rule.zero_grad(set_to_none=True)
        torch.stack([weight * loss() for weight, loss in zip(weights, losses, strict=True) if weight]).sum().backward()
        rule.step()
        schedule.step()
    return maker.eval()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--epsilon", type=float, default=10.0, help="in grey levels; the paper's is 0.04 of white")
    parser.add_argument("--passes", type=int, default=10)
    parser.add_argument("--distance", type=float, default=1.0)
    parser.add_argument("--undistill", type=float, default=0.1)
    parser.add_argument("--balance", type=float, default=0.1)
    parser.add_argument("--margin", type=float, default=1.0)
    parser.add_argument("--initial", type=int, default=7)
    parser.add_argument("--encoder", default="resnet10", help="the network of the common space, where it is not CLIP's")
    parser.add_argument("--clip", help="open_clip's name of a model, such as ViT-B-32")
    parser.add_argument("--clip-weights", default="openai", help="a tag of open_clip's, or a file")
    parser.add_argument("--hacker", default="mobilenet_v2", help="the network of Equation 11 that knows nothing")
    add_recipe(parser)
    parser.add_argument("--rows", nargs="+", default=list(ABLATIONS))
    options = parser.parse_args()
    source, test, device = loaded(options.train, options.test)
    data = shown(source, device)
    recipe, retrained = recipes(options, len(data))
    side = min(data.images.shape[2:])
    trajectory = [build(recipe.arch, data.classes, side, data.moments(), options.initial).train()]
    train(data, recipe, seed=options.initial, watch=lambda network: trajectory.append(deepcopy(network)))
    if options.clip:
        space = clip(options.clip, options.clip_weights, source.folder.classes, device)
    else:
        space = known(train(data, replace(recipe, arch=options.encoder), seed=55), data)
    hacker = build(options.hacker, data.classes, side, data.moments(), 9).eval().requires_grad_(False)

    def row(name: str, folder: TensorDataset, *more: str) -> list[str]:
        def percent(network: Standardised) -> str:
            return f"{100 * count_correct(network, test) / len(test):.1f}"

        authorized = train(folder, recipe, seed=options.initial)
        found = [name, *more, percent(authorized)]
        for one in retrained:
            found.append(percent(train(folder, one, seed=100)))
            found.append(percent(train_student(folder, one, authorized, seed=101)))
        print(found, flush=True)
        return found

    rows = [row("original", data, "", "")]
    for name in options.rows:
        maker = trained(data, trajectory, hacker, space, options, ABLATIONS[name])
        with torch.no_grad():
            made = torch.cat([maker(part.float()) for part in data.images.split(500)])
        noisy = TensorDataset((data.images.float() + made).clamp(0, 255).round().to(torch.uint8), data.labels, data.classes)
        clean, masked = (one.images[:1000].permute(0, 2, 3, 1).cpu().numpy() for one in (data, noisy))
        rows.append(row(name, noisy, f"{made.square().mean().sqrt():.2f}", f"{measure_ssim(clean, masked).mean():.4f}"))
    headers = ["trained by", "RMS", "SSIM", f"authorised ({recipe.arch}, seed {options.initial}) %"]
    headers += [head for one in retrained for head in (f"{one.arch}, another seed %", f"{one.arch}, told by the authorised %")]
    print(tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
