"""What a pretrained network says of images: the same in any pieces, asked once, and what the audit makes of it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
import torchvision.models as zoo
from safetensors.torch import save_file

from hideseek_cli.errors import InputError
from hideseek_cli.evaluation import features
from hideseek_cli.evaluation.audit import AuditConfig, audit
from hideseek_cli.evaluation.features import extract_features
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.backbones import Backbone, load_backbone
from tests.helpers.progress import Listener
from tests.helpers.releases import released
from tests.helpers.toys import CPU, toy


@pytest.fixture
def backbone(tmp_path: Path) -> str:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = zoo.shufflenet_v2_x0_5(weights=None).state_dict()
    save_file(state, tmp_path / "weights.safetensors")
    return f"shufflenet_v2_x0_5:{tmp_path / 'weights.safetensors'}"


def test_features_are_those_of_each_image_in_whatever_pieces(backbone, executor, monkeypatch):
    network, sets = load_backbone(backbone, CPU), {"one": toy(each=3), "two": toy(each=2)}
    whole = {name: network.describe(part.images) for name, part in sets.items()}
    monkeypatch.setattr(features, "PIECE", 4)
    monkeypatch.setattr(features, "BATCH", 3)
    listener = Listener()
    found = extract_features(network, sets, executor, CPU, listener, threads=1)
    assert found.keys() == sets.keys()
    assert all(torch.allclose(found[name], whole[name], atol=1e-5) for name in sets)


@pytest.mark.slow
def test_an_audit_asks_the_backbone_once_for_each_image(make_folder, tmp_path, backbone, executor, monkeypatch):
    place, seen = released(make_folder, tmp_path, executor, pattern_sets=1), []
    describe = Backbone.describe
    monkeypatch.setattr(Backbone, "describe", lambda self, images: seen.append(len(images)) or describe(self, images))
    config = {"folder": place / "published", "test": place / "test", "attacks": ("probe", "knn"), "seed": 3}

    def audited(**options: object) -> list[list[float]]:
        found = audit(AuditConfig(**config, **options), CPU, executor, Silent()).findings
        assert [one.attack.name for one in found] == ["probe", "knn"]
        return [[one.accuracy, one.clean_accuracy] for one in found]

    both = audited(backbone=backbone, clean=place / "data")
    assert sum(seen) == 72 + 72 + 12, "published, originals, test"
    assert all(value is not None and 0 <= value <= 100 for one in both for value in one)
    seen.clear()
    assert audited(backbone=backbone, clean=place / "data") == both
    assert sum(seen) == 72 + 12, "what clean images gave is known"
    seen.clear()
    assert audited(backbone=backbone, runs=2)[1] == [both[1][0], None], "neighbours vote alike in every run"
    assert sum(seen) == 72 + 12


@pytest.mark.slow
def test_clean_figures_of_another_backbone_are_not_taken(make_folder, tmp_path, backbone, executor):
    place = released(make_folder, tmp_path, executor, pattern_sets=1)
    constant = {name: torch.zeros_like(one) for name, one in zoo.shufflenet_v2_x0_5(weights=None).state_dict().items()}
    save_file(constant, tmp_path / "blind.safetensors")
    config = {"folder": place / "published", "test": place / "test", "clean": place / "data", "attacks": ("probe",), "seed": 3}
    clean = [
        audit(AuditConfig(**config, backbone=name), CPU, executor, Silent()).findings[0].clean_accuracy
        for name in (backbone, f"shufflenet_v2_x0_5:{tmp_path / 'blind.safetensors'}")
    ]
    assert clean[1] == pytest.approx(100 / 3) and clean[0] > 40


@pytest.mark.slow
def test_an_audit_goes_on_with_the_backbone_that_it_had(make_folder, tmp_path, backbone, executor):
    place = released(make_folder, tmp_path, executor, pattern_sets=1)
    config = {"folder": place / "published", "test": place / "test", "attacks": ("probe", "knn"), "seed": 3}
    whole = audit(AuditConfig(**config, backbone=backbone), CPU, executor, Silent()).findings
    with pytest.raises(KeyboardInterrupt):
        audit(AuditConfig(**config, backbone=backbone), CPU, executor, Listener(4))
    assert (place / ".published.audit").exists()
    other = tmp_path / "other.safetensors"
    save_file({name: one + 1 for name, one in zoo.shufflenet_v2_x0_5(weights=None).state_dict().items()}, other)
    with pytest.raises(InputError, match="had other values of `backbone`;"):
        audit(AuditConfig(**config, backbone=f"shufflenet_v2_x0_5:{other}", resume=True), CPU, executor, Silent())
    assert audit(AuditConfig(**config, backbone=backbone, resume=True), CPU, executor, Silent()).findings == whole


def test_features_are_the_same_in_another_process(backbone):
    network, images = load_backbone(backbone, CPU), toy(each=1).images
    assert torch.equal(pickle.loads(pickle.dumps(network)).describe(images), network.describe(images))


def test_without_a_backbone_such_attacks_are_left_out_with_a_sentence(make_folder, tmp_path, executor):
    place, listener = released(make_folder, tmp_path, executor, pattern_sets=1), Listener()
    config = AuditConfig(folder=place / "published", test=place / "test", attacks=("probe",), seed=3)
    with pytest.raises(InputError, match="nothing was measured"):
        audit(config, CPU, executor, listener)
    assert "probe is left out: it needs a pretrained network; give `backbone`" in listener.told
