"""What each attack does to pictures, its positive controls, and the audit that runs them all."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from hideseek_cli import audit as audits
from hideseek_cli.attacks import Attack, Exposed, catalogue, chosen, denoising
from hideseek_cli.attacks.augmentation import adversarial, cutmix, cutout, mixup, policies, ueraser
from hideseek_cli.attacks.compression import bilateral, bits, jpeg, median, standardised
from hideseek_cli.attacks.denoising import denoised
from hideseek_cli.attacks.estimation import (
    alignment,
    class_average,
    class_mean,
    flat_areas,
    plaintext,
    projection,
    releases,
    sorting,
)
from hideseek_cli.attacks.matching import shifts_of, stripped
from hideseek_cli.audit import attacked, audit
from hideseek_cli.bundle import MaskFile
from hideseek_cli.core.changes import gaussian, greyscale
from hideseek_cli.core.classifier import loss, silent
from hideseek_cli.core.data import Pictures, cyclic, read
from hideseek_cli.core.networks import build
from hideseek_cli.errors import InputError
from hideseek_cli.files import StagedFolder
from hideseek_cli.intake import load
from hideseek_cli.levels import Maker, Scale
from hideseek_cli.methods import Task
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.progress import Silent
from hideseek_cli.recipe import preset
from hideseek_cli.release import Levels, write
from hideseek_cli.seek import seek
from tests.conftest import MakeFolder, write_pictures
from tests.test_training import TINY, toy

CPU = torch.device("cpu")


def waves(count: int = 60, side: int = 16) -> Pictures:
    """Smooth pictures that never clip, in three classes."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, 3, 4, 4, generator=generator) * 120 + 60
    images = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic").clamp(30, 220)
    return Pictures(images.to(torch.uint8), torch.arange(count) % 3, 3)


def masked(clean: Pictures, keyed: bool) -> tuple[Pictures, torch.Tensor]:
    """The pictures under a random pattern for each class, and where it was laid."""
    generator = torch.Generator().manual_seed(1)
    patterns = torch.randint(-8, 9, (3, 3, 16, 16), generator=generator).float()
    shifts = (
        torch.randint(0, 16, (len(clean), 2), generator=generator) if keyed else torch.zeros(len(clean), 2, dtype=torch.long)
    )
    noise = read(patterns[clean.labels], cyclic(shifts, 16, 16))
    return replace(clean, images=(clean.images + noise).to(torch.uint8)), patterns


def apart(one: Pictures, other: Pictures) -> float:
    return float((one.images.float() - other.images.float()).abs().mean())


@pytest.mark.parametrize("keyed", [False, True])
def test_ten_originals_give_the_masks_of_all_pictures_away(keyed):
    """Positive control of known plaintext, and of alignment where the pattern is known."""
    clean = waves()
    published, patterns = masked(clean, keyed)
    found, _ = plaintext(Exposed(pictures=published, test=clean, originals=clean))
    assert apart(published, clean) > 3 and apart(found, clean) < 0.1
    known = stripped(published, patterns, torch.ones(len(clean), dtype=torch.bool))
    assert apart(known, clean) < 0.1


def test_where_no_picture_is_left_to_strip_nothing_changes():
    """As where a buyer's classes are clean in whole."""
    clean = waves()
    found = stripped(clean, torch.ones(3, 3, 16, 16), torch.zeros(len(clean), dtype=torch.bool))
    assert torch.equal(found.images, clean.images)


def test_shifts_are_found_down_and_right():
    pattern = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) - 0.5
    wanted = torch.tensor([[3, 5], [0, 15], [7, 0]])
    laid = read(pattern.expand(3, -1, -1, -1), cyclic(wanted, 16, 16))
    assert shifts_of(laid, pattern.expand(3, -1, -1, -1), torch.ones(3, 16, 9))[0].tolist() == wanted.tolist()


@pytest.mark.parametrize(("attack", "left"), [(class_mean, 0.7), (class_average, 0.7), (flat_areas, 0.5)])
def test_averages_find_a_fixed_mask_and_not_a_keyed_one(attack, left):
    clean = waves(600)
    for keyed in (False, True):
        published, _ = masked(clean, keyed)
        found, _ = attack(Exposed(pictures=published, test=clean))
        ratio = apart(found, clean) / apart(published, clean)
        assert (ratio < left) if not keyed else (ratio > 0.95)


