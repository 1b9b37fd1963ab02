"""What each attack does to images, and its positive controls."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial

import pytest
import torch

from hideseek_cli import attacks
from hideseek_cli.attacks import NEEDS, Exposed, denoising, list_attacks, select
from hideseek_cli.attacks.augmentation import adversarial, cutmix, cutout, mixup, policies, ueraser
from hideseek_cli.attacks.compression import compress_jpeg, filter_bilateral, filter_median, reduce_bits, standardise
from hideseek_cli.attacks.denoising import denoise
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
from hideseek_cli.attacks.matching import find_shifts, strip_patterns
from hideseek_cli.errors import InputError
from hideseek_cli.evaluation import adversary
from hideseek_cli.evaluation.adversary import train_under_attack
from hideseek_cli.methods import Task
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.training.architectures import build
from hideseek_cli.training.tensors import TensorDataset, cyclic_window, gather
from hideseek_cli.training.trainer import ignore_steps, loss
from hideseek_cli.training.transforms import blur_gaussian, to_greyscale
from tests.helpers.toys import TINY, apart, toy


def waves(count: int = 60, side: int = 16) -> TensorDataset:
    """Smooth images that never clip, in three classes."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, 3, 4, 4, generator=generator) * 120 + 60
    images = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic").clamp(30, 220)
    return TensorDataset(images.to(torch.uint8), torch.arange(count) % 3, 3)


def masked(clean: TensorDataset, keyed: bool) -> tuple[TensorDataset, torch.Tensor]:
    """The images under a random pattern for each class, and where it was laid."""
    generator = torch.Generator().manual_seed(1)
    patterns = torch.randint(-8, 9, (3, 3, 16, 16), generator=generator).float()
    shifts = (
        torch.randint(0, 16, (len(clean), 2), generator=generator) if keyed else torch.zeros(len(clean), 2, dtype=torch.long)
    )
    noise = gather(patterns[clean.labels], cyclic_window(shifts, 16, 16))
    return replace(clean, images=(clean.images + noise).to(torch.uint8)), patterns


@pytest.mark.parametrize("keyed", [False, True])
def test_ten_originals_give_the_masks_of_all_images_away(keyed):
    """Positive control of known plaintext, and of alignment where the pattern is known."""
    clean = waves()
    published, patterns = masked(clean, keyed)
    found, _ = plaintext(Exposed(dataset=published, test=clean, originals=clean))
    assert apart(published, clean) > 3 and apart(found, clean) < 0.1
    known = strip_patterns(published, patterns, torch.ones(len(clean), dtype=torch.bool))
    assert apart(known, clean) < 0.1


def test_where_no_image_is_left_to_strip_nothing_changes():
    """As where a buyer's classes are clean in whole."""
    clean = waves()
    found = strip_patterns(clean, torch.ones(3, 3, 16, 16), torch.zeros(len(clean), dtype=torch.bool))
    assert torch.equal(found.images, clean.images)


def test_shifts_are_found_down_and_right():
    pattern = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) - 0.5
    wanted = torch.tensor([[3, 5], [0, 15], [7, 0]])
    laid = gather(pattern.expand(3, -1, -1, -1), cyclic_window(wanted, 16, 16))
    assert find_shifts(laid, pattern.expand(3, -1, -1, -1), torch.ones(3, 16, 9))[0].tolist() == wanted.tolist()


@pytest.mark.parametrize(("attack", "left"), [(class_mean, 0.7), (class_average, 0.7), (flat_areas, 0.5)])
def test_averages_find_a_fixed_mask_and_not_a_keyed_one(attack, left):
    clean = waves(600)
    for keyed in (False, True):
        published, _ = masked(clean, keyed)
        found, _ = attack(Exposed(dataset=published, test=clean))
        ratio = apart(found, clean) / apart(published, clean)
        assert (ratio < left) if not keyed else (ratio > 0.95)


def several(clean: TensorDataset, seed: int) -> TensorDataset:
    """The images under one of two random patterns of their class."""
    generator = torch.Generator().manual_seed(seed)
    patterns = torch.randint(-8, 9, (6, 3, 16, 16), generator=generator).float()
    which = clean.labels + 3 * torch.randint(0, 2, (len(clean),), generator=generator)
    return replace(clean, images=(clean.images + patterns[which]).to(torch.uint8))


