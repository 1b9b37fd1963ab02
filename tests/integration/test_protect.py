"""New images, labelled or not, are protected by a generator that was trained on others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn.functional import softplus

from hideseek_cli.core import bilevel, confounder
from hideseek_cli.core.confounder import Plan, measure_recognition, train_generator
from hideseek_cli.core.generator_network import RMS, GeneratorNetwork, make_noise
from hideseek_cli.errors import InputError
from hideseek_cli.formats.checks import MAX_SIDE
from hideseek_cli.formats.generator import Generator
from hideseek_cli.images.codec import decode
from hideseek_cli.methods import Task, TrainedPatterns, emn
from hideseek_cli.methods.confounder import Confounder, train_knowing_classifier
from hideseek_cli.training.architectures import Standardised
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.trainer import ignore_steps
from tests.helpers.commands import contents, inside

SIDE, EPSILON = 16, 8


def maker(channels: int = 3) -> GeneratorNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return GeneratorNetwork(torch.full((channels,), 120.0), torch.full((channels,), 60.0), EPSILON).eval()


def generator(channels: int = 3, size: tuple[int, int] = (SIDE, SIDE), **changed: object) -> Generator:
    weights = {name: value.numpy() for name, value in maker(channels).state_dict().items()}
    given = {"method": "confounder", "strength": 1.0, "weights": weights, **changed}
    return Generator(epsilon=EPSILON, classes=("a", "b"), release="0" * 64, size=size, **given)  # type: ignore[arg-type]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Images of several kinds and sizes, flat and below, and a generator."""
    random = np.random.default_rng(0)
    kinds = {"plain.png": (SIDE, SIDE, 3), "grey.png": (SIDE, SIDE), "wide.png": (18, 40, 3), "alpha.png": (20, 20, 4),
             "below/deep.png": (SIDE, SIDE, 3), "photo.bmp": (33, 21, 3)}  # fmt: skip
    for name, shape in kinds.items():
        path = tmp_path / "new" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = random.integers(40, 200, shape, dtype=np.uint8)
        if shape[2:] == (4,):
            image[:8, :, 3] = 0
        Image.fromarray(image).save(path)
    generator().save(tmp_path / "g")
    return tmp_path


def test_every_image_keeps_its_name_its_size_and_its_kind_within_the_bound(place):
    before = contents(place / "new")
    done = inside("protect", "new", "--generator", "g", "--json", cwd=place)
    told = json.loads(done.stdout)
    assert told["images"] == len(before) == 6 and 0 < told["linf"] <= EPSILON and told["ssim"] < 1
    assert "images a second" in done.stderr
    assert {*contents(place / "protected")} == {str(Path(name).with_suffix(".png")) for name in before}
    for name in before:
        own, found = decode(place / "new" / name), decode((place / "protected" / name).with_suffix(".png"))
        assert own.shape == found.shape
        apart = np.abs(own.astype(int) - found)
        assert apart.max() <= EPSILON and apart.any()
        assert own.shape[2] != 4 or not (apart[:, :, 3].any() or apart[:8].any()), "what is transparent stays, colours too"
    assert contents(place / "new") == before


def test_the_same_generator_gives_the_same_bytes_and_other_weights_others(place):
    inside("protect", "new", "--generator", "g", cwd=place)
    inside("protect", "new", "--generator", "g", "--out", "again", "--workers", "1", cwd=place)
    assert contents(place / "again") == contents(place / "protected")
    other = generator()
    other.weights["up.0.weight"] = -other.weights["up.0.weight"]
    other.save(place / "other")
    inside("protect", "new", "--generator", "other", "--out", "changed", cwd=place)
    changed = contents(place / "changed")
    assert changed.keys() == contents(place / "again").keys()
    assert all(changed[name] != old for name, old in contents(place / "again").items())


