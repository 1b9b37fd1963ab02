"""A folder in which every image lies three times: none of the three is learnt where another is asked about or sold."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hideseek_cli.errors import InputError
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.preparation import read_source
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.executors import thread_pool
from hideseek_cli.runtime.progress import Silent
from tests.helpers.progress import Listener
from tests.helpers.runs import begin_run

EACH = 12


@pytest.fixture
def thrice(tmp_path: Path) -> Path:
    """Smooth images, the same moved, and the same as JPEGs, under names that do not tell."""
    random, root = np.random.default_rng(0), tmp_path / "data"
    for label in range(3):
        (root / f"c{label}").mkdir(parents=True)
        for number in range(EACH):
            small = Image.fromarray(random.integers(0, 255, (5, 5, 3)).astype(np.uint8))
            image = small.resize((34, 34), Image.Resampling.BICUBIC)
            image.crop((2, 2, 34, 34)).save(root / f"c{label}/{number:03}.png")
            image.crop((0, 0, 32, 32)).save(root / f"c{label}/m{number:03}.png")
            image.crop((2, 2, 34, 34)).save(root / f"c{label}/z{number:03}.jpg", quality=75)
    return root


def by_name(source) -> np.ndarray:
    names = ["".join(record.key).replace("m", "").replace("z", "") for record in source.folder.records]
    return np.array([names.index(name) for name in names])


def test_twins_are_withheld_together_and_lose_their_masks_together(thrice, tmp_path, executor: Executor):
    run = begin_run(thrice, tmp_path, executor, Silent())
    siblings = by_name(run.source)
    assert np.array_equal(run.source.siblings, siblings), "all are found, and nothing else"
    held = run.evaluator.held
    assert held.any() and np.array_equal(held, held[siblings])
    order = run.source.unmasking(run.master, "images", held, pattern_sets=3)
    for share in np.linspace(0, 1, 30):
        touched = order.touched(share)
        assert np.array_equal(touched, touched[siblings])
    which = order.which([0.5])
    assert np.array_equal(which, which[siblings]) and len(np.unique(which)) > 3, "one pattern a group, and all are in use"
    assert order.numbers[held].min() > order.numbers[~held].max() - held.sum(), "what is withheld comes last"


@pytest.mark.parametrize("workers", [1, 3])
def test_groups_are_the_same_whatever_the_workers(thrice, workers):
    with thread_pool(workers) as executor:
        source = load_source(thrice, None, None, executor, Silent())
    assert np.array_equal(source.siblings, by_name(source))


def test_they_are_told_and_can_be_named_or_left(thrice, tmp_path, executor):
    def told(**options: object) -> list[str]:
        progress, place = Listener(), {"out": tmp_path / "o", "masks": tmp_path / "m"}
        config = HideConfig(data=thrice, recipe=preset("quick"), levels=(60.0,), **place, **options)  # type: ignore[arg-type]
        read_source(config, executor, progress)
        return [line for line in progress.told if "lose their masks" in line]

    rest = "withheld together, and lose their masks together; the largest has"
    assert told() == [f"108 images in 36 groups of near-identical ones: {rest} 3"]
    assert told(groups=r"(\d\d)\d$") == [f"108 images in 6 groups: {rest} 30"]
    assert len(told(groups="none")) < 2, "copies are copies all the same"
    with pytest.raises(InputError, match="makes one group of all images of c0, c1, c2"):
        told(groups=r"(0)\d\d$")
    with pytest.raises(InputError, match="names no image's group"):
        told(groups="(frame)")
    with pytest.raises(InputError, match="give that as `labels`"):
        told(groups="column:track")


def test_a_column_of_the_table_names_groups(tmp_path, executor):
    random, rows = np.random.default_rng(0), ["file_name,label,track"]
    (tmp_path / "flat").mkdir()
    for number in range(24):
        Image.fromarray(random.integers(0, 255, (16, 16, 3)).astype(np.uint8)).save(tmp_path / f"flat/{number:02}.png")
        rows.append(f"{number:02}.png,{'ab'[number % 2]},{number // 8}")
    table = tmp_path / "table.csv"
    table.write_text("\n".join(rows))
    source = load_source(tmp_path / "flat", table, None, executor, Silent(), groups="column:track")
    assert source.siblings.tolist() == np.repeat([0, 4, 8, 12, 16, 20], 4).tolist()
    with pytest.raises(InputError, match="has no column scene; its first line names file_name, label, track"):
        load_source(tmp_path / "flat", table, None, executor, Silent(), groups="column:scene")
