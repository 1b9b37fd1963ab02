"""A contact sheet: what was done to the images, at one glance. A row an example, a column an image of it: original, mask,
published, and what the buyer of each level gets.

It is for the owner's eyes alone, because it shows originals and the mask, and nothing reads it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Int16, UInt8
from PIL import Image, ImageDraw

from hideseek_cli.images.codec import Pixels
from hideseek_cli.images.index import Key
from hideseek_cli.images.similarity import Similarity, compare_batch
from hideseek_cli.publishing.examples import Example, choose_examples, lay_on_white, measure
from hideseek_cli.publishing.lettering import FONT, LINE, shorten, spell
from hideseek_cli.publishing.release_masks import ReleaseMasks
from hideseek_cli.publishing.source import SourceDataset

AMPLIFIED, GREY = 8, 128
"""How many times a mask is shown as it is, and on which grey."""
ENLARGED, SIDE, WIDTH = 192, 256, 2000
"""Pixels: a side to which small images are enlarged about, the longest that an image is shown with, and of all columns."""
NARROWEST = 160
"""Pixels of a column, which captions need, however many there are."""
GAP, MARGIN = 8, 108
"""Pixels between images, and left of them."""
PAPER, INK, FAINT = (240, 240, 240), (20, 20, 20), (100, 100, 100)

Shown = UInt8[np.ndarray, "_ _ 3"]


@dataclass(frozen=True)
class Cell:
    """One image of an example."""

    parts: list[Shown]
    """What is shown of it, from above."""
    caption: str


@dataclass(frozen=True)
class Row:
    """One example."""

    title: tuple[str, str]
    """Why it was chosen, and its size."""
    cells: list[Cell]


def draw_contact_sheet(source: SourceDataset, masks: ReleaseMasks) -> Image.Image:
    """The sheet of a release, the same for the same images and masks. Raises InputError where an image is no longer what was
    read."""
    titles = ["original", f"{AMPLIFIED} x mask", "published", *(f"level {level}" for level in masks.tiers)]
    side = max(NARROWEST, min(SIDE, (WIDTH - MARGIN) // len(titles) - GAP))
    rows = [_make_row(source, masks, example, side) for example in choose_examples(source)]
    about = f"{len(rows)} of {len(source)} images. Keep this sheet secret: it shows originals and the mask."
    if any(len(row.cells[0].parts) > 1 for row in rows):
        about += " Large images: the whole, reduced; below it a part, pixel by pixel."
    return lay_out(about, titles, rows)


def _make_row(source: SourceDataset, masks: ReleaseMasks, example: Example, side: int) -> Row:
    """What becomes of one image; ``side``: pixels that it may take in the sheet."""
    own = source.read_originals([example.number])
    clean, versions = own.colours, masks.render(own, example.number)
    moved = versions[0].colours.astype(np.int16) - clean
    mask = np.clip(GREY + AMPLIFIED * moved, 0, 255).astype(np.uint8)
    seen = [lay_on_white(own.pixels), mask, *(lay_on_white(one.pixels) for one in versions)]
    corner = _find_part(clean[0], moved[0], side)
    likes = [compare_batch(clean, one.colours)[0] for one in versions]
    captions = caption(source.folder.records[example.number].key, int(np.abs(moved).max()), likes)
    return Row(
        (example.why, f"{clean.shape[2]} x {clean.shape[1]}"),
        [Cell(_show(one[0], side, corner), caption) for one, caption in zip(seen, captions, strict=True)],
    )


def caption(key: Key, most: int, likes: Sequence[Similarity]) -> list[str]:
    """What is said below each image of an example. ``most``: how far a value of the published one moved, in grey levels;
    ``likes``: how like the original that one is, and each level's."""
    return ["/".join(key), f"moved by at most {most}", *(f"SSIM {like.ssim:.4f}, MSE {like.mse:.1e}" for like in likes)]


def _find_part(clean: Pixels, moved: Int16[np.ndarray, "h w c"], side: int) -> tuple[int, int]:
    """The upper left corner of the part of that many pixels a side in which the mask is seen best: much of it on little
    texture."""
    tops, lefts = (np.linspace(0, max(0, one - side), -(-one // side)).astype(int).tolist() for one in clean.shape[:2])

    def seen(corner: tuple[int, int]) -> float:
        part = np.s_[corner[0] : corner[0] + side, corner[1] : corner[1] + side]
        return float(np.abs(moved[part]).mean() / (1 + measure(clean[part][None])[1][0]))

    return max(product(tops, lefts), key=seen)


def _show(pixels: Pixels, side: int, corner: tuple[int, int]) -> list[Shown]:
    """A small image enlarged by a whole factor; of a large one the whole, reduced, and the part at that corner as it is."""
    colours = np.repeat(pixels, 3 // pixels.shape[2], axis=2)
    longest, (top, left) = max(pixels.shape[:2]), corner
    if longest <= side:
        times = max(1, min(round(ENLARGED / longest), side // longest))
        return [colours.repeat(times, 0).repeat(times, 1)]
    height, width = (max(1, round(one * side / longest)) for one in pixels.shape[:2])
    reduced = Image.fromarray(colours).resize((width, height), Image.Resampling.LANCZOS)
    return [np.asarray(reduced), colours[top : top + side, left : left + side]]


def lay_out(about: str, titles: list[str], rows: list[Row]) -> Image.Image:
    """The page: a line about it, titles of columns, and the rows."""
    column = GAP + max(NARROWEST, *(part.shape[1] for row in rows for part in row.cells[0].parts))
    heights = [sum(part.shape[0] + GAP for part in row.cells[0].parts) + 2 * LINE for row in rows]
    page = Image.new("RGB", (MARGIN + column * len(titles), GAP + 3 * LINE + sum(heights)), PAPER)
    pen, lefts, top = ImageDraw.Draw(page), range(MARGIN, page.width, column), GAP

    def write(left: int, top: int, text: str, room: int, ink: tuple[int, int, int] = INK) -> None:
        pen.text((left, top), shorten(spell(text), room), ink, FONT)

    write(GAP, top, about, page.width - 2 * GAP)
    for left, title in zip(lefts, titles, strict=True):
        write(left, top + 2 * LINE - GAP, title, column - GAP)
    top += 3 * LINE
    for row, height in zip(rows, heights, strict=True):
        for line, (text, ink) in enumerate(zip(row.title, (INK, FAINT), strict=True)):
            write(GAP, top + line * LINE, text, MARGIN - 2 * GAP, ink)
        for left, cell in zip(lefts, row.cells, strict=True):
            below = top
            for part in cell.parts:
                page.paste(Image.fromarray(part), (left, below))
                below += part.shape[0] + GAP
            write(left, below - GAP // 2, cell.caption, column - GAP, FAINT)
        top += height
    return page
