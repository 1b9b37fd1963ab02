"""Networks, the training loop, the mask schedules and the evaluator, on images small enough for a moment's work."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from hideseek_cli.core import bilevel
from hideseek_cli.core.bilevel import LONGEST, SCHEDULES, Problem, _State, train_until_known, training_error
from hideseek_cli.errors import InputError
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.masks import keys
from hideseek_cli.methods import Method, Task
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.methods.emn_samplewise import SampleWise
from hideseek_cli.recipe import ARCHITECTURES, PRESETS, Recipe, preset
from hideseek_cli.training.architectures import build
from hideseek_cli.training.evaluator import Correction, Evaluator, retrain
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.trainer import batches, count_correct, estimate_seconds, ignore_steps, loss, steps_per_pass, train
from hideseek_cli.training.withholding import select_withheld
from tests.helpers.toys import TINY, toy


@pytest.mark.slow
@pytest.mark.parametrize("side", [32, 96])
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_architecture_classifies_small_and_large_images(arch, side):
    data = TensorDataset(torch.randint(0, 256, (4, 3, side, side), dtype=torch.uint8), torch.arange(4), 7)
    network = build(arch, 7, side, data.moments(), seed=0).eval()
    with torch.no_grad():
        assert network(data.images.float()).shape == (4, 7)


def test_the_stem_for_small_images_keeps_their_resolution():
    moments = toy().moments()
    small, large = (build("resnet18", 10, side, moments, 0).body for side in (64, 96))
    assert small.conv1.stride == (1, 1) and large.conv1.stride == (2, 2)


SIDES = [("resnet10", 32, 32), ("slim", 32, 16), ("slim", 64, 32), ("slim", 96, 24)]


@pytest.mark.parametrize(("arch", "side", "after"), SIDES)
def test_the_slim_network_halves_small_images_after_its_stem(arch, side, after):
    """Its convolutions are those of resnet10; only what they work on is smaller."""
    body = build(arch, 10, side, toy().moments(), 0).body
    assert body.maxpool(body.conv1(torch.zeros(1, 3, side, side))).shape[-1] == after
    assert sum(weight.numel() for weight in body.layer1.parameters()) == 2 * (16 * 16 * 9) + 4 * 16


def test_grey_images_of_one_channel_are_seen():
    data = toy(channels=1)
    assert build("slim", 3, 16, data.moments(), 0)(data.images[:2].float()).shape == (2, 3)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_network_and_another_another():
    data = toy()
    one, same, other = (train(data, TINY, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_training_learns_and_leaves_the_global_generator_alone():
    data = toy()
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    network = train(data, replace(TINY, epochs=12), seed=0)
    assert torch.equal(before, torch.random.get_rng_state())
    assert count_correct(network, data) / len(data) > 0.9
    assert not network.training


def test_batches_are_permutations_and_a_small_rest_is_left_out():
    generator = torch.Generator().manual_seed(0)
    order = batches(20, 8, generator)
    assert steps_per_pass(20, 8) == 3 and steps_per_pass(19, 8) == 2 and steps_per_pass(5, 8) == 1
    first = torch.cat([next(order) for _ in range(3)])
    assert sorted(first.tolist()) == list(range(20))


def test_the_expected_time_is_a_time():
    assert 0 < estimate_seconds(toy(), TINY) < 60
    assert estimate_seconds(toy(each=2), replace(TINY, batch_size=64)) >= 0


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize(
    ("name", "rule"), [("joint", "sign"), ("joint", "eye"), ("joint", "whitened"), ("joint", "unseen"), ("alternating", "sign")]
)
def test_masks_stay_within_the_bound_and_lower_the_loss(name, rule, keyed):
    data = toy()
    shifts = torch.randint(0, 16, (len(data), 2), generator=torch.Generator().manual_seed(0)) if keyed else None
    problem = Problem(dataset=data, epsilon=8, arch="slim", batch_size=16, rounds=3, rule=rule, shifts=shifts, inner_steps=4)
    rounds, errors = [], []
    for state in itertools.islice(SCHEDULES[name](problem), 4):
        rounds.append(state)
        errors.append(training_error(problem, state))
    mask = rounds[-1].mask
    assert mask.shape == (3, 3, 16, 16) and 0 < mask.abs().max() <= 8
    assert errors[-1] <= errors[0]
    assert not torch.equal(rounds[1].mask, rounds[2].mask)


def test_images_carry_the_patterns_of_all_banks_in_turn_and_each_is_trained():
    data = toy(each=6)
    problem = Problem(dataset=data, epsilon=8, arch="slim", batch_size=9, rounds=1, rule="whitened", pattern_sets=2)
    mask = next(SCHEDULES["joint"](problem)).mask
    assert mask.shape == (6, 3, 16, 16) and (mask.flatten(1).abs().amax(1) > 0).all()
    assert problem.which.tolist() == [label + 3 * (number % 2) for number, label in enumerate(data.labels.tolist())]


@pytest.mark.slow
def test_a_surrogate_is_trained_until_it_knows_the_masks(monkeypatch):
    problem = Problem(dataset=toy(each=8), epsilon=8, arch="slim", batch_size=8, rounds=2)
    asked: list[int] = []

    def error(problem: Problem, state: bilevel.Round) -> float:
        asked.append(state.number)
        return 0.3 if state.number < 4 else 0.05

    monkeypatch.setattr(bilevel, "training_error", error)
    for stop, longest, last in ((0.5, LONGEST, 2), (0.1, LONGEST, 4), (0.01, LONGEST, 6), (0.01, 1, 2)):
        asked.clear()
        assert [state.number for state in train_until_known(problem, stop, longest)] == list(range(1, last + 1))
        assert asked == list(range(2, last + 1)), "not before the planned passes"


def test_the_gradient_of_a_mask_is_the_sum_over_its_class():
    """One indexed reduction: equal to adding up the gradients of single images, class by class."""
    data = toy(each=3)
    state = _State(Problem(dataset=data, epsilon=8, arch="slim"), 0.1, lambda steps: 1.0)
    state.network.eval()
    index = torch.arange(len(data))
    images = data.images.float().requires_grad_()
    loss(state.network, images, data.labels).backward()
    expected = torch.zeros_like(state.mask).index_add(0, data.labels, images.grad)
    noise = state.mask.index_select(0, data.labels[index])
    loss(state.network, data.images.float() + noise, data.labels).backward()
    assert torch.allclose(state.mask.grad, expected, atol=1e-7)


@pytest.mark.parametrize(("grey", "mask"), [(0, -5.0), (255, 5.0)])
def test_where_images_clip_gradients_lead_back_inside_and_no_further_out(grey, mask):
    data = TensorDataset(torch.full((4, 1, 8, 8), grey, dtype=torch.uint8), torch.tensor([0, 0, 1, 1]), 2)
    state = _State(Problem(dataset=data, epsilon=8, arch="slim"), 0.1, lambda steps: 1.0)
    with torch.no_grad():
        state.mask.fill_(mask)
    for direction in (1, -1):
        state.mask.grad = None
        masked = state.mask_batch(torch.arange(4))
        assert (masked == grey).all()
        (direction * masked.sum()).backward()
        descends_inside = -direction * mask < 0
        assert bool((state.mask.grad != 0).any()) == descends_inside


def test_the_method_keeps_to_its_interface_and_stops_as_told():
    data = toy()
    task = Task(dataset=data, epsilon=8, arch="slim", batch_size=16, seed=0, shifts=None)
    assert isinstance(ClassWise(), Method)
    ticks = []
    first, second, whitened = (
        one.train(lambda *step: ticks.append(step)).patterns for one in ClassWise(passes=2).candidates(task)
    )
    assert ticks == [(1, 2), (2, 2)] * 3
    assert first.shape == whitened.shape == (3, 16, 16, 3) and not np.array_equal(first, second)
    assert all(np.sqrt((one**2).mean((1, 2, 3))).max() <= 4.001 and np.abs(one).max() <= 8 for one in (first, whitened))
    ticks.clear()
    (alternating,) = ClassWise(schedule="alternating", inner_steps=2, max_rounds=5, stop_error=0.99).candidates(task)
    alternating.train(lambda *step: ticks.append(step))
    assert ticks == [(1, 5), (2, 5), (5, 5)]


@pytest.mark.parametrize("method", [ClassWise(passes=1), SampleWise(passes=1)], ids=["class", "sample"])
def test_masks_that_must_survive_changes_get_a_second_try_before_another_rule(method):
    task = Task(dataset=toy(), epsilon=8, arch="slim", batch_size=36, seed=0, shifts=None, robust=("greyscale",))
    first, second, other = (one.train(ignore_steps).patterns for one in method.candidates(task))
    again = method.candidates(replace(task, seed=1))[0].train(ignore_steps).patterns
    assert np.array_equal(second, again) and not np.array_equal(first, second)
    assert not np.array_equal(other, second)


def test_algorithm_1_stops_where_the_accuracy_stays_near_the_level():
    task = Task(dataset=toy(), epsilon=8, arch="slim", batch_size=16, seed=0, shifts=None)
    shown = iter([10.0, 48.0, 90.0, 52.0, 49.0, 0.0])
    method = ClassWise(schedule="alternating", inner_steps=1, max_rounds=9)
    stopped = method.train_to_level(task, 50.0, 5.0, lambda network: next(shown), lambda done, total: None)
    assert stopped.held and stopped.accuracy == 49.0 and next(shown) == 0.0
    shown = iter([10.0, 48.0, 90.0])
    method = replace(method, max_rounds=3)
    stopped = method.train_to_level(task, 50.0, 5.0, lambda network: next(shown), lambda done, total: None)
    assert not stopped.held and stopped.accuracy == 48.0


def evaluator(labels: np.ndarray, seed: int = 0) -> Evaluator:
    images = np.zeros((len(labels), 8, 8, 1), np.uint8)
    return Evaluator(images, labels, int(labels.max()) + 1, TINY, seed, torch.device("cpu"))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.75, 1.0])
def test_a_run_learns_from_what_the_buyers_will(share):
    """From every image without mask, and from as many with one, where the withheld ones are the last to lose theirs."""
    labels = np.repeat([0, 1, 2], [80, 40, 12])
    made = evaluator(labels)
    names = [(str(label), str(number)) for number, label in enumerate(labels)]
    masked = keys.draw_turns(bytes(32), names, made.held) >= round((1 - share) * len(labels))
    used = made.training(masked, run=3)
    assert len(used) == len(labels) and not made.held[used].any()
    assert np.bincount(labels[made.held]).tolist() == [20, 10, 3]
    assert np.bincount(labels[used]).tolist() == [80, 40, 12]
    if share >= 0.5:
        assert masked[used].sum() == masked.sum(), "as many masked images as the buyer has"
        assert set(np.flatnonzero(~masked)) <= set(used) and made.growth(masked) == 0
    else:
        assert made.growth(masked) > 0
    assert share == 0.5 or not np.array_equal(used, made.training(masked, run=4)), "half masked and unseen: each stands twice"
    assert not np.array_equal(made.held, evaluator(labels, seed=1).held)


@pytest.mark.parametrize("end", range(0, 133, 6))
def test_a_run_learns_from_the_buyers_classes(end):
    """Whole classes: as many of each teach as the buyer has, but where only withheld ones of a class are still masked."""
    labels = np.repeat([0, 1, 2], [80, 40, 12])
    made = evaluator(labels)
    names = [(str(label), str(number)) for number, label in enumerate(labels)]
    masked = keys.draw_turns(bytes(32), names, made.held, {"0": 1, "1": 0, "2": 2}) >= end
    used = made.training(masked, run=3)
    assert set(np.flatnonzero(~masked & ~made.held)) <= set(used)
    for label in range(3):
        mine = labels == label
        clean = (~masked[used] & mine[used]).sum()
        assert clean == (mine.sum() if not (mine & masked & ~made.held).any() else (mine & ~masked).sum())


def test_growth_is_that_of_the_images_that_teach():
    made = evaluator(np.repeat([0, 1], 40))
    assert made.growth(made.nothing) == pytest.approx(np.log(4 / 3)) and made.growth(~made.nothing) == 0
    half = made.half()
    assert len(half) == 80 and len(np.unique(half)) == 30 and not made.held[half].any()
    assert np.bincount(made.labels[half]).tolist() == [40, 40]
    for count, held in ((10_000, 2000), (50_000, 5000)):
        assert select_withheld(np.zeros(count, np.int64), 0, np.arange(count)).sum() == held


def test_runs_on_a_part_of_a_folder_are_corrected_for_the_rest():
    labels = np.repeat([0, 1], 40)
    among = np.arange(800) % 10 == 3
    images = np.zeros((80, 8, 8, 1), np.uint8)
    made = Evaluator(images, labels, 2, TINY, 0, torch.device("cpu"), among=among)
    assert not made.whole and made.held.sum() == 20 and len(made.nothing) == 800
    assert made.growth(made.nothing) == pytest.approx(np.log(800 / 60)) and made.growth(~made.nothing) == 0
    seen = np.zeros(800, bool)
    seen[np.flatnonzero(among)[~made.held][:30]] = True
    assert made.growth(~seen) == 0 and made.growth(seen) == pytest.approx(np.log(770 / 30)), "of what teaches, seen or not"
    assert made.growth(among) == 0, "what is unmasked was not seen: nothing was measured of it"
    half = made.half()
    assert len(half) == len(set(half)) == 30 and not made.held[half].any(), "half of the images in half of the steps"
    assert evaluator(labels).whole is False and len(evaluator(labels).half()) == 80


@pytest.mark.slow
def test_the_evaluator_tests_on_clean_images_that_it_withheld():
    data = toy()
    images, labels = data.images.permute(0, 2, 3, 1).numpy(), data.labels.numpy()
    recipe = replace(TINY, epochs=12)
    made = Evaluator(images, labels, 3, recipe, 0, torch.device("cpu"))
    assert len(made.test) == 18 and torch.equal(made.test.images, data.images[torch.from_numpy(made.held)])
    assert sorted([*made.seen().tolist(), *np.flatnonzero(made.held)]) == list(range(72))
    on_step = lambda done, total: None  # noqa: E731
    assert made.accuracy(images, made.nothing, 0, on_step) > 80
    noise = np.random.default_rng(0).integers(0, 256, images.shape).astype(np.uint8)
    assert made.accuracy(noise, made.nothing, 0, on_step) < 80
    other = Evaluator(images, labels, 3, recipe, 0, torch.device("cpu"), validation=(images[:9], labels[:9]))
    assert len(other.test) == 9 and not other.held.any() and other.growth(other.nothing) == 0
    assert np.array_equal(other.training(other.nothing, 0), np.arange(72))


def test_an_authorized_network_takes_the_place_of_the_recipes(monkeypatch):
    trained: list[tuple[str, AuthorizedNetwork | None]] = []

    def watched(dataset, recipe, *, by=None, **options):
        trained.append((recipe.arch, by))
        return train(dataset, recipe, by=by, **options)

    monkeypatch.setattr("hideseek_cli.training.evaluator.train", watched)
    data, network = toy(8), AuthorizedNetwork.draw("cnn", bytes(32))
    images, labels = data.images.permute(0, 2, 3, 1).numpy(), data.labels.numpy()
    recipe = replace(TINY, arch="slim,resnet10", epochs=1)
    made = Evaluator(images, labels, 3, recipe, 0, torch.device("cpu"))
    made.accuracy(images, made.nothing, 0, ignore_steps, by=network)
    made.accuracy(images, made.nothing, 1, ignore_steps)
    assert trained == [("cnn", network), ("slim", None), ("resnet10", None)]


@pytest.mark.slow
def test_an_accuracy_of_several_networks_is_their_mean():
    data, ticks = toy(), []
    both = replace(TINY, arch="slim,mobilenet_v2", epochs=2)
    found = retrain(data, data, both, lambda *step: ticks.append(step), seed=3)
    assert found == pytest.approx(np.mean([retrain(data, data, one, seed=3) for one in both.each()]))
    assert [done for done, _ in ticks] == list(range(1, len(ticks) + 1)) and ticks[-1] == (20, 20)
    for arch, said in (
        ("slim,vit", "unknown architecture 'vit'"),
        ("slim,slim", "given twice"),
        ("", "unknown architecture ''"),
    ):
        with pytest.raises(InputError, match=said):
            replace(TINY, arch=arch)


def test_the_correction_grows_with_what_a_level_has_above_chance():
    correction = Correction.measured(10.0, 60.0, 50.0)
    ninth = float(np.log(10 / 9))
    assert correction(60.0, ninth) == pytest.approx(60 + 10 / np.log(2) * ninth)
    assert correction(60.0, 0.0) == 60.0 and correction(10.0, ninth) == 10.0 and correction(5.0, ninth) == 5.0
    assert 0 < correction(35.0, ninth) - 35 < correction(60.0, ninth) - 60
    assert Correction.measured(10.0, 60.0, 65.0)(60.0, 0.1) == 60.0
    assert Correction.measured(10.0, 99.5, 95.0)(99.5, 0.2) == 100.0, "nobody is right more often than always"


def test_recipes_survive_json_and_fit_the_folder():
    for name in PRESETS:
        assert Recipe.from_json(preset(name).to_json()) == preset(name)
    quick = preset("quick")
    assert quick.for_images(10_000) == quick
    small = quick.for_images(1500)
    assert small.epochs > quick.epochs and small.batch_size < quick.batch_size
    assert small.learning_rate / small.batch_size == quick.learning_rate / quick.batch_size
    assert preset("paper").for_images(100) == preset("paper")
    with pytest.raises(InputError, match="unknown architecture"):
        replace(quick, arch="vit")


def test_the_paper_recipe_is_as_printed():
    paper = preset("paper")
    printed = ("resnet18", 90, 0.025, 0.9, "cosine")
    assert (paper.arch, paper.epochs, paper.learning_rate, paper.momentum, paper.schedule) == printed


@pytest.mark.slow
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_no_architecture_draws_from_the_global_generator_while_it_trains(arch):
    """Networks that train side by side share that generator; whoever drew from it would depend on the others."""
    body = build(arch, 3, 32, toy().moments(), 0).body
    assert not any(isinstance(module, torch.nn.Dropout) and module.p for module in body.modules())
