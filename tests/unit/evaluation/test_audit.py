"""The audit: every attack on one folder, beside what it gives on clean images, through failures and interruptions."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hideseek_cli.attacks import Attack, Exposed, list_attacks, select
from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.errors import InputError
from hideseek_cli.evaluation import audit as audits
from hideseek_cli.evaluation.audit import audit, train_under_attack
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.release import ReleaseMasks, write_release
from hideseek_cli.publishing.rendering import LevelScale, MaskRenderer
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.tensors import TensorDataset
from tests.conftest import Listener, MakeFolder, write_images
from tests.unit.attacks.test_attacks import CPU, apart


@pytest.fixture
def release(make_folder: MakeFolder, tmp_path: Path, executor: Executor) -> Path:
    return released(make_folder, tmp_path, executor, pattern_sets=1)


def released(
    make_folder: MakeFolder, tmp_path: Path, executor: Executor, *, pattern_sets: int, placement: str = "fixed"
) -> Path:
    """A published folder, a level of it with its cleaner, and the originals, made without training."""
    source = load_source(make_folder("data", classes=3, each=24), None, None, executor, Silent())
    write_images(tmp_path / "test", 3, 4, first=24)
    master = bytes(32)
    renderer = MaskRenderer(source, 8, source.thresholds(master, pattern_sets), source.shifts(master, placement))
    pattern = np.random.default_rng(1).normal(0, 5, renderer.thresholds.shape)
    scale = LevelScale(renderer, renderer.masks(pattern, 1.0), source.unmasking(master, "images", pattern_sets=pattern_sets))
    levels = ReleaseMasks(epsilon=8, published=scale.masks, which=scale.unmasking.which([0.5]), strength=1.0,
                    tiers={"50": scale.unmasking.touched(0.5)}, own={}, shifts=renderer.shifts)  # fmt: skip
    with StagedFolder(tmp_path / "published") as stage:
        write_release(
            source, levels, stage, executor, Silent(), offers=(), masks=tmp_path / "masks", origin={},
            recipe=replace(preset("quick"), name="custom", epochs=2, batch_size=8),
        )  # fmt: skip
    cleaner = MaskFile.load(tmp_path / "masks").cleaner("50")
    cleaner.save(tmp_path / "cleaner")
    seek(tmp_path / "published", cleaner, tmp_path / "k50", executor, Silent())
    return tmp_path


def test_an_audit_compares_with_clean_images_and_with_what_was_paid(release, executor):
    names = ("none", "greyscale", "plaintext", "cleaner")
    found = audit(release / "published", release / "test", select(names), executor, Silent(), CPU, clean=release / "data",
                  seed=3, runs=2)  # fmt: skip
    assert [one.attack.name for one in found] == ["none", "greyscale", "plaintext"], "no cleaner was given"
    assert all(len(one.curves) == len(one.clean) == 2 and one.peak >= one.accuracy for one in found)
    assert found[0].gain == pytest.approx(found[0].accuracy - 100 / 3)
    twice = select(("releases",))
    (both,) = audit(release / "published", release / "test", twice, executor, Silent(), CPU, clean=release / "data",
                    other=release / "k50", seed=3)  # fmt: skip
    assert both.curves and not both.clean, "halfway between clean and clean says nothing"
    assert not audit(release / "published", release / "test", twice, executor, Silent(), CPU, seed=3), "no other was given"
    again = audit(release / "published", release / "test", select(("none",)), executor, Silent(), CPU, seed=3, runs=2)
    assert again[0].curves == found[0].curves and again[0].clean_accuracy is None
    (bought,) = audit(release / "k50", release / "test", select(("cleaner",)), executor, Silent(), CPU,
                      cleaners=[release / "cleaner"], seed=3)  # fmt: skip
    assert bought.gain == pytest.approx(bought.accuracy - 50) and not bought.clean
    assert not list(release.glob(".*")), "nothing is left beside the folders"


def test_originals_of_what_is_published_are_known_as_test_images_too(release, executor):
    listener = Listener()
    for test in (release / "test", release / "data"):
        audit(release / "published", test, select(("none",)), executor, listener, CPU, seed=3)
    told = [line.split(" images")[0] for line in listener.told if "are trained on" in line]
    assert told == ["72 of the 72"]


@pytest.mark.parametrize("placement", ["fixed", "keyed"])
@pytest.mark.parametrize("pattern_sets", [1, 2])
def test_a_cleaner_takes_masks_off_other_images_only_where_they_have_patterns_in_common(
    make_folder, tmp_path, executor, pattern_sets, placement
):
    """What layers are for. One pattern set is the positive control: its buyer comes near to the originals."""
    release = released(make_folder, tmp_path, executor, pattern_sets=pattern_sets, placement=placement)
    subject = audits.load_evaluation(release / "k50", release / "test", executor, Silent(), CPU, None)
    originals = audits._load_counterpart(release / "data", "the originals", subject, executor, Silent(), CPU)
    bought = audits._load_cleaners([release / "cleaner"], subject)
    exposed = Exposed(dataset=subject.dataset, test=subject.test, cleaners=bought)
    found, further = (list_attacks()[name].prepare(exposed)[0] for name in ("cleaner", "extrapolation"))
    left, beyond = (apart(one, originals) / apart(subject.dataset, originals) for one in (found, further))
    assert left < 0.5 if pattern_sets == 1 else left > 0.9
    if pattern_sets == 1 and placement == "fixed":
        assert beyond < 0.2, "exact but for what clipping lost"
    if pattern_sets == 2:
        assert beyond > 1.2, "what is taken off was not there"
        assert placement == "keyed" or left < 1.1, "and whoever looks first leaves it"


def test_an_attack_that_fails_is_reported_and_the_others_go_on(release, executor):
    def broken(exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
        raise ValueError("deliberate")

    attacks = [Attack(name="broken", prepare=broken), *select(("none",))]
    first, second = audit(release / "published", release / "test", attacks, executor, Silent(), CPU, seed=3)
    assert first.failure == "ValueError: deliberate" and not first.curves
    assert second.failure is None and len(second.curves) == 1


def test_an_interrupted_audit_goes_on_and_ends_the_same(release, executor, monkeypatch):
    arguments = (release / "published", release / "test", select(("none", "greyscale", "cutout")), executor)
    whole = audit(*arguments, Silent(), CPU, seed=5)
    with pytest.raises(KeyboardInterrupt):
        audit(*arguments, Listener(3), CPU, seed=5)
    assert (release / ".published.audit").exists()
    with pytest.raises(InputError, match="had other values of `seed`;"):
        audit(*arguments, Silent(), CPU, seed=6, resume=True)
    again: list[str] = []
    monkeypatch.setattr(
        audits,
        "train_under_attack",
        lambda attack, *rest, **seed: again.append(attack.name) or train_under_attack(attack, *rest, **seed),
    )
    assert audit(*arguments, Silent(), CPU, seed=5, resume=True) == whole
    assert len(again) == 1, "what was told is kept"
    assert not (release / ".published.audit").exists()


def test_what_does_not_belong_together_is_refused(release, executor):
    common = (select(("none",)), executor, Silent(), CPU)
    with pytest.raises(InputError, match="has no manifest"):
        audit(release / "data", release / "test", *common)
    with pytest.raises(InputError, match="is level published, which no cleaner of level 50 makes"):
        audit(release / "published", release / "test", *common, cleaners=[release / "cleaner"])
    with pytest.raises(InputError, match="does not hold the originals"):
        audit(release / "published", release / "test", *common, clean=release / "test")
    with pytest.raises(InputError, match="does not hold a release of"):
        audit(release / "published", release / "test", *common, other=release / "test")
    with pytest.raises(InputError, match="--runs 0"):
        audit(release / "published", release / "test", *common, runs=0)


def test_the_same_attack_is_made_on_the_originals(release, executor, monkeypatch):
    trained: list[torch.Tensor] = []

    def noted(attack: Attack, exposed: Exposed, *arguments: object, **options: object) -> list[float]:
        trained.append(exposed.dataset.images)
        return [50.0]

    monkeypatch.setattr(audits, "train_under_attack", noted)

    def audited(seed: int, test: str = "test") -> int:
        trained.clear()
        found = audit(
            release / "published", release / test, select(("none",)), executor, Silent(), CPU, clean=release / "data", seed=seed
        )
        assert found[0].clean_accuracy == 50
        return len(trained)

    assert audited(404) == 2
    subject = audits.load_evaluation(release / "published", release / "test", executor, Silent(), CPU, None)
    original = audits._load_counterpart(release / "data", "the originals", subject, executor, Silent(), CPU)
    same = [torch.equal(images, original.images) for images in trained]
    assert sorted(same) == [False, True]
    assert audited(404) == 1, "what clean images give is known by now"
    assert audited(405) == 2 and audited(404, test="data") == 2, "but not with another seed, nor of other test images"
