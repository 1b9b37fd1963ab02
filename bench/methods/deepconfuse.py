"""DeepConfuse, ConfounderGAN's rival on images that it has not seen: a generator trained against a network's own trainings.

    python -m bench.methods.deepconfuse DATA/train DATA/test [--shares 50] [--trials 6] [--rate 0.05]

Each trial trains the recipe's network once over the images with the noise that there is, then goes through the same steps
again: what the network would become by one more step on noisy images must be worse on the clean ones, and the generator
climbs that loss. The generator is the one that ConfounderGAN has here; the table is that of `bench.methods.mixing`.

Source: Feng et al., Learning to Confuse, Algorithm 1, by pseudo-updates of one step; its 500 trials are not affordable here.
"""

import time
from copy import deepcopy
from itertools import islice

import torch
from torch.func import functional_call
from torch.nn import functional

from bench.methods.mixing import Mixture, parser, table
from hideseek_cli.core.generator_network import GeneratorNetwork, make_noise
from hideseek_cli.core.surrogate import clip_image
from hideseek_cli.methods import RealPatterns
from hideseek_cli.training.architectures import build
from hideseek_cli.training.trainer import batches, steps_per_pass

MAKER_RATE = 1e-3
"""Of Adam, for the generator."""


def deepconfuse(mixture: Mixture) -> tuple[RealPatterns, list[str]]:
    options, data = mixture.options, mixture.shown
    begun = time.perf_counter()
    torch.manual_seed(options.seed)
    mean, deviation = data.moments()
    maker = GeneratorNetwork(mean.cpu(), deviation.cpu(), options.epsilon).to(data.images.device).train()
    climb = torch.optim.Adam(maker.parameters(), lr=MAKER_RATE)
    generator = torch.Generator(data.images.device).manual_seed(options.seed)
    size = mixture.recipe.batch_size
    harm = float("nan")
    for trial in range(options.trials):
        network = build(mixture.recipe.arch, data.classes, min(data.images.shape[2:]), (mean, deviation), trial).train()
        order = list(islice(batches(len(data), size, generator), steps_per_pass(len(data), size)))
        states = []
        for index in order:
            images, labels = data.images[index].float(), data.labels[index]
            states.append(deepcopy(network.state_dict()))
            with torch.no_grad():
                noisy = (images + maker(images)).clamp(0, 255)
            weights = list(network.parameters())
            slopes = torch.autograd.grad(functional.cross_entropy(network(noisy), labels), weights)
            with torch.no_grad():
                for weight, slope in zip(weights, slopes, strict=True):
                    weight.sub_(options.rate * slope)
        for index, state in zip(order, states, strict=True):
            network.load_state_dict(state)
            images, labels = data.images[index].float(), data.labels[index]
            noisy = clip_image(images + maker(images), "error-min")
            named = dict(network.named_parameters())
            slopes = torch.autograd.grad(
                functional.cross_entropy(network(noisy), labels), list(named.values()), create_graph=True
            )
            pairs = zip(named.items(), slopes, strict=True)
            ahead = {name: weight - options.rate * slope for (name, weight), slope in pairs}
            loss = functional.cross_entropy(functional_call(network, ahead, images), labels)
            climb.zero_grad(set_to_none=True)
            (-loss).backward()
            climb.step()
            harm = float(loss)
        print(f"trial {trial + 1} of {options.trials}: loss on clean images {harm:.2f}", flush=True)
    maker.eval()
    noise = make_noise(maker, mixture.data).permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return noise, [f"{time.perf_counter() - begun:.0f}", f"{harm:.2f}"]


if __name__ == "__main__":
    asked = parser(__doc__)
    asked.add_argument("--trials", type=int, default=6)
    asked.add_argument("--rate", type=float, default=0.05, help="of the network, without momentum")
    print(table(asked.parse_args(), deepconfuse, ["s", "loss on clean images"]))
