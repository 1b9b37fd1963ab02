"""Photographs of scikit-image, and what is done to copies of them."""

from __future__ import annotations

import io

import skimage.data
from PIL import Image

PHOTOGRAPHS = (
    "astronaut",
    "brick",
    "chelsea",
    "coffee",
    "grass",
    "gravel",
    "hubble_deep_field",
    "immunohistochemistry",
    "rocket",
)


def compressed(image: Image.Image) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=50)
    return Image.open(stream)


def resized(image: Image.Image, factor: float) -> Image.Image:
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.BICUBIC)


CHANGES = {
    "the same": lambda image: image,
    "compressed": compressed,
    "half": lambda image: resized(image, 0.5),
    "larger": lambda image: resized(image, 1.5),
    "a little smaller": lambda image: resized(image, 0.7),
    "grey": lambda image: image.convert("L"),
    "opaque": lambda image: image.convert("RGBA"),
}


def photographs() -> list[Image.Image]:
    """Each as it is and its four quarters, which are images of their own."""
    found = []
    for name in PHOTOGRAPHS:
        image = Image.fromarray(getattr(skimage.data, name)())
        width, height = image.width // 2, image.height // 2
        boxes = [(x, y, x + width, y + height) for x in (0, width) for y in (0, height)]
        found += [image, *(image.crop(box) for box in boxes)]
    return found
