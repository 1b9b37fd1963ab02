"""Masks are as visible as is allowed, on the images that are judged and under every pattern that these may get."""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hideseek_cli.images import visibility
from hideseek_cli.images.visibility import choose_sample, measure_jpeg_visibility
from hideseek_cli.publishing import visibility_limit
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.publishing.visibility_limit import SPARED, VisibilityLimit
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.progress import Silent
from tests.helpers.folders import MakeFolder

SHARP = 0.05
"""Share of the visibility by which a hundredth more changes it, at these strengths."""


@pytest.fixture
def source(make_folder: MakeFolder, executor: Executor) -> SourceDataset:
    return load_source(make_folder("data", classes=2, each=8), None, None, executor, Silent())


def limit_of(source: SourceDataset, executor: Executor, most: float | None = None) -> VisibilityLimit:
    config = HideConfig(data="data", levels=(), out="o", masks="m", recipe=preset("quick"), max_visibility=most)
    return VisibilityLimit.of(config, source, executor, Silent())


def test_what_is_not_limited_may_be_as_visible_as_the_same_image_is_as_jpeg(source, executor):
    found = limit_of(source, executor)
    assert found.numbers.tolist() == choose_sample(16).tolist() and len(found.numbers) == visibility.JUDGED
    own = [measure_jpeg_visibility(source.read_originals([number]).colours[0]) for number in found.numbers.tolist()]
    assert found.allowed.tolist() == own and found.mean == pytest.approx(np.mean(own))
    given = limit_of(source, executor, 0.1)
    assert given.mean == pytest.approx(0.1) and np.array_equal(given.numbers, found.numbers)


@pytest.mark.slow
@pytest.mark.parametrize(("allowed", "pattern_sets"), [(0.02, 1), (0.06, 2)])
def test_a_strength_is_as_visible_as_is_allowed_and_no_more(source, executor, allowed, pattern_sets):
    renderer = MaskRenderer(source, 8, source.thresholds(bytes(32), pattern_sets), None)
    pattern = np.random.default_rng(0).normal(0, 4, renderer.thresholds.shape)
    choices = source.unmasking(bytes(32), pattern_sets=pattern_sets).choices()
    limit = limit_of(source, executor, allowed)
    found = limit.lower(renderer, pattern, choices, 150, executor, Silent())

    def seen(strength: int) -> float:
        """On average over the images that are judged, each under all of its patterns."""
        masks = renderer.masks(pattern, strength / 100)
        return float(np.mean([renderer.visibility(masks, one, number) for one in choices for number in limit.numbers.tolist()]))

    assert (SPARED if pattern_sets > 1 else 1) * allowed * (1 - 2 * SHARP) < seen(found) <= allowed
    assert limit.lower(renderer, pattern, choices, found - 1, executor, Silent()) == found - 1, "similarity may bind before"


class Curve(MaskRenderer):
    """Its masks are seen as a power of their strength says; remembers those that were tried."""

    power, tried = 0.7, list[float]()

    def masks(self, pattern, strength, numbers=None):
        self.tried.append(strength)
        return super().masks(pattern, strength, numbers)

    def visibility(self, masks, which, number):
        return 0.1 * self.tried[-1] ** self.power


@given(power=st.floats(0.35, 0.95), allowed=st.floats(0.03, 0.12), most=st.integers(30, 200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_few_looks_find_a_strength_near_the_limit(source, executor, power, allowed, most):
    curve = Curve(source, 8, np.zeros((2, 16, 16, 3)), None)
    Curve.power, Curve.tried[:] = power, []
    found = limit_of(source, executor, allowed).lower(
        curve, np.ones((2, 16, 16, 3)), source.folder.labels[None], most, executor, Silent()
    )
    assert len(curve.tried) <= visibility_limit.LOOKS
    assert 0.1 * (found / 100) ** power <= allowed
    assert found == most or 0.1 * ((found + 1) / 100) ** power > 0.97 * allowed


def test_each_image_is_judged_under_a_pattern_of_its_class_and_all_pattern_sets_are(source, executor):
    renderer = MaskRenderer(source, 8, source.thresholds(bytes(32), 3), None)
    carried: list[tuple[int, int]] = []

    class Watching(MaskRenderer):
        def visibility(self, masks, which, number):
            level = int(masks[3][which[number]].max())
            carried.append((number, level))
            return float(level)

    watching = Watching(source, 8, np.zeros_like(renderer.thresholds), None)
    pattern = np.arange(1.0, 7.0)[:, None, None, None] * np.ones(renderer.thresholds.shape)  # by set, then class
    choices = source.unmasking(bytes(32), pattern_sets=3).choices()
    limit_of(source, executor, 0.5).lower(watching, pattern, choices, 100, executor, Silent())
    first = dict(carried[: visibility.JUDGED])
    assert all((level - 1) % 2 == source.folder.labels[number] for number, level in first.items())
    assert len({(level - 1) // 2 for level in first.values()}) == 3


def test_where_jpeg_changes_nothing_no_mask_may_be_seen(source, executor):
    renderer = MaskRenderer(source, 8, source.thresholds(bytes(32)), None)
    pattern, choices = np.ones(renderer.thresholds.shape), source.folder.labels[None]
    none = VisibilityLimit(choose_sample(16), np.zeros(visibility.JUDGED))
    assert none.lower(renderer, pattern, choices, 100, executor, Silent()) == 0
    all_that_there_is = VisibilityLimit(choose_sample(16), np.ones(visibility.JUDGED))
    assert all_that_there_is.lower(renderer, pattern, choices, 100, executor, Silent()) == 100