def test_sorting_finds_several_patterns_of_a_class_that_its_average_mixes():
    """Positive control, under images as smooth as these."""
    clean = waves(1200)
    published = several(clean, 1)
    mixed, told = (attack(Exposed(dataset=published, test=clean))[0] for attack in (class_average, sorting))
    assert apart(told, clean) < 0.85 * apart(mixed, clean)


def test_two_releases_give_more_away_than_one():
    clean = waves(1200)
    one, other = several(clean, 1), several(clean, 2)
    found, _ = releases(Exposed(dataset=one, test=clean, other=other))
    halfway = replace(clean, images=((one.images.float() + other.images.float()) / 2).to(torch.uint8))
    assert apart(found, clean) < 0.9 * apart(halfway, clean) and apart(halfway, clean) < 0.8 * apart(one, clean)
    same, _ = releases(Exposed(dataset=one, test=clean, other=one))
    assert apart(same, clean) > 0.3 * apart(one, clean), "the same release twice tells no more than averages do"


def test_nothing_is_taken_off_that_no_mask_could_have_added():
    clean = waves(600)
    exposed = Exposed(dataset=masked(clean, keyed=False)[0], test=clean, epsilon=2)
    for attack in (class_mean, class_average, flat_areas, projection, sorting, alignment):
        found, _ = attack(exposed)
        assert 0 < (found.images.float() - exposed.dataset.images.float()).abs().max() <= 2, attack.__name__


def test_alignment_finds_unknown_patterns_at_unknown_shifts():
    """Positive control: under images as smooth as these."""
    clean = waves(600)
    for keyed in (False, True):
        published, _ = masked(clean, keyed)
        found, _ = alignment(Exposed(dataset=published, test=clean))
        assert apart(found, clean) < 0.5 * apart(published, clean)


@pytest.mark.slow
def test_a_denoiser_takes_off_something_of_masks_that_it_was_not_shown(monkeypatch):
    monkeypatch.setattr(denoising, "ClassWise", partial(ClassWise, passes=5))
    monkeypatch.setattr(denoising, "STEPS", 200)
    clean = waves(240)
    task = Task(dataset=clean, epsilon=8, arch="slim", batch_size=64, seed=9, shifts=None)
    patterns = torch.from_numpy(ClassWise(passes=5).candidates(task)[0].train(ignore_steps).patterns).permute(0, 3, 1, 2)
    published = replace(clean, images=(clean.images + patterns[clean.labels]).round().clamp(0, 255).to(torch.uint8))
    found, tests = denoise(Exposed(dataset=published, test=clean))
    assert apart(found, clean) < 0.92 * apart(published, clean) and apart(tests, clean) < 3


def test_projection_takes_out_what_a_linear_model_learns():
    clean = waves(300)
    published, _ = masked(clean, keyed=False)
    found, _ = projection(Exposed(dataset=published, test=clean))
    assert apart(found, clean) < apart(published, clean)
    assert apart(found, published) > 0.5


def test_compressions_throw_away_what_they_say():
    images = waves(6).images.float()
    grey = to_greyscale(images)
    assert torch.equal(grey[:, 0], grey[:, 2]) and grey.shape == images.shape
    assert len(reduce_bits(images, 2).unique()) <= 4
    flat = torch.full((2, 3, 16, 16), 77.0)
    for change in (blur_gaussian, filter_median, filter_bilateral):
        same = change(flat, 1.0) if change is blur_gaussian else change(flat)
        assert torch.allclose(same, flat, atol=1e-3)
    cast = torch.tensor([3.0, -2.0, 8.0]).view(1, 3, 1, 1)
    assert torch.allclose(standardise(images + cast), standardise(images), atol=1e-3)
    dot = flat.clone()
    dot[:, :, 8, 8] = 255
    assert torch.equal(filter_median(dot), flat)
    assert blur_gaussian(dot, 1.0).amax() < 120
    assert (compress_jpeg(images, 10) - images).abs().mean() > 0 and (compress_jpeg(images, 95) - images).abs().mean() < 4
    assert compress_jpeg(images[:, :1], 50).shape == (6, 1, 16, 16)


def test_treatments_keep_images_and_shares_of_labels():
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


TRAINING = [attack for attack in list_attacks().values() if attack.learn is None]
"""Attacks that train a network."""


