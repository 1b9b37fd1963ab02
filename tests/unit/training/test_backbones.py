"""Pretrained networks: which are known, which files fit, and that features are those of the weights that were given."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import torch
import torchvision.models as zoo
from safetensors.torch import save_file
from skimage import data
from torch import Tensor

from hideseek_cli.errors import InputError
from hideseek_cli.training import backbones
from hideseek_cli.training.backbones import LITE0, PACKAGE, SIDE, load_backbone
from tests.helpers.toys import CPU, toy


def save(path: Path, arch: str, **changes: Tensor | None) -> tuple[str, torch.nn.Module]:
    """A network with weights of chance, and how it is named."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = zoo.get_model(arch, weights=None).eval()
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()} | changes
    save_file({name: tensor for name, tensor in state.items() if tensor is not None}, path)
    return f"{arch}:{path}", network


def test_features_are_those_of_the_weights_in_a_file(tmp_path):
    name, network = save(tmp_path / "w.safetensors", "resnet18")
    images = torch.full((2, 3, SIDE, SIDE), 128, dtype=torch.uint8)
    images[1, :, :40] = 7
    seen = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    network.fc = torch.nn.Identity()
    with torch.no_grad():
        wanted = network((images / 255 - seen[0]) / seen[1])
    found = load_backbone(name, CPU).describe(images)
    assert found.shape == (2, 512) and torch.allclose(found, wanted, atol=1e-4)


def test_images_of_any_size_and_in_grey_have_features(tmp_path):
    backbone = load_backbone(save(tmp_path / "w", "shufflenet_v2_x0_5")[0], CPU)
    grey = toy(each=1, channels=1).images
    assert torch.equal(backbone.describe(grey), backbone.describe(grey.expand(-1, 3, -1, -1)))
    assert not torch.equal(backbone.describe(grey)[0], backbone.describe(grey)[1])


def test_a_backbone_is_told_by_its_weights(tmp_path):
    one, _ = save(tmp_path / "one", "shufflenet_v2_x0_5")
    same, _ = save(tmp_path / "same", "shufflenet_v2_x0_5")
    other, _ = save(tmp_path / "other", "shufflenet_v2_x0_5", **{"conv1.1.bias": torch.ones(24)})
    digests = [load_backbone(name, CPU).digest for name in (one, same, other)]
    assert digests[0] == digests[1] != digests[2]


def test_a_network_without_counts_of_batches_and_with_another_last_layer_fits(tmp_path):
    name, _ = save(
        tmp_path / "w", "shufflenet_v2_x0_5", **{"fc.weight": torch.ones(3, 1024), "conv1.1.num_batches_tracked": None}
    )
    load_backbone(name, CPU)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("efficientnet-lite1", "unknown backbone 'efficientnet-lite1': did you mean efficientnet-lite0?"),
        ("resnet-18:{}", "unknown architecture of torchvision 'resnet-18': did you mean resnet18"),
        ("resnet34:{}", "it lacks"),
        ("squeezenet1_0:{}", "no linear last layer"),
        ("vit_b_32:{}", "takes no images of 96 pixels"),
        ("resnet18:gone", "no such file"),
    ],
)
def test_what_is_no_backbone_is_refused(tmp_path, monkeypatch, name, words):
    if name.startswith("vit"):
        monkeypatch.setattr(backbones, "read_weights", lambda *_: {})
    else:
        save(tmp_path / "w", "resnet18")
    with pytest.raises(InputError, match=re.escape(words)):
        load_backbone(name.format(tmp_path / "w"), CPU)


def test_a_larger_network_of_the_same_names_is_refused(tmp_path):
    """Every tensor of ResNet-18 is in ResNet-34 too, of the same shape."""
    name, _ = save(tmp_path / "w", "resnet34")
    with pytest.raises(InputError, match="it has besides"):
        load_backbone(name.replace("resnet34", "resnet18", 1), CPU)


def test_without_the_package_it_is_said_how_to_have_it(monkeypatch):
    monkeypatch.setattr(backbones, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=re.escape("pip install 'hideseek[backbone]'")):
        load_backbone(LITE0, CPU)


def test_another_file_in_its_place_is_not_opened(tmp_path, monkeypatch):
    (tmp_path / PACKAGE / "models").mkdir(parents=True)
    (tmp_path / PACKAGE / "__init__.py").touch()
    (tmp_path / PACKAGE / "models" / "efficientnet-lite0-57934424.pth").write_bytes(b"other")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)
    with pytest.raises(InputError, match="install that package again"):
        load_backbone(LITE0, CPU)


def test_the_installed_network_knows_a_cat():
    """By the last layer that its file has besides."""
    package = pytest.importorskip(PACKAGE)
    found = load_backbone(LITE0, CPU).describe(torch.tensor(data.chelsea()).permute(2, 0, 1)[None])
    file = Path(package.__file__).parent / "models" / "efficientnet-lite0-57934424.pth"
    weights = torch.load(file, weights_only=True)
    logits = found @ weights["_fc.weight"].T + weights["_fc.bias"]
    assert 281 <= int(logits.argmax()) <= 285, "ImageNet's domestic cats"
    assert float(logits.softmax(1).max()) > 0.9
