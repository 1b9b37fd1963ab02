"""Masks are as strong as similarity, the eye and ε allow, whatever patterns images get; and which of these binds is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hideseek_cli.errors import InputError
from hideseek_cli.methods import select
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.publishing.strength import BOUNDS, equalise_similarity, find_greatest_strength, measure_similarity
from hideseek_cli.publishing.visibility_limit import VisibilityLimit
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.executors import thread_pool
from hideseek_cli.runtime.progress import Silent
from tests.helpers.folders import write_images
from tests.helpers.methods import METHODS


def test_the_similarity_holds_whichever_patterns_the_images_get(make_folder, executor):
    """Which of its class's patterns an image carries is known when all levels are found, after the strength."""
    data = make_folder("data", classes=2, each=6, side=16)
    source = load_source(data, None, None, executor, Silent())
    renderer = MaskRenderer(source, 8, source.thresholds(bytes(32), 2), None)
    pattern = np.random.default_rng(0).normal(0, 4, renderer.thresholds.shape).astype(np.float32)
    pattern[[0, 3]] *= 0.1  # of each class one pattern is faint: in the first pattern set of one, in the second of the other
    config = HideConfig(data=data, levels=(60.0,), out=Path("o"), masks=Path("m"), recipe=preset("quick"), min_ssim=0.995)
    strength = find_greatest_strength(
        config, renderer, pattern, source.unmasking(bytes(32), pattern_sets=2).choices(), executor, Silent()
    ).value
    masks, labels = renderer.masks(pattern, strength), source.folder.labels
    worst = min(
        float(renderer.similarity(masks, labels[None] + 2 * np.array([one, other])[labels], list(range(12))).mean())
        for one in (0, 1) for other in (0, 1)
    )  # fmt: skip
    assert worst >= 0.995
    assert 0 < strength < 2


def test_patterns_of_a_class_are_brought_to_one_similarity(make_folder, executor):
    """So that none of them is fainter than it may be; and a class whose images show more of it keeps what it has."""
    data = make_folder("data", classes=3, each=8, side=16)
    source = load_source(data, None, None, executor, Silent())
    renderer = MaskRenderer(source, 8, source.thresholds(bytes(32), 2), None)
    random = np.random.default_rng(0)
    pattern = random.normal(0, np.array([1, 2, 2, 2, 1, 2])[:, None, None, None], renderer.thresholds.shape)
    choices = source.unmasking(bytes(32), pattern_sets=2).choices()

    def lost(patterns: np.ndarray) -> np.ndarray:
        sums, counts = measure_similarity(renderer, patterns, 1.0, choices, 1, executor)
        return 1 - sums / counts

    before, even = lost(pattern), equalise_similarity(renderer, pattern, choices, executor)
    after = lost(even)
    assert before[0, 0] < 0.5 * before[1, 0] and before[1, 1] < 0.5 * before[0, 1]
    assert np.abs(after[0] / after[1] - 1).max() < 0.2, "to what dithering adds to masks as faint as these"
    assert np.allclose(after.mean(0), before.mean(0), rtol=0.15), "a class as a whole keeps its similarity"
    assert np.array_equal(equalise_similarity(renderer, pattern, choices[:1], executor), pattern), (
        "who has one pattern has nothing to even"
    )
    config = HideConfig(data=data, levels=(60.0,), out=Path("o"), masks=Path("m"), recipe=preset("quick"), min_ssim=0.9995)
    strong = [find_greatest_strength(config, renderer, one, choices, executor, Silent()).value for one in (pattern, even)]
    assert strong[1] > strong[0]


@pytest.mark.slow
@pytest.mark.parametrize("least", [0.95, 0.97, 0.99, 0.999])
def test_the_strength_is_the_greatest_that_keeps_the_similarity(make_folder, executor, least, monkeypatch):
    """Also where the images that are looked at first are more like their originals than all are."""
    monkeypatch.setattr("hideseek_cli.publishing.strength.FIRST", 1)
    data = make_folder("data", classes=2, each=60, side=16)
    for path in sorted(data.rglob("*.png"))[::2]:
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)).save(path)
    source = load_source(data, None, None, executor, Silent())
    renderer = MaskRenderer(source, 63, source.thresholds(bytes(32)), None)
    pattern = np.random.default_rng(1).normal(0, 12, renderer.thresholds.shape).astype(np.float32)
    config = HideConfig(
        data=data, levels=(60.0,), out=Path("o"), masks=Path("m"), recipe=preset("quick"), epsilon=63, min_ssim=least
    )

    def alike(strength: float) -> float:
        labels = source.folder.labels[None]
        masks = renderer.masks(pattern, strength)
        return float(np.concatenate([renderer.similarity(masks, labels, some)[0] for some in source.portions()]).mean())

    assert source.spread(1) == 2
    strength = find_greatest_strength(config, renderer, pattern, source.folder.labels[None], executor, Silent()).value
    assert alike(strength) >= least > alike(strength + 0.01)


@pytest.fixture(scope="module")
def renderer(tmp_path_factory) -> MaskRenderer:
    with thread_pool(1) as executor:
        root = write_images(tmp_path_factory.mktemp("folder") / "data", 2, 4)
        source = load_source(root, None, None, executor, Silent())
    return MaskRenderer(source, 8, source.thresholds(bytes(32)), None)


def find(renderer: MaskRenderer, executor, deviation: float = 4.0, **options):
    usual = {"min_ssim": 0.999, "max_visibility": 1, "recipe": preset("quick")}
    config = HideConfig(data="data", levels=(60.0,), out="o", masks="m", **{**usual, **options})
    limit = VisibilityLimit.of(config, renderer.source, executor, Silent())
    pattern = np.random.default_rng(0).normal(0, deviation, renderer.thresholds.shape)
    return find_greatest_strength(config, renderer, pattern, renderer.source.folder.labels[None], executor, Silent(), limit)


def test_the_limit_that_binds_is_told(renderer, executor):
    alike = find(renderer, executor)
    assert alike.bound == "ssim" and 0 < alike.value < 2
    seen = find(renderer, executor, max_visibility=0.02)
    assert seen.bound == "visibility" and seen.value < alike.value
    assert find(renderer, executor, max_visibility=0.02, min_ssim=0.5).value == seen.value
    faint = find(renderer, executor, deviation=0.5)
    assert (faint.value, faint.bound) == (2, "strongest")
    whole = find(renderer, executor, deviation=2.0, method=select(*METHODS["uge"]), min_ssim=0.5)
    assert whole.bound == "strongest" and whole.value < 2, "where the first of them touches ε: they must not be cut off"
    assert {one.bound for one in (alike, seen, faint)} == set(BOUNDS)


def test_without_a_limit_whatever_the_eye_sees_is_allowed(renderer, executor):
    labels, pattern = renderer.source.folder.labels, np.random.default_rng(0).normal(0, 4.0, renderer.thresholds.shape)
    config = HideConfig(data="data", levels=(60.0,), out="o", masks="m", recipe=preset("quick"), min_ssim=0.999)
    assert find_greatest_strength(config, renderer, pattern, labels[None], executor, Silent()) == find(renderer, executor)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"min_ssim": 0.9999999}, "no mask keeps a mean SSIM of 0.9999999 on these images; lower `min_ssim`"),
        ({"max_visibility": 1e-6}, "no mask keeps a visibility of 1e-06 on these images; raise `max_visibility`"),
    ],
)
def test_where_no_mask_is_faint_enough_the_argument_is_named(renderer, executor, options, words):
    with pytest.raises(InputError, match=words):
        find(renderer, executor, **options)