def several(clean: Pictures, seed: int) -> Pictures:
    """The pictures under one of two random patterns of their class."""
    generator = torch.Generator().manual_seed(seed)
    patterns = torch.randint(-8, 9, (6, 3, 16, 16), generator=generator).float()
    which = clean.labels + 3 * torch.randint(0, 2, (len(clean),), generator=generator)
    return replace(clean, images=(clean.images + patterns[which]).to(torch.uint8))


def test_sorting_finds_several_patterns_of_a_class_that_its_average_mixes():
    """Positive control, under pictures as smooth as these."""
    clean = waves(1200)
    published = several(clean, 1)
    mixed, told = (attack(Exposed(pictures=published, test=clean))[0] for attack in (class_average, sorting))
    assert apart(told, clean) < 0.85 * apart(mixed, clean)


def test_two_releases_give_more_away_than_one():
    clean = waves(1200)
    one, other = several(clean, 1), several(clean, 2)
    found, _ = releases(Exposed(pictures=one, test=clean, other=other))
    halfway = replace(clean, images=((one.images.float() + other.images.float()) / 2).to(torch.uint8))
    assert apart(found, clean) < 0.9 * apart(halfway, clean) and apart(halfway, clean) < 0.8 * apart(one, clean)
    same, _ = releases(Exposed(pictures=one, test=clean, other=one))
    assert apart(same, clean) > 0.3 * apart(one, clean), "the same release twice tells no more than averages do"


def test_nothing_is_taken_off_that_no_mask_could_have_added():
    clean = waves(600)
    exposed = Exposed(pictures=masked(clean, keyed=False)[0], test=clean, epsilon=2)
    for attack in (class_mean, class_average, flat_areas, projection, sorting, alignment):
        found, _ = attack(exposed)
        assert 0 < (found.images.float() - exposed.pictures.images.float()).abs().max() <= 2, attack.__name__


def test_alignment_finds_unknown_patterns_at_unknown_shifts():
    """Positive control: under pictures as smooth as these."""
    clean = waves(600)
    for keyed in (False, True):
        published, _ = masked(clean, keyed)
        found, _ = alignment(Exposed(pictures=published, test=clean))
        assert apart(found, clean) < 0.5 * apart(published, clean)


def test_a_denoiser_takes_off_something_of_masks_that_it_was_not_shown(monkeypatch):
    monkeypatch.setattr(denoising, "ClassWise", partial(ClassWise, passes=5))
    monkeypatch.setattr(denoising, "STEPS", 200)
    clean = waves(240)
    task = Task(pictures=clean, epsilon=8, arch="slim", batch_size=64, seed=9, shifts=None)
    patterns = torch.from_numpy(ClassWise(passes=5).candidates(task)[0](silent).patterns).permute(0, 3, 1, 2)
    published = replace(clean, images=(clean.images + patterns[clean.labels]).round().clamp(0, 255).to(torch.uint8))
    found, tests = denoised(Exposed(pictures=published, test=clean))
    assert apart(found, clean) < 0.92 * apart(published, clean) and apart(tests, clean) < 3


def test_projection_takes_out_what_a_linear_model_learns():
    clean = waves(300)
    published, _ = masked(clean, keyed=False)
    found, _ = projection(Exposed(pictures=published, test=clean))
    assert apart(found, clean) < apart(published, clean)
    assert apart(found, published) > 0.5


def test_compressions_throw_away_what_they_say():
    images = waves(6).images.float()
    grey = greyscale(images)
    assert torch.equal(grey[:, 0], grey[:, 2]) and grey.shape == images.shape
    assert len(bits(images, 2).unique()) <= 4
    flat = torch.full((2, 3, 16, 16), 77.0)
    for change in (gaussian, median, bilateral):
        same = change(flat, 1.0) if change is gaussian else change(flat)
        assert torch.allclose(same, flat, atol=1e-3)
    cast = torch.tensor([3.0, -2.0, 8.0]).view(1, 3, 1, 1)
    assert torch.allclose(standardised(images + cast), standardised(images), atol=1e-3)
    dot = flat.clone()
    dot[:, :, 8, 8] = 255
    assert torch.equal(median(dot), flat)
    assert gaussian(dot, 1.0).amax() < 120
    assert (jpeg(images, 10) - images).abs().mean() > 0 and (jpeg(images, 95) - images).abs().mean() < 4
    assert jpeg(images[:, :1], 50).shape == (6, 1, 16, 16)


