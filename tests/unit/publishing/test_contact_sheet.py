"""A contact sheet shows the pixels that it says: those of the owner's files, of the published ones and of a buyer's."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.codec import decode, drop_alpha
from hideseek_cli.images.dataset import scan
from hideseek_cli.publishing.contact_sheet import AMPLIFIED, GAP, GREY, LINE, MARGIN, NARROWEST, WIDTH, draw_contact_sheet
from hideseek_cli.publishing.examples import choose_examples, lay_on_white
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.release import write_release
from hideseek_cli.publishing.release_masks import ReleaseMasks
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.progress import Silent
from tests.helpers.folders import cut_out, draw

TOP = GAP + 3 * LINE


def make_masks(source: SourceDataset, *, keyed: bool = False, own: bool = False, levels: int = 1) -> ReleaseMasks:
    """Strong random masks, and levels of which each cleans every third image more; ``own``: or makes its mask fainter."""
    random = np.random.default_rng(1)
    renderer = MaskRenderer(source, 8, source.thresholds(bytes(32)), source.shifts(bytes(32), "keyed" if keyed else "fixed"))
    pattern = random.normal(0, 5, renderer.thresholds.shape)
    return ReleaseMasks(
        epsilon=8, published=renderer.masks(pattern, 1.0), which=source.folder.labels, strength=1.0,
        tiers={str(50 + level): np.arange(len(source)) % 3 > level % 3 for level in range(levels)},
        own={"50": renderer.masks(pattern, 0.3)} if own else {}, shifts=renderer.shifts,
    )  # fmt: skip


def load(data: Path, executor) -> SourceDataset:
    return load_source(data, None, None, executor, Silent())


def in_colour(pixels: np.ndarray) -> np.ndarray:
    return np.repeat(pixels, 3 // pixels.shape[2], axis=2)


@pytest.mark.parametrize("options", [{}, {"keyed": True}, {"own": True}], ids=str)
def test_cells_hold_the_pixels_of_the_files(make_folder, tmp_path, executor, options):
    """Of images that are grey, in colour and cut out, on white."""
    source = load(cut_out(make_folder("data", mode="mixed", each=8)), executor)
    masks = make_masks(source, **options)
    with StagedFolder(tmp_path / "published") as stage:
        write_release(
            source, masks, stage, executor, Silent(), recipe=preset("quick"), offers=(), masks=tmp_path / "masks", origin={}
        )
    seek(tmp_path / "published", MaskFile.load(tmp_path / "masks").make_cleaner("50"), tmp_path / "k50", executor, Silent())
    page = np.asarray(draw_contact_sheet(source, masks))
    height, moved, levels = 192 + GAP + 2 * LINE, 0, set()
    for row, example in enumerate(choose_examples(source)):
        original, published, level = (
            decode(list(scan(folder).records)[example.number].path)
            for folder in (tmp_path / "data", tmp_path / "published", tmp_path / "k50")
        )
        mask = GREY + AMPLIFIED * (drop_alpha(published).astype(int) - drop_alpha(original))
        wanted = [lay_on_white(original), mask.clip(0, 255), lay_on_white(published), lay_on_white(level)]
        for column, pixels in enumerate(wanted):
            top, left = TOP + row * height, MARGIN + column * (192 + GAP)
            cell = page[top : top + 192, left : left + 192]
            assert np.array_equal(cell[6::12, 6::12], in_colour(pixels)), (example, column)
            assert np.array_equal(cell, cell[::12, ::12].repeat(12, 0).repeat(12, 1)), "nearest neighbours"
        moved += not np.array_equal(original, published)
        levels.add((np.array_equal(level, published), np.array_equal(level, original)))
    assert moved == 6 and levels == {(True, False), (False, "own" not in options)}
    assert page.shape == (TOP + 6 * height, MARGIN + 4 * (192 + GAP), 3)


def test_of_a_large_image_the_part_is_shown_in_which_the_mask_is_seen_best(tmp_path, executor):
    random = np.random.default_rng(0)
    for number in range(10):
        pixels = random.integers(60, 190, (300, 520, 3)).astype(np.uint8)
        pixels[150:, 280:] = 100 + number
        (tmp_path / f"data/{number % 2}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / f"data/{number % 2}/{number}.png")
    source = load(tmp_path / "data", executor)
    masks = make_masks(source, levels=2)
    page, part = np.asarray(draw_contact_sheet(source, masks)), np.s_[44:300, 264:520]
    for row, example in enumerate(choose_examples(source)):
        original = source.read_originals([example.number])
        published = masks.publish(original, [example.number])
        top = TOP + row * (148 + GAP + 256 + GAP + 2 * LINE)
        for column, pixels in enumerate((original.pixels[0], None, published.pixels[0])):
            left = MARGIN + column * (256 + GAP)
            whole, below = page[top : top + 148, left : left + 256], page[top + 148 + GAP :][:256, left : left + 256]
            if pixels is not None:
                assert np.array_equal(below, pixels[part])
                reduced = np.asarray(Image.fromarray(pixels).resize((256, 148), Image.Resampling.LANCZOS))
                assert np.array_equal(whole, reduced)


@pytest.mark.parametrize("levels", [0, 9, 30])
def test_columns_grow_narrower_where_levels_are_many(make_folder, executor, levels):
    source = load(make_folder("data", each=6), executor)
    page = draw_contact_sheet(source, make_masks(source, levels=levels))
    most = max(WIDTH, MARGIN + (levels + 3) * (NARROWEST + GAP))
    assert 0.8 * min(most, MARGIN + (levels + 3) * (192 + GAP)) <= page.width <= most


@pytest.mark.slow
def test_any_folder_that_is_hidden_is_drawn_and_the_same_way_again(tmp_path, executor):
    """Images of all sizes, narrow ones, a flat one, names in other scripts and of many letters."""
    shapes = [(8, 900), (900, 8), (8, 8), (257, 256), (256, 256), (97, 97), (300, 20), (21, 34)]
    for label, name in enumerate(("猫 🐈", "Ωμέγα", "x" * 200)):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number, (height, width) in enumerate(shapes):
            pixels = draw(label, number, max(height, width), 1 + 2 * (number % 2))[:height, :width]
            Image.fromarray(pixels.squeeze()).save(tmp_path / "data" / name / f"{'é' * number}{number}.png")
    pages = []
    for _ in range(2):
        source = load(tmp_path / "data", executor)
        pages.append(np.asarray(draw_contact_sheet(source, make_masks(source, levels=3))))
    assert np.array_equal(*pages)
    assert pages[0].shape[1] <= WIDTH and (pages[0] != pages[0][0, 0]).any((0, 2))[GAP:MARGIN].any(), "rows have titles"


def test_captions_say_what_it_is_and_how_like_it_is(make_folder, executor, monkeypatch):
    source, said = load(make_folder("data", each=6), executor), []
    monkeypatch.setattr("hideseek_cli.publishing.contact_sheet.spell", lambda text: said.append(text) or text)
    draw_contact_sheet(source, make_masks(source))
    assert said[0] == "6 of 18 images. Keep this sheet secret: it shows originals and the mask."
    assert said[1:5] == ["original", "8 x mask", "published", "level 50"]
    assert said[5:7] == ["flattest", "16 x 16"]
    name, moved, published, level = said[7:11]
    example = choose_examples(source)[0]
    assert name == "/".join(source.folder.records[example.number].key) and moved == "moved by at most 8"
    assert re.fullmatch(r"SSIM 0\.\d{4}, MSE [1-9]\.\de-0\d", published)
    assert level == (published if example.number % 3 == 0 else "SSIM 1.0000, MSE 0.0e+00")
