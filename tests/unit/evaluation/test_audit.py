"""The audit: every attack on one folder, beside what it gives on clean images, through failures and interruptions."""

from __future__ import annotations

import json
import re
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hideseek_cli.attacks import Attack, Exposed, list_attacks
from hideseek_cli.errors import InputError
from hideseek_cli.evaluation import adversary
from hideseek_cli.evaluation.adversary import load_alpha, load_cleaners, load_counterpart, train_under_attack
from hideseek_cli.evaluation.audit import AuditConfig, audit
from hideseek_cli.evaluation.audit_result import AuditResult, Finding
from hideseek_cli.evaluation.loading import load_evaluation
from hideseek_cli.images.codec import decode
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.layout import Layout
from hideseek_cli.runtime.progress import Progress, Silent
from hideseek_cli.training.tensors import TensorDataset
from tests.helpers.folders import MakeFolder, cut_out
from tests.helpers.progress import Listener
from tests.helpers.releases import released
from tests.helpers.toys import CPU, apart


@pytest.fixture
def release(make_folder: MakeFolder, tmp_path: Path, executor: Executor) -> Path:
    return released(make_folder, tmp_path, executor, pattern_sets=1)


def audited(
    place: Path, executor: Executor, *attacks: str, folder: str = "published", test: str = "test",
    progress: Progress | None = None, **options: Any,
) -> tuple[Finding, ...]:  # fmt: skip
    config = AuditConfig(folder=place / folder, test=place / test, attacks=attacks, **options)
    return audit(config, CPU, executor, progress or Silent()).findings


@pytest.mark.slow
def test_an_audit_compares_with_clean_images_and_with_what_was_paid(release, executor):
    known = {"clean": release / "data", "seed": 3}
    found = audited(release, executor, "none", "greyscale", "plaintext", "cleaner", **known, runs=2)
    assert [one.attack.name for one in found] == ["none", "greyscale", "plaintext"], "no cleaner was given"
    assert all(len(one.curves) == len(one.clean) == 2 and one.peak >= one.accuracy for one in found)
    assert found[0].gain == pytest.approx(found[0].accuracy - 100 / 3)
    (both,) = audited(release, executor, "releases", **known, other=release / "k50")
    assert both.curves and not both.clean, "halfway between clean and clean says nothing"
    with pytest.raises(InputError, match="nothing was measured"):
        audited(release, executor, "releases", seed=3)
    again = audited(release, executor, "none", seed=3, runs=2)
    assert again[0].curves == found[0].curves and again[0].clean_accuracy is None
    (bought,) = audited(release, executor, "cleaner", folder="k50", cleaners=[release / "cleaner"], seed=3)
    assert bought.gain == pytest.approx(bought.accuracy - 50) and not bought.clean
    assert not list(release.glob(".*")), "nothing is left beside the folders"


@pytest.mark.slow
def test_originals_of_what_is_published_are_known_as_test_images_too(release, executor):
    listener = Listener()
    for test in ("test", "data"):
        audited(release, executor, "none", test=test, progress=listener, seed=3)
    told = [line.split(" images")[0] for line in listener.told if "are trained on" in line]
    assert told == ["72 of the 72"]


@pytest.mark.slow
@pytest.mark.parametrize("placement", ["fixed", "keyed"])
@pytest.mark.parametrize("pattern_sets", [1, 2])
def test_a_cleaner_takes_masks_off_other_images_only_where_they_have_patterns_in_common(
    make_folder, tmp_path, executor, pattern_sets, placement
):
    """What layers are for. One pattern set is the positive control: its buyer comes near to the originals."""
    release = released(make_folder, tmp_path, executor, pattern_sets=pattern_sets, placement=placement)
    subject = load_evaluation(release / "k50", release / "test", executor, Silent(), CPU, None)
    originals = load_counterpart(Layout.whole(release / "data"), "the originals", subject, executor, Silent(), CPU)
    bought = load_cleaners([release / "cleaner"], subject)
    exposed = Exposed(dataset=subject.dataset, test=subject.test, cleaners=bought)
    found, further = (list_attacks()[name].prepare(exposed)[0] for name in ("cleaner", "extrapolation"))
    left, beyond = (apart(one, originals) / apart(subject.dataset, originals) for one in (found, further))
    assert left < 0.5 if pattern_sets == 1 else left > 0.9
    if pattern_sets == 1 and placement == "fixed":
        assert beyond < 0.2, "exact but for what clipping lost"
    if pattern_sets == 2:
        assert beyond > 1.2, "what is taken off was not there"
        assert placement == "keyed" or left < 1.1, "and whoever looks first leaves it"


@pytest.mark.slow
def test_alpha_channels_are_tried_where_there_are_any_and_give_the_same_on_clean_images(make_folder, tmp_path, executor):
    made = make_folder

    def make(name: str, **options: object) -> Path:
        return cut_out(made(name, **options))

    place = released(make, tmp_path, executor, pattern_sets=1)
    data = load_evaluation(place / "published", place / "test", executor, Silent(), CPU, None)
    found = load_alpha(data, executor, Silent())
    assert found is not None
    for number, record in enumerate(scan(place / "data").records):
        own, seen = decode(record.path), found[0].images[number, 0].numpy()
        assert np.array_equal(seen, own[:, :, 3] if own.shape[2] == 4 else np.full((16, 16), 255))
    assert torch.equal(found[0].labels, data.dataset.labels)
    assert torch.equal(found[1].labels, data.test.labels) and (found[1].images == 255).all(), "test images are opaque"
    (alone,) = audited(place, executor, "alpha", seed=3)
    both, known = audited(place, executor, "none", "alpha", clean=place / "data", seed=3)
    assert alone.curves == alone.clean == known.curves == known.clean and both.clean != both.curves


