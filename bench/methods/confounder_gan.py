"""ConfounderGAN: how well the noise of its generator is recognised, and what networks learn from images that carry it.

    python -m bench.methods.confounder_gan DATA/train DATA/test [--shares 100 50 90] [--lessons 12] [--passes 6]
    python -m bench.methods.confounder_gan DATA/train DATA/test --adversary 1 --classifier clean

A generator is trained on a share p of the images and protects all of them; the table is that of `bench.methods.mixing`.
"""

import time

from bench.methods.mixing import Mixture, parser, table
from hideseek_cli.core.confounder import Plan, measure_recognition, train_generator
from hideseek_cli.core.generator_network import make_noise
from hideseek_cli.methods import RealPatterns
from hideseek_cli.methods.confounder import train_knowing_classifier
from hideseek_cli.methods.emn import FINE
from hideseek_cli.training.trainer import ignore_steps, train

TOLD = ["s: classifier + generator", "images/s", "recognised: own %", "the rest %"]


def confounder(mixture: Mixture) -> tuple[RealPatterns, list[str]]:
    options, own = mixture.options, mixture.shown
    begun = time.perf_counter()
    if options.classifier == "clean":
        classifier, masks = train(own, mixture.recipe, seed=options.seed), None
    else:
        known = train_knowing_classifier(mixture.task, FINE[0])
        classifier, masks = known.network, known.mask
    learnt = time.perf_counter()
    plan = Plan(epsilon=options.epsilon, lessons=options.lessons, imitations=options.imitations, passes=options.passes,
                adversary=options.adversary, batch_size=mixture.recipe.batch_size, seed=options.seed)  # fmt: skip
    generator = train_generator(own, classifier, plan, ignore_steps, masks)
    done = time.perf_counter()
    made = make_noise(generator, mixture.data)
    noise = made.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    rate = len(mixture.data) / (time.perf_counter() - done)
    parts = [
        measure_recognition(made[part], mixture.data.labels[part], classifier) if len(part) else float("nan")
        for part in (mixture.own, mixture.rest)
    ]
    return noise, [f"{learnt - begun:.0f} + {done - learnt:.0f}", f"{rate:.0f}", *(f"{one:.1f}" for one in parts)]


if __name__ == "__main__":
    asked = parser(__doc__)
    asked.add_argument("--lessons", type=int, default=Plan.lessons)
    asked.add_argument("--imitations", type=int, default=Plan.imitations)
    asked.add_argument("--passes", type=int, default=Plan.passes)
    asked.add_argument("--adversary", type=float, default=Plan.adversary)
    asked.add_argument("--classifier", choices=("masks", "clean"), default="masks", help="what it knows the classes by")
    print(table(asked.parse_args(), confounder, TOLD))