def test_treatments_keep_pictures_and_shares_of_labels():
    data, generator = toy(), torch.Generator().manual_seed(0)
    network = build("slim", 3, 16, data.moments(), 0)
    batch = data.images[:8].float(), data.labels[:8]
    moved, _ = adversarial(network, batch, generator)
    assert 1 < (moved - batch[0]).abs().max() <= 2.001
    network.eval()
    assert loss(network, moved, batch[1]) > loss(network, *batch)
    network.train()
    for treatment in (cutout, mixup, cutmix, policies, ueraser, adversarial):
        images, targets = treatment(network, batch, generator)
        assert images.shape == batch[0].shape and images.min() >= 0 and images.max() <= 255
        assert not torch.equal(images, batch[0])
        if treatment in (mixup, cutmix):
            assert targets.shape == (8, 3) and torch.allclose(targets.sum(1), torch.ones(8))
            assert (targets.gather(1, batch[1][:, None]) > 0).any()
        else:
            assert torch.equal(targets, batch[1])


@pytest.mark.parametrize("attack", catalogue().values(), ids=lambda attack: attack.name)
def test_every_attack_trains_and_is_tested_after_every_epoch(attack, monkeypatch):
    monkeypatch.setattr(denoising, "STEPS", 5)
    monkeypatch.setattr(denoising, "ClassWise", partial(ClassWise, passes=1))
    data = toy(each=12)
    if attack.needs == "cleaner":
        pytest.skip("tested on a release below")
    exposed = Exposed(pictures=data, test=data, originals=data, other=data)
    curve = attacked(attack, exposed, replace(TINY, epochs=2), lambda done, total: None, seed=0)
    assert len(curve) == 2 and all(0 <= accuracy <= 100 for accuracy in curve)


def test_attacks_are_chosen_by_name():
    assert [attack.name for attack in chosen(("greyscale", "none"))] == ["greyscale", "none"]
    assert len(chosen(())) == len(catalogue()) >= 15
    with pytest.raises(InputError, match="unknown attack 'magic': choose of none"):
        chosen(("magic",))


@pytest.fixture
def release(make_folder: MakeFolder, tmp_path: Path, executor: Executor) -> Path:
    return released(make_folder, tmp_path, executor, banks=1)


def released(make_folder: MakeFolder, tmp_path: Path, executor: Executor, *, banks: int, placement: str = "fixed") -> Path:
    """A published folder, a level of it with its cleaner, and the originals, made without training."""
    material = load(make_folder("data", classes=3, each=24), None, None, executor, Silent())
    write_pictures(tmp_path / "test", 3, 4)
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
    trained: list[str] = []

    class Impatient(Silent):
        def say(self, line: str) -> None:
            trained.append(line)
            if len(trained) == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit(*arguments, Impatient(), CPU, seed=5)
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


def test_what_is_thrown_away_is_thrown_away_of_test_pictures_too():
    data = toy(each=4)
    for name in ("greyscale", "jpeg-10", "two-bits", "gaussian", "median", "bilateral"):
        trained, tested = catalogue()[name].prepare(Exposed(pictures=data, test=data))
        assert torch.equal(trained.images, tested.images) and not torch.equal(trained.images, data.images), name
    kept, tested = catalogue()["class-mean"].prepare(Exposed(pictures=data, test=data))
    assert torch.equal(tested.images, data.images) and not torch.equal(kept.images, data.images)


def test_an_attack_trains_as_it_says(monkeypatch):
    seen = []
    monkeypatch.setattr(
        audits, "train", lambda data, recipe, **options: seen.append((recipe.augmentation, options["treatment"]))
    )
    for name in ("none", "no-augmentation", "mixup"):
        attacked(catalogue()[name], Exposed(pictures=toy(each=4), test=toy(each=4)), TINY, lambda done, total: None, seed=0)
    assert seen == [("crop+flip", None), ("none", None), ("crop+flip", mixup)]


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


def test_a_denoiser_is_trained_once_for_the_same_pictures(monkeypatch):
    from hideseek_cli.attacks import denoising

    asked: list[int] = []

    def trained(own: Pictures, epsilon: int, seed: int) -> torch.nn.Sequential:
        asked.append(seed)
        return torch.nn.Sequential()

    monkeypatch.setattr(denoising, "trained", trained)
    monkeypatch.setattr(denoising, "_KEPT", {})
    one, other = (Pictures(torch.full((4, 3, 8, 8), value, dtype=torch.uint8), torch.zeros(4).long(), 1) for value in (1, 2))
    for own, seed in ((one, 0), (one, 0), (one, 1), (other, 1), (other, 1)):
        denoising.known(own, 8, seed)
    assert asked == [0, 1, 1]