def test_originals_of_the_same_names_are_never_replaced(place):
    """By their names alone they cannot be told from what was protected."""
    shutil.copytree(place / "new", place / "copy")
    before = contents(place / "copy")
    refused = inside("protect", "new", "--generator", "g", "--out", "copy", cwd=place, code=2)
    assert "copy is not empty; choose another --out" in refused.stderr and "--overwrite" not in refused.stderr
    refused = inside("protect", "new", "--generator", "g", "--out", "copy", "--overwrite", cwd=place, code=2)
    assert "there is no option --overwrite" in refused.stderr
    assert contents(place / "copy") == before


def test_the_current_folder_is_refused_before_an_image_is_read(place):
    before = contents(place)
    refused = inside("protect", "new", "--generator", "g", "--out", ".", cwd=place, code=2)
    assert ". is the current folder or holds it" in refused.stderr and contents(place) == before


def test_the_strength_of_the_release_is_that_of_new_images(place):
    generator(strength=0.25).save(place / "weak")
    inside("protect", "new", "--generator", "g", cwd=place)
    inside("protect", "new", "--generator", "weak", "--out", "weak out", cwd=place)
    own = decode(place / "new" / "plain.png").astype(int)
    strong, weak = (np.abs(decode(place / out / "plain.png") - own).mean() for out in ("protected", "weak out"))
    assert weak < 0.4 * strong


def test_images_that_cannot_be_used_are_named_together_and_nothing_is_written(place):
    (place / "new" / "broken.png").write_bytes(b"no image")
    Image.new("RGB", (4, 4)).save(place / "new" / "below" / "tiny.png")
    told = inside("protect", "new", "--generator", "g", cwd=place, code=2).stderr
    assert "broken.png" in told and "tiny.png" in told
    assert not (place / "protected").exists() and not list(place.glob(".*"))
    (place / "new" / "note.txt").write_text("no image")
    assert "note.txt" in inside("protect", "new", "--generator", "g", cwd=place, code=2).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--levels", "50"], "there is no option --levels"),
        (["--image-format", "jpeg"], "choose png or webp"),
        (["--out", "new/inside"], "lies inside the input folder"),
        (["--out", "new"], "lies inside the input folder"),
        (["--generator", "nowhere"], "there is no such file"),
    ],
)
def test_what_does_not_apply_is_said(place, arguments, said):
    assert said in inside("protect", "new", "--generator", "g", *arguments, cwd=place, code=2).stderr


def damaged(name: str) -> Generator:
    found = generator()
    if name == "missing":
        del found.weights["up.0.weight"]
    if name == "shape":
        found.weights["mean"] = found.weights["mean"][:, :1]
    if name == "nan":
        found.weights["up.0.weight"] = np.full_like(found.weights["up.0.weight"], np.nan)
    return found


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (damaged("missing"), "do not fit its network"),
        (damaged("shape"), "do not fit its network"),
        (damaged("nan"), "are no numbers"),
        (generator(method="random"), "makes no noise"),
        (generator(method="later"), "update hideseek"),
        (generator(size=(MAX_SIDE + 1, 4)), "is no whole number from 8 to 1152"),
        (generator(1), "in colour, and the generator was trained on grey"),
        (generator(size=(SIDE, SIDE + 2)), "the generator was trained on images of 18x16"),
    ],
)
def test_a_generator_that_does_not_fit_is_refused(place, file, said):
    file.save(place / "odd")
    assert said in inside("protect", "new", "--generator", "odd", cwd=place, code=2).stderr
    assert not (place / "protected").exists()


def test_noise_is_as_large_as_it_is_said_to_be_and_depends_on_the_image():
    images = torch.randint(0, 256, (8, 3, 20, 17)).float()
    with torch.no_grad():
        noise = maker()(images)
        raw = maker()(images[:1])
    assert noise.shape == images.shape and noise.abs().max() <= EPSILON
    size = noise.square().mean((1, 2, 3)).sqrt()
    assert ((size > 0.8 * RMS * EPSILON) & (size <= RMS * EPSILON * 1.01)).all(), "what was clipped is little"
    assert torch.allclose(raw, noise[:1], atol=1e-4) and (noise[0] - noise[1]).abs().max() > 0.01