def test_alpha_channels_are_brought_to_the_size_that_networks_see(make_folder, tmp_path, executor):
    cut_out(make_folder("data", each=4, side=32))
    data = load_evaluation(tmp_path / "data", tmp_path / "data", executor, Silent(), CPU, 16, same=True)
    train, test = load_alpha(data, executor, Silent()) or (None, None)
    assert train is not None and torch.equal(train.images, test.images) and train.images.shape == (12, 1, 16, 16)


@pytest.mark.slow
def test_without_transparency_alpha_is_left_out_with_a_sentence(release, executor):
    listener = Listener()
    (only,) = audited(release, executor, "none", "alpha", progress=listener, seed=3)
    assert only.attack.name == "none" and "alpha is left out: every image is opaque" in listener.told
    with pytest.raises(InputError, match="nothing was measured"):
        audited(release, executor, "alpha", seed=3)


def test_an_attack_that_fails_is_reported_and_the_others_go_on(release, executor, monkeypatch):
    def broken(exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
        raise ValueError("deliberate")

    known = {"broken": Attack(name="broken", prepare=broken), "none": Attack(name="none")}
    monkeypatch.setattr("hideseek_cli.attacks.list_attacks", lambda: known)
    first, second = audited(release, executor, "broken", "none", seed=3)
    assert first.failure == "ValueError: deliberate" and not first.curves and first.accuracy is None
    assert second.failure is None and len(second.curves) == 1


@pytest.mark.slow
def test_an_interrupted_audit_goes_on_and_ends_the_same(release, executor, monkeypatch):
    attacks = ("none", "greyscale", "cutout")
    whole = audited(release, executor, *attacks, seed=5)
    with pytest.raises(KeyboardInterrupt):
        audited(release, executor, *attacks, progress=Listener(5), seed=5)
    assert (release / ".published.audit").exists()
    with pytest.raises(InputError, match="had other values of `seed`;"):
        audited(release, executor, *attacks, seed=6, resume=True)
    again: list[str] = []
    monkeypatch.setattr(
        adversary,
        "train_under_attack",
        lambda attack, *rest, **seed: again.append(attack.name) or train_under_attack(attack, *rest, **seed),
    )
    assert audited(release, executor, *attacks, seed=5, resume=True) == whole
    assert len(again) == 1, "what was told is kept"
    assert not (release / ".published.audit").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"folder": "data"}, "has no manifest"),
        ({"cleaners": ["cleaner"]}, "is level published, which no cleaner of level 50 makes"),
        ({"clean": "test"}, "does not hold the originals"),
        ({"other": "test"}, "does not hold a release of"),
        ({"runs": 0}, "`runs` 0 is out of range: 1 to 1000"),
        ({"attacks": ("grayscale",)}, "unknown attack 'grayscale': did you mean greyscale?"),
        ({"arch": "resnet-18"}, "unknown architecture 'resnet-18': did you mean resnet18"),
    ],
)
def test_what_does_not_belong_together_is_refused(release, executor, monkeypatch, options, words):
    monkeypatch.chdir(release)
    with pytest.raises(InputError, match=re.escape(words)):
        audit(AuditConfig(**{"folder": "published", "test": "test", "attacks": ("none",), **options}), CPU, executor, Silent())


def test_a_result_prints_itself_and_knows_whether_it_holds():
    done = Finding(attack=Attack(name="none"), paid=10.0, curves=([30.0, 20.0],), clean=([60.0],))
    failed = Finding(attack=Attack(name="cutout"), paid=10.0, curves=(), clean=(), failure="ValueError: deliberate")
    result = AuditResult(folder=Path("published"), paid=10.0, findings=(done, failed))
    assert result.rows()[0] == {
        "attack": "none", "knows": "the published folder", "accuracy %": "20.0", "peak %": "30.0", "on clean %": "60.0",
        "gain": "10.0",
    }  # fmt: skip
    assert "failed" in str(result) and json.dumps(result.to_json())
    assert result.to_json()["attacks"][1]["accuracy"] is None and not result.holds()
    whole = AuditResult(folder=Path("published"), paid=10.0, findings=(done,))
    assert whole.holds() and whole.holds(20.0) and not whole.holds(19.9)


@pytest.mark.slow
def test_the_same_attack_is_made_on_the_originals(release, executor, monkeypatch):
    trained: list[torch.Tensor] = []

    def noted(attack: Attack, exposed: Exposed, *arguments: object, **options: object) -> list[float]:
        trained.append(exposed.dataset.images)
        return [50.0]

    monkeypatch.setattr(adversary, "train_under_attack", noted)

    def trainings(seed: int, test: str = "test") -> int:
        trained.clear()
        found = audited(release, executor, "none", test=test, clean=release / "data", seed=seed)
        assert found[0].clean_accuracy == 50
        return len(trained)

    assert trainings(404) == 2
    data = load_evaluation(release / "published", release / "test", executor, Silent(), CPU, None)
    original = load_counterpart(Layout.whole(release / "data"), "the originals", data, executor, Silent(), CPU)
    same = [torch.equal(images, original.images) for images in trained]
    assert sorted(same) == [False, True]
    assert trainings(404) == 1, "what clean images give is known by now"
    assert trainings(405) == 2 and trainings(404, test="data") == 2, "but not with another seed, nor of other test images"
