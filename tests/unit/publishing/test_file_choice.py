"""JPEGs stay JPEGs where their masks hide, or where masks of pixels would not hide much better."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hideseek_cli.images.codec import digest_pixels
from hideseek_cli.images.output_format import OutputFormat
from hideseek_cli.publishing import mask_selection
from hideseek_cli.publishing import run as runs
from hideseek_cli.publishing.baseline import Baseline
from hideseek_cli.publishing.file_choice import choose_masks
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.mask_selection import Selection
from hideseek_cli.publishing.run import HideRun
from hideseek_cli.publishing.source import shorten_digest
from hideseek_cli.runtime.progress import Silent
from tests.helpers.folders import draw
from tests.helpers.progress import Listener
from tests.helpers.runs import begin_run, make_candidate

BASELINE = Baseline([90.0, 90.0], 50.0, learns=True)
"""Hidden is what leaves at most 53.2."""


def write_jpegs(root: Path, suffix: str = "jpg", **notes: Any) -> Path:
    for label in range(2):
        (root / f"class{label}").mkdir(parents=True)
        for number in range(25):
            image = Image.fromarray(draw(label, number, 16, 3))
            image.save(root / f"class{label}/{number}.{suffix}", **notes)
    return root


Choose = Callable[..., tuple[HideRun, Selection, list[str], list[str]]]


@pytest.fixture
def choose(tmp_path: Path, executor: Executor, monkeypatch: pytest.MonkeyPatch) -> Choose:
    """Chooses masks of which each attempt leaves what it is told to: the run that publishes, what it publishes, which were
    trained, and what was said."""
    monkeypatch.setattr(runs, "cache_folder", lambda: tmp_path / "cache")

    def make(
        *left: float, image_format: str = "auto", spent: int = 3, **written: Any
    ) -> tuple[HideRun, Selection, list[str], list[str]]:
        data, form = write_jpegs(tmp_path / "data", **written), OutputFormat.choose(image_format)
        listener, trained, coming = Listener(), list[str](), iter(left)
        one = begin_run(data, tmp_path, executor, listener, output_format=form)
        one = replace(one, source=load_source(data, None, None, executor, Silent(), form))
        one.session.runs = spent

        def evaluate(run: HideRun, baseline: Baseline, layout, name: str, attempt) -> object:
            trained.append(name)
            run.session.runs += 2
            return make_candidate(layout, float(next(coming)))

        monkeypatch.setattr(mask_selection, "evaluate", evaluate)
        run, selected, _ = choose_masks(one, BASELINE)
        return run, selected, trained, listener.told

    return make


def test_jpegs_that_hide_stay_jpegs(choose: Choose) -> None:
    run, selected, trained, _ = choose(51.0)
    assert run.source.jpegs.all() and trained == ["candidate 0"] and selected.best.hides


def test_masks_of_pixels_are_published_where_they_alone_hide(choose: Choose, executor: Executor) -> None:
    run, selected, trained, told = choose(80.0, 80.0, 80.0, 70.0, 52.0)
    assert not run.source.jpegs.any() and not run.source.output_format.keeps_jpeg and not run.source.stack.grids
    assert trained == [f"candidate {number}" for number in range(3)] + ["pixels: candidate 0", "pixels: candidate 1"]
    assert [one.accuracy for one in selected.attempts] == [80.0, 80.0, 80.0, 70.0, 52.0] and selected.best.accuracy == 52.0
    assert any("leave 80.0 %; masks of pixels are tried" in line for line in told)
    own = run.source.read_originals([0])
    assert np.array_equal(run.source.digests[0], shorten_digest(digest_pixels(own.pixels[0])))


@pytest.mark.parametrize(("pixels", "larger"), [(80.0, False), (73.0, False), (72.0, True), (90.0, False)])
def test_files_that_are_larger_must_be_worth_it(pixels: float, larger: bool, choose: Choose) -> None:
    run, selected, _, told = choose(81.0, 80.0, 82.0, pixels, pixels, pixels)
    assert run.source.jpegs.any() != larger
    assert len(selected.attempts) == (6 if larger else 3)
    assert any("JPEGs stay JPEGs" in line for line in told) != larger


@pytest.mark.parametrize("options", [{"image_format": "png"}, {"suffix": "png"}])
def test_where_nothing_stays_a_jpeg_nothing_is_tried_twice(options: dict[str, str], choose: Choose) -> None:
    run, _, trained, _ = choose(80.0, 80.0, 80.0, **options)
    assert len(trained) == 3 and not run.source.jpegs.any()


def test_it_is_told_how_many_jpegs_become_something_else_and_why(tmp_path: Path, executor: Executor) -> None:
    data, listener = write_jpegs(tmp_path / "data"), Listener()
    for number in range(2):
        Image.new("CMYK", (16, 16), (number, 9, 9, 9)).save(data / f"class0/{number}.jpg")
    source = load_source(data, None, None, executor, listener, OutputFormat.choose("auto"))
    assert source.jpegs.sum() == 48
    (told,) = [line for line in listener.told if "cannot be masked" in line]
    assert told == "JPEGs whose coefficients cannot be masked become PNG: 2 (2 of 4 components (CMYK has four))"
    quiet = Listener()
    load_source(data, None, None, executor, quiet, OutputFormat.choose("png"))
    assert not any("cannot be masked" in line for line in quiet.told)


def test_without_runs_that_are_left_it_says_so(choose: Choose) -> None:
    run, _, trained, told = choose(80.0, 80.0, 80.0, spent=26)
    assert len(trained) < 4 and any("no runs are left" in line for line in told) and run.source.jpegs.all()
