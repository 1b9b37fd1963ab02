"""The names of CIFAR-100's classes, `train` among them, and small images under them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from tests.helpers.folders import draw

NAMES = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish
forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe whale willow_tree
wolf woman worm
"""
CLASSES = tuple(NAMES.split())


def write_cifar100(root: Path, numbers: Iterable[int], side: int = 8) -> Path:
    """One folder a class, with images of those numbers."""
    for label, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True)
        for number in numbers:
            Image.fromarray(draw(label, number, side, 3)).save(root / name / f"{number:02}.png")
    return root
