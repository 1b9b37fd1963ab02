"""What of a run follows from the key, and what its remembered figures depend on."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hideseek_cli.errors import InputError
from hideseek_cli.publishing import pipeline, run
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.run import HideRun
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.journal import Journal
from hideseek_cli.runtime.progress import Silent
from tests.helpers.folders import MakeFolder

KEY, OTHER = bytes(32), bytes(range(32))


@pytest.fixture
def begin(make_folder: MakeFolder, tmp_path: Path, executor: Executor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "cache_folder", lambda: tmp_path / "cache")
    data = make_folder("data", classes=2, each=40)

    def make(key: bytes = KEY, *, seed: int = 0, source=None) -> HideRun:
        config = HideConfig(
            data=data, levels=(), out=tmp_path / "out", masks=tmp_path / "masks", recipe=preset("quick"), seed=seed
        )
        source = source or load_source(data, None, None, executor, Silent())
        return HideRun.begin(config, source, key, torch.device("cpu"), Journal(tmp_path / "j", {}), executor, Silent())

    return make


def mask_seed(one: HideRun) -> int:
    return one.source.draw_seed(one.master, "masks", one.config.seed)


@pytest.mark.slow
def test_masks_and_what_is_withheld_follow_from_the_key_and_not_from_public_names_alone(begin):
    one, again, other, seeded = begin(), begin(), begin(OTHER), begin(seed=1)
    assert mask_seed(one) == mask_seed(again) and np.array_equal(one.evaluator.held, again.evaluator.held)
    for another in (other, seeded):
        assert mask_seed(one) != mask_seed(another)
        assert not np.array_equal(one.evaluator.held, another.evaluator.held)
        assert one.evaluator.held.sum() == another.evaluator.held.sum()
    assert 0 <= mask_seed(one) < 2**63, "as generators take them"


def test_the_method_trains_by_that_seed(begin):
    from hideseek_cli.publishing.baseline import Baseline
    from hideseek_cli.publishing.mask_layout import lay_out_masks, make_task

    one = begin()
    layout = lay_out_masks(one, Baseline([50.0, 50.0], 10.0, learns=True))
    assert make_task(one, layout).seed == mask_seed(one) != one.config.seed


@pytest.mark.slow
def test_figures_are_kept_by_what_networks_see(begin, make_folder, executor):
    """Whatever reads the images: other code that reads the same pixels finds them, the same code other pixels not."""
    one = begin()
    about = [0, ["clean"]]
    one.session.cache.remember(about, [50.0])
    assert begin().session.cache.values(about) == [50.0]
    source = one.source
    for group in source.stack.groups.values():
        group[1][0, 0, 0] ^= 1
    assert begin(source=source).session.cache.values(about) is None
    assert begin(OTHER).session.cache.values(about) is None, "other images are withheld"


def test_a_run_is_not_resumed_by_another_version(begin, monkeypatch, tmp_path):
    one = begin()
    config = replace(one.config, resume=True)

    def open_journal() -> object:
        return pipeline._open_journal(config, one.source, KEY, torch.device("cpu"), Silent())

    open_journal()
    open_journal()
    told = pipeline.describe_software()
    for name in told:
        monkeypatch.setattr(pipeline, "describe_software", lambda name=name: {**told, name: "another"})
        with pytest.raises(InputError, match=name):
            open_journal()
