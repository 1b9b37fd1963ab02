"""Verification without a terminal: interrupted, gone on with, and where nothing can be written."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from PIL import Image

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.evaluation.models import EvaluatedModel
from hideseek_cli.evaluation.verify import VerifyConfig, verify
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.manifest import NAME, Authorized, Manifest, compute_identity
from hideseek_cli.images.codec import decode, digest_pixels
from hideseek_cli.images.dataset import scan
from hideseek_cli.recipe import preset
from hideseek_cli.runtime import journal
from hideseek_cli.runtime.journal import Journal
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.evaluator import retrain_and_score
from hideseek_cli.training.score import Score
from tests.helpers.folders import write_images
from tests.helpers.progress import Listener

CPU = torch.device("cpu")


@pytest.fixture
def folders(tmp_path):
    write_images(tmp_path / "data", 3, 8)
    write_images(tmp_path / "test", 3, 4, first=8)
    return tmp_path / "data", tmp_path / "test"


def scored(accuracy: float, classes: int = 3) -> Score:
    """Of classes of four test images each so many percent are right."""
    return Score(accuracy=accuracy, right=(0.04 * accuracy,) * classes)


def asked(folders, executor, progress, **options):
    data, test = folders
    config = VerifyConfig(folder=data, test=test, runs=3, fallback=preset("quick"), level=50.0, **options)
    return verify(config, CPU, executor, progress).networks


@pytest.mark.slow
def test_an_interrupted_verification_goes_on_and_ends_the_same(folders, executor, monkeypatch):
    scores: dict[int, Score] = {}

    def watched(*arguments, seed: int, checkpoints: object) -> Score:
        return scores.setdefault(seed, retrain_and_score(*arguments, seed=seed))

    with monkeypatch.context() as watching:
        watching.setattr("hideseek_cli.evaluation.models.retrain_and_score", watched)
        whole = asked(folders, executor, Silent(), seed=5)
    kept = folders[0].with_name(".data.verify")
    assert not kept.exists()
    with pytest.raises(KeyboardInterrupt):
        asked(folders, executor, Listener(5), seed=5)
    assert kept.exists()
    with pytest.raises(InputError, match="had other values of `seed`;"):
        asked(folders, executor, Silent(), seed=6, resume=True)
    elsewhere = kept.rename(kept.with_name(".test.verify"))
    with pytest.raises(InputError, match="had other values of `folder`;"):
        asked((folders[1], folders[1]), executor, Silent(), seed=5, resume=True)
    elsewhere.rename(kept)
    trained: list[int] = []

    def last(*_, seed: int, checkpoints: object) -> Score:
        trained.append(seed)
        return scores[seed]

    monkeypatch.setattr("hideseek_cli.evaluation.models.retrain_and_score", last)
    assert asked(folders, executor, Silent(), seed=5, resume=True) == whole
    assert len(trained) == 1, "two of three runs were finished"
    assert not kept.exists()


@pytest.mark.slow
def test_a_fresh_seed_is_remembered_with_its_runs(folders, executor):
    with pytest.raises(KeyboardInterrupt):
        asked(folders, executor, Listener(3))
    first = asked(folders, executor, Silent(), resume=True)
    assert asked(folders, executor, Silent(), seed=first[0].seed) == first


@pytest.mark.slow
def test_where_nothing_can_be_written_it_verifies_all_the_same(folders, executor, monkeypatch):
    def refused(path, *_, **__):
        raise DiskError(f"{path} cannot be written")

    monkeypatch.setattr(journal, "write_whole", refused)
    assert asked(folders, executor, Silent(), seed=5)[0].found.runs == 3


def test_an_authorized_network_and_those_that_it_teaches_stand_beside_the_others(folders, executor, monkeypatch):
    network = AuthorizedNetwork.draw("cnn", bytes(32))
    asked_for: list[tuple[str, str, object]] = []

    def retrained(data, test, recipe, *_, seed, checkpoints, by=None):
        asked_for.append(("learns", recipe.arch, by))
        return scored(60.0 if by else 20.0)

    def taught(data, test, recipe, *_, teacher, seed):
        asked_for.append(("is taught", recipe.arch, teacher))
        return scored(40.0)

    monkeypatch.setattr("hideseek_cli.evaluation.models.retrain_and_score", retrained)
    monkeypatch.setattr("hideseek_cli.evaluation.models.distill", taught)
    monkeypatch.setattr(Journal, "close", lambda self: None)
    found = asked(folders, executor, Silent(), archs=("slim", "lenet"), authorized=network, teacher=network)
    assert [(one.label, one.accuracies[0], one.level) for one in found] == [
        ("slim", 20.0, 50.0), ("lenet", 20.0, 50.0), ("cnn, authorized", 60.0, None),
        ("slim, distilled", 40.0, None), ("lenet, distilled", 40.0, None),
    ]  # fmt: skip
    assert sorted(set(asked_for), key=str) == sorted({
        ("learns", "slim", None), ("learns", "lenet", None), ("learns", "cnn", network), ("is taught", "slim", network),
        ("is taught", "lenet", network),
    }, key=str)  # fmt: skip
    kept = folders[0].with_name(".data.verify").read_bytes().decode("latin1")
    assert network.identity in kept and not any(f"{value}"[:9] in kept for value in network.stem), "the stem is secret"


def test_recalls_weighted_by_the_test_images_of_each_class_are_the_accuracy(folders, executor):
    data, test = folders
    for path in sorted((test / "class1").iterdir())[1:]:
        path.unlink()
    recipe = replace(preset("quick"), name="custom", epochs=1, batch_size=8, arch="slim,lenet")
    (found,) = asked((data, test), executor, Silent(), seed=5, recipe=recipe)
    recall, tested = found.recall.percent, found.recall.tested
    assert tested == {"class0": 4, "class1": 1, "class2": 4} and len(set(recall.values())) > 1
    right = {name: Fraction(percent / 100 * tested[name]).limit_denominator(6) for name, percent in recall.items()}
    assert all(hits * 6 == int(hits * 6) for hits in right.values()), "whole images, of three runs of two networks"
    assert float(100 * sum(right.values()) / sum(tested.values())) == pytest.approx(found.found.mean, abs=1e-12)
    assert found.to_json()["recall"] == recall


@pytest.mark.parametrize(("key", "arch", "promised"), [(bytes(32), "slim", 58.5), (bytes(32), "cnn", None),
                                                        (b"another" + bytes(25), "slim", None)])  # fmt: skip
def test_the_manifest_promises_something_to_the_network_that_it_names_alone(
    folders, executor, monkeypatch, key, arch, promised
):  # fmt: skip
    data, test = folders
    part = scan(data)
    digests = {record.key: digest_pixels(decode(record.path)) for record in part.records}
    manifest = Manifest(
        level="published", release=compute_identity(digests), classes=part.classes, chance=33.3, epsilon=8, size=None,
        recipe=preset("quick"), offers=(), images=tuple(sorted(digests.items())),
        authorized=Authorized(stem=AuthorizedNetwork.draw("slim", bytes(32)).identity, arch="slim", accuracy=58.5),
    )  # fmt: skip
    (data / NAME).write_text("".join(manifest.lines()))
    monkeypatch.setattr(
        "hideseek_cli.evaluation.models.retrain_and_score", lambda *_, by=None, **__: scored(58.0 if by else 30.0)
    )
    network = AuthorizedNetwork.draw(arch, key)
    config = VerifyConfig(folder=data, test=test, runs=2, fallback=preset("quick"), authorized=network)
    found = verify(config, CPU, executor, Silent())
    assert [(one.level, one.one_sided) for one in found.networks] == [(33.3, True), (promised, False)]


@pytest.mark.slow
def test_what_an_interrupted_run_left_is_neither_dropped_nor_resumed_in_silence(folders, executor):
    def told(**options) -> list[str]:
        progress = Listener()
        asked(folders, executor, progress, seed=5, **options)
        return [line for line in progress.told if "starts afresh" in line or "resumes" in line]

    with pytest.raises(KeyboardInterrupt):
        asked(folders, executor, Listener(5), seed=5)
    kept = folders[0].with_name(".data.verify").read_bytes()
    assert told(resume=True) == ["resumes: 2 retrainings are done already"] and told() == []
    folders[0].with_name(".data.verify").write_bytes(kept)
    assert told() == ["resumes: 2 retrainings are done already"]
    (line,) = told(resume=True)
    assert line == f"nothing to resume at {folders[0].with_name('.data.verify')}: starts afresh"


def test_test_images_that_are_trained_on_are_counted(folders, executor, monkeypatch):
    data, test = folders
    monkeypatch.setattr("hideseek_cli.evaluation.models.retrain_and_score", lambda *_, **__: scored(50.0))

    def told() -> list[str]:
        listener = Listener()
        asked(folders, executor, listener)
        return [line for line in listener.told if "trained on" in line]

    assert told() == []
    write_images(data, 1, 2, first=8)
    place = test / "class0" / "008.png"
    Image.fromarray(decode(place) ^ 1).save(place)
    (line,) = told()
    assert line.startswith(f"1 of the 12 images of {test} is trained on, in {data}"), "one of the two is another image now"


@pytest.mark.slow
def test_a_test_part_with_another_mix_of_classes_is_said_to_be_so(tmp_path, executor, monkeypatch):
    write_images(tmp_path / "data", 2, 40)
    write_images(tmp_path / "test", 2, 30)
    monkeypatch.setattr("hideseek_cli.evaluation.models.retrain_and_score", lambda *_, **__: scored(50.0, 2))

    def told() -> list[str]:
        listener = Listener()
        asked((tmp_path / "data", tmp_path / "test"), executor, listener)
        return [line for line in listener.told if "mixes the classes" in line]

    assert told() == []
    first = scan(tmp_path / "test").classes[0]
    for path in sorted((tmp_path / "test" / first).iterdir())[3:]:
        path.unlink()
    (line,) = told()
    assert f"({first}: 9 % and 50 %)" in line and "up to 41 points" in line


@pytest.mark.parametrize(("one_sided", "usual"), [(False, 4.0), (True, 8.0)])
def test_a_level_may_be_missed_by_four_points_and_chance_by_eight_unless_told_otherwise(one_sided, usual):
    model = EvaluatedModel(recipe=preset("quick"), train=lambda **_: 50.0, level=50.0, one_sided=one_sided)
    assert model.allow(None) == usual and model.allow(2.0) == 2.0


def test_test_images_too_few_for_any_verdict_are_said_before_anything_is_trained(folders, executor, monkeypatch):
    monkeypatch.setattr("hideseek_cli.evaluation.models.retrain_and_score", lambda *_, **__: scored(50.0))
    progress = Listener()
    (found,) = asked(folders, executor, progress)
    said = "12 test images cannot show that level 50 holds within 4 points, however many runs are made: give at least 423, "
    place = next(number for number, line in enumerate(progress.told) if line == said + "or a `tolerance` of at least 23.8")
    assert place < next(number for number, line in enumerate(progress.told) if ", run 1 of 3" in line)
    assert found.verdict == "inconclusive" and found.more is None and found.needed == 423
    wide = Listener()
    asked(folders, executor, wide, tolerance=23.8)
    assert not [line for line in wide.told if "cannot show" in line]