@pytest.mark.parametrize("attack", TRAINING, ids=lambda attack: attack.name)
def test_every_attack_trains_and_is_tested_after_every_epoch(attack, monkeypatch):
    monkeypatch.setattr(denoising, "STEPS", 5)
    monkeypatch.setattr(denoising, "ClassWise", partial(ClassWise, passes=1))
    data = toy(each=12)
    if attack.needs == "cleaner":
        pytest.skip("tested on a release below")
    exposed = Exposed(dataset=data, test=data, alpha=(data, data), originals=data, other=data)
    curve = train_under_attack(attack, exposed, replace(TINY, epochs=2), lambda done, total: None, seed=0)
    assert len(curve) == 2 and all(0 <= accuracy <= 100 for accuracy in curve)


def test_attacks_are_chosen_by_name():
    assert [attack.name for attack in select(("greyscale", "none"))] == ["greyscale", "none"]
    assert len(select(())) == len(list_attacks()) >= 15
    with pytest.raises(InputError, match="unknown attack 'magic': choose none, no-augmentation"):
        select(("magic",))
    for name, meant in (
        ("grayscale", "greyscale"),
        ("gray", "greyscale"),
        ("jpeg", "jpeg-10 or jpeg-50"),
        ("Cut_Out", "cutout"),
    ):
        with pytest.raises(InputError, match=f"unknown attack '{name}': did you mean {meant}"):
            select((name,))


def test_attacks_that_need_least_stand_first():
    needs = [attack.needs for attack in list_attacks().values()]
    assert needs == sorted(needs, key=NEEDS.index) and set(needs) == set(NEEDS) and next(iter(list_attacks())) == "none"


def test_an_attack_is_one_file_whatever_that_is_called(tmp_path, monkeypatch):
    monkeypatch.setattr(attacks, "__path__", [*attacks.__path__, str(tmp_path)])
    (tmp_path / "aaa.py").write_text(
        '"""Attacks."""\n\nfrom hideseek_cli.attacks import Attack\n\n'
        'ATTACKS = (Attack(name="new", needs="originals"), Attack(name="newer"))\n'
    )
    try:
        names = list(list_attacks())
    finally:
        sys.modules.pop("hideseek_cli.attacks.aaa", None)
    assert names.index("newer") < names.index("new") < names.index("releases")


def test_what_is_thrown_away_is_thrown_away_of_test_images_too():
    data = toy(each=4)
    for name in ("greyscale", "jpeg-10", "two-bits", "gaussian", "median", "bilateral"):
        trained, tested = list_attacks()[name].prepare(Exposed(dataset=data, test=data))
        assert torch.equal(trained.images, tested.images) and not torch.equal(trained.images, data.images), name
    kept, tested = list_attacks()["class-mean"].prepare(Exposed(dataset=data, test=data))
    assert torch.equal(tested.images, data.images) and not torch.equal(kept.images, data.images)


def test_an_attack_on_alpha_sees_nothing_else():
    grey, tested = toy(each=4, channels=1), toy(each=2, channels=1)
    exposed = Exposed(dataset=toy(each=4), test=toy(each=2), alpha=(grey, tested))
    assert list_attacks()["alpha"].prepare(exposed) == (grey, tested)


def test_an_attack_trains_as_it_says(monkeypatch):
    seen = []
    monkeypatch.setattr(
        adversary, "train", lambda data, recipe, **options: seen.append((recipe.augmentation, options["treatment"]))
    )
    for name in ("none", "no-augmentation", "mixup"):
        train_under_attack(
            list_attacks()[name], Exposed(dataset=toy(each=4), test=toy(each=4)), TINY, lambda done, total: None, seed=0
        )
    assert seen == [("crop+flip", None), ("none", None), ("crop+flip", mixup)]


def test_a_denoiser_is_trained_once_for_the_same_images(monkeypatch):
    from hideseek_cli.attacks import denoising

    asked: list[int] = []

    def trained(own: TensorDataset, epsilon: int, seed: int) -> torch.nn.Sequential:
        asked.append(seed)
        return torch.nn.Sequential()

    monkeypatch.setattr(denoising, "train_denoiser", trained)
    monkeypatch.setattr(denoising, "_KEPT", {})
    one, other = (
        TensorDataset(torch.full((4, 3, 8, 8), value, dtype=torch.uint8), torch.zeros(4).long(), 1) for value in (1, 2)
    )
    for own, seed in ((one, 0), (one, 0), (one, 1), (other, 1), (other, 1)):
        denoising.get_denoiser(own, 8, seed)
    assert asked == [0, 1, 1]