def test_noise_stays_within_the_bound_however_large_it_would_be(monkeypatch):
    monkeypatch.setattr("hideseek_cli.core.generator_network.RMS", 2.0)
    with torch.no_grad():
        noise = maker()(torch.randint(0, 256, (2, 3, SIDE, SIDE)).float())
    assert noise.abs().max() == EPSILON


def test_what_the_convolutions_were_taught_stays():
    data = striped(32)
    few, more = (
        train_generator(
            data, brighter_above(data), Plan(epsilon=EPSILON, lessons=1, passes=passes, batch_size=16), ignore_steps
        )
        for passes in (0, 2)
    )
    assert all(torch.equal(value, more.down.state_dict()[name]) for name, value in few.down.state_dict().items())
    assert not torch.equal(few.up[0].weight, more.up[0].weight)


def striped(count: int) -> TensorDataset:
    """Two classes, told by the direction of their stripes."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(count) % 2
    images = torch.randint(0, 90, (count, 3, SIDE, SIDE), generator=generator)
    for number, label in enumerate(labels):
        stripes = (torch.arange(SIDE) % 4 < 2).int() * 120
        images[number] += stripes[:, None] if label else stripes[None, :]
    return TensorDataset(images.to(torch.uint8), labels, 2)


def brighter_above(data: TensorDataset) -> Standardised:
    """A classifier that says 1 where the upper half is brighter than the lower one, and knows nothing of stripes."""
    body = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 2, bias=False))
    half = torch.ones(3, SIDE, SIDE) / SIDE
    half[:, SIDE // 2 :] *= -1
    body[1].weight.data = torch.stack([-half.flatten(), half.flatten()])
    return Standardised(body, *data.moments(), 2).eval()


@pytest.mark.parametrize("adversary", [0.0, 0.1])
def test_a_generator_learns_noise_that_a_frozen_classifier_takes_for_the_class(adversary):
    data = striped(128)
    classifier = brighter_above(data)
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    steps: list[tuple[int, int]] = []
    plan = Plan(epsilon=EPSILON, lessons=4, passes=10, adversary=adversary, batch_size=16)
    found = train_generator(data, classifier, plan, lambda done, total: steps.append((done, total)))
    assert not found.training and steps[-1] == (112, 112) and [done for done, _ in steps] == [*range(1, 113)]
    assert all(torch.equal(value, before[name]) for name, value in classifier.state_dict().items()), "it is frozen"
    assert measure_recognition(make_noise(found, data), data.labels, classifier) > 95
    other = striped(80)
    assert measure_recognition(make_noise(found, other), other.labels, classifier) > 90, (
        "images that it has not seen are of the same kind"
    )
    assert make_noise(found, data).shape == data.images.shape
    again = train_generator(data, classifier, plan, ignore_steps)
    assert torch.equal(make_noise(again, data), make_noise(found, data)), "the same seed gives the same"


def test_a_discriminator_learns_to_tell_noise_which_the_generator_hides_from_it(monkeypatch):
    data, judges = striped(128), []
    data = TensorDataset(data.images // 60 * 60, data.labels, 2)

    def doubt(adversary: float) -> float:
        """How far the trained discriminator is from telling clean and protected images (Equation 2); by chance 0.69."""
        plan = Plan(epsilon=64, lessons=1, passes=10, adversary=adversary, batch_size=16)
        found = make_noise(train_generator(data, brighter_above(data), plan, ignore_steps), data)
        clean = data.images.float()
        with torch.no_grad():
            clean_logits, noisy_logits = (judges[-1].eval()(images / 255) for images in (clean, clean + found))
        return float(torch.cat([softplus(-clean_logits), softplus(noisy_logits)]).mean())

    build = confounder._build_discriminator
    monkeypatch.setattr(confounder, "_build_discriminator", lambda channels: judges.append(build(channels)) or judges[-1])
    unheard, heard = doubt(1e-6), doubt(30.0)
    assert unheard < 0.5 and heard > unheard + 0.1


def test_a_generator_is_first_taught_the_masks_that_its_classifier_knows():
    data = striped(128)
    masks = torch.randint(-EPSILON, EPSILON + 1, (2, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(2)).float()
    steps: list[tuple[int, int]] = []
    plan = Plan(epsilon=EPSILON, lessons=4, imitations=10, passes=0, batch_size=16)
    found = train_generator(data, brighter_above(data), plan, lambda done, total: steps.append((done, total)), masks)
    assert steps[-1] == (112, 112)
    made, shown = make_noise(found, data).flatten(1), found.normalise(masks).flatten(1)
    like = torch.nn.functional.normalize(made) @ torch.nn.functional.normalize(shown).T
    own, other = like.gather(1, torch.stack([data.labels, 1 - data.labels], 1)).unbind(1)
    assert (own > 0.5).float().mean() > 0.95 and (other < 0.2).float().mean() > 0.95


def test_masks_reach_the_generator(monkeypatch):
    given: list[torch.Tensor] = []

    def trained_by(*most: object) -> GeneratorNetwork:
        given.append(most[-1])
        return train_generator(*most)

    monkeypatch.setattr("hideseek_cli.methods.confounder.train_generator", trained_by)
    task = Task(dataset=striped(16), epsilon=EPSILON, arch="slim", batch_size=8, seed=0, shifts=None)
    Confounder(passes=1).candidates(task)[0].train(ignore_steps)
    assert given[0].shape == (2, 3, SIDE, SIDE) and given[0].flatten(1).any(1).all()


def test_a_generator_sees_nothing_of_images_that_are_withheld_and_makes_their_noise():
    data = striped(16)
    other = TensorDataset(data.images.clone(), data.labels, 2)
    other.images[5] = 255 - other.images[5]
    seen = torch.tensor([number for number in range(16) if number != 5])

    def made(dataset: TensorDataset) -> TrainedPatterns:
        task = Task(dataset=dataset, seen=seen, epsilon=EPSILON, arch="slim", batch_size=8, seed=0, shifts=None)
        return Confounder(passes=1).candidates(task)[0].train(ignore_steps)

    one, two = made(data), made(other)
    assert all(np.array_equal(weight, two.weights[name]) for name, weight in one.weights.items())
    assert one.patterns.shape == (16, SIDE, SIDE, 3) and one.patterns.any((1, 2, 3)).all()
    same = [number for number in range(16) if np.array_equal(one.patterns[number], two.patterns[number])]
    assert same == [*range(5), *range(6, 16)], "noise is made of the image"


def test_the_classifier_is_trained_until_it_knows_the_masks(monkeypatch):
    asked: list[int] = []
    monkeypatch.setattr(bilevel, "training_error", lambda problem, state: asked.append(state.number) or 0.02)
    monkeypatch.setattr(emn, "STEPS", 4)
    task = Task(dataset=striped(16), epsilon=EPSILON, arch="slim", batch_size=8, seed=0, shifts=None)
    train_knowing_classifier(task, "whitened")
    assert asked == [2, 3, 4, 5, 6], "two passes planned, three times as many at most"


def test_grey_images_get_the_mean_of_the_noise_and_stay_grey(place):
    Image.fromarray(np.repeat(decode(place / "new" / "grey.png"), 3, 2)).save(place / "new" / "same.png")
    inside("protect", "new", "--generator", "g", cwd=place)
    grey, colour = (decode(place / "protected" / f"{name}.png").astype(float) for name in ("grey", "same"))
    assert np.abs(grey.mean(2) - colour.mean(2)).mean() < 0.5, "but for rounding"


def test_a_folder_without_images_is_refused(tmp_path):
    (tmp_path / "new").mkdir()
    generator().save(tmp_path / "g")
    assert "holds no images" in inside("protect", "new", "--generator", "g", cwd=tmp_path, code=2).stderr
    with pytest.raises(InputError, match="`passes` 0 trains nothing; give at least 1"):
        Confounder(passes=0)
