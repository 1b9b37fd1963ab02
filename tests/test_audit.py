"""The audit: every attack on one folder, beside what it gives on clean pictures, through failures and interruptions."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hideseek_cli import audit as audits
from hideseek_cli.attacks import Attack, Exposed, catalogue, chosen
from hideseek_cli.audit import attacked, audit
from hideseek_cli.bundle import MaskFile
from hideseek_cli.core.data import Pictures
from hideseek_cli.errors import InputError
from hideseek_cli.files import StagedFolder
from hideseek_cli.intake import load
from hideseek_cli.levels import Maker, Scale
from hideseek_cli.progress import Silent
from hideseek_cli.recipe import preset
from hideseek_cli.release import Levels, write
from hideseek_cli.seek import seek
from tests.conftest import Listener, MakeFolder, write_pictures
from tests.test_attacks import CPU, apart


@pytest.fixture
def release(make_folder: MakeFolder, tmp_path: Path, executor: Executor) -> Path:
    return released(make_folder, tmp_path, executor, banks=1)


def released(make_folder: MakeFolder, tmp_path: Path, executor: Executor, *, banks: int, placement: str = "fixed") -> Path:
    """A published folder, a level of it with its cleaner, and the originals, made without training."""
    material = load(make_folder("data", classes=3, each=24), None, None, executor, Silent())
    write_pictures(tmp_path / "test", 3, 4, first=24)
    master = bytes(32)
    maker = Maker(material, 8, material.thresholds(master, banks), material.shifts(master, placement))
    pattern = np.random.default_rng(1).normal(0, 5, maker.thresholds.shape)
    scale = Scale(maker, maker.masks(pattern, 1.0), material.turns(master, "pictures", banks=banks))
    levels = Levels(epsilon=8, published=scale.masks, which=scale.turns.which([0.5]), strength=1.0,
                    tiers={"50": scale.turns.touched(0.5)}, own={}, shifts=maker.shifts)  # fmt: skip
    with StagedFolder(tmp_path / "published") as stage:
        write(
            material, levels, stage, executor, Silent(), offers=(), masks=tmp_path / "masks", origin={},
            recipe=replace(preset("quick"), name="custom", epochs=2, batch_size=8),
        )  # fmt: skip
    cleaner = MaskFile.load(tmp_path / "masks").cleaner("50")
    cleaner.save(tmp_path / "cleaner")
    seek(tmp_path / "published", cleaner, tmp_path / "k50", executor, Silent())
    return tmp_path


def test_an_audit_compares_with_clean_pictures_and_with_what_was_paid(release, executor):
    names = ("none", "greyscale", "plaintext", "cleaner")
    found = audit(release / "published", release / "test", chosen(names), executor, Silent(), CPU, clean=release / "data",
                  seed=3, runs=2)  # fmt: skip
    assert [one.attack.name for one in found] == ["none", "greyscale", "plaintext"], "no cleaner was given"
    assert all(len(one.curves) == len(one.clean) == 2 and one.peak >= one.accuracy for one in found)
    assert found[0].gain == pytest.approx(found[0].accuracy - 100 / 3)
    twice = chosen(("releases",))
    (both,) = audit(release / "published", release / "test", twice, executor, Silent(), CPU, clean=release / "data",
                    other=release / "k50", seed=3)  # fmt: skip
    assert both.curves and not both.clean, "halfway between clean and clean says nothing"
    assert not audit(release / "published", release / "test", twice, executor, Silent(), CPU, seed=3), "no other was given"
    again = audit(release / "published", release / "test", chosen(("none",)), executor, Silent(), CPU, seed=3, runs=2)
    assert again[0].curves == found[0].curves and again[0].clean_accuracy is None
    (bought,) = audit(release / "k50", release / "test", chosen(("cleaner",)), executor, Silent(), CPU,
                      cleaners=[release / "cleaner"], seed=3)  # fmt: skip
    assert bought.gain == pytest.approx(bought.accuracy - 50) and not bought.clean
    assert not list(release.glob(".*")), "nothing is left beside the folders"


def test_originals_of_what_is_published_are_known_as_test_pictures_too(release, executor):
    listener = Listener()
    for test in (release / "test", release / "data"):
        audit(release / "published", test, chosen(("none",)), executor, listener, CPU, seed=3)
    told = [line.split(" pictures")[0] for line in listener.told if "are trained on" in line]
    assert told == ["72 of the 72"]


@pytest.mark.parametrize("placement", ["fixed", "keyed"])
@pytest.mark.parametrize("banks", [1, 2])
def test_a_cleaner_takes_masks_off_other_pictures_only_where_they_have_patterns_in_common(
    make_folder, tmp_path, executor, banks, placement
):
    """What layers are for. One bank is the positive control: its buyer comes near to the originals."""
    release = released(make_folder, tmp_path, executor, banks=banks, placement=placement)
    subject = audits.load(release / "k50", release / "test", executor, Silent(), CPU, None)
    originals = audits._alike(release / "data", "the originals", subject, executor, Silent(), CPU)
    bought = audits._bought([release / "cleaner"], subject)
    exposed = Exposed(pictures=subject.pictures, test=subject.test, cleaners=bought)
    found, further = (catalogue()[name].prepare(exposed)[0] for name in ("cleaner", "extrapolation"))
    left, beyond = (apart(one, originals) / apart(subject.pictures, originals) for one in (found, further))
    assert left < 0.5 if banks == 1 else left > 0.9
    if banks == 1 and placement == "fixed":
        assert beyond < 0.2, "exact but for what clipping lost"
    if banks == 2:
        assert beyond > 1.2, "what is taken off was not there"
        assert placement == "keyed" or left < 1.1, "and whoever looks first leaves it"


def test_an_attack_that_fails_is_reported_and_the_others_go_on(release, executor):
    def broken(exposed: Exposed) -> tuple[Pictures, Pictures]:
        raise ValueError("deliberate")

    attacks = [Attack(name="broken", prepare=broken), *chosen(("none",))]
    first, second = audit(release / "published", release / "test", attacks, executor, Silent(), CPU, seed=3)
    assert first.failure == "ValueError: deliberate" and not first.curves
    assert second.failure is None and len(second.curves) == 1


def test_an_interrupted_audit_goes_on_and_ends_the_same(release, executor, monkeypatch):
    arguments = (release / "published", release / "test", chosen(("none", "greyscale", "cutout")), executor)
    whole = audit(*arguments, Silent(), CPU, seed=5)
    with pytest.raises(KeyboardInterrupt):
        audit(*arguments, Listener(3), CPU, seed=5)
    assert (release / ".published.audit").exists()
    with pytest.raises(InputError, match="had another seed"):
        audit(*arguments, Silent(), CPU, seed=6, resume=True)
    again: list[str] = []
    monkeypatch.setattr(
        audits, "attacked", lambda attack, *rest, **seed: again.append(attack.name) or attacked(attack, *rest, **seed)
    )
    assert audit(*arguments, Silent(), CPU, seed=5, resume=True) == whole
    assert len(again) == 1, "what was told is kept"
    assert not (release / ".published.audit").exists()


def test_what_does_not_belong_together_is_refused(release, executor):
    common = (chosen(("none",)), executor, Silent(), CPU)
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
        trained.append(exposed.pictures.images)
        return [50.0]

    monkeypatch.setattr(audits, "attacked", noted)

    def audited(seed: int, test: str = "test") -> int:
        trained.clear()
        found = audit(
            release / "published", release / test, chosen(("none",)), executor, Silent(), CPU, clean=release / "data", seed=seed
        )
        assert found[0].clean_accuracy == 50
        return len(trained)

    assert audited(404) == 2
    subject = audits.load(release / "published", release / "test", executor, Silent(), CPU, None)
    original = audits._alike(release / "data", "the originals", subject, executor, Silent(), CPU)
    same = [torch.equal(images, original.images) for images in trained]
    assert sorted(same) == [False, True]
    assert audited(404) == 1, "what clean pictures give is known by now"
    assert audited(405) == 2 and audited(404, test="data") == 2, "but not with another seed, nor of other test pictures"
