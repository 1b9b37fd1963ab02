"""What benchmarks of networks and masks work on: a training and a test folder, read and on the device."""

from pathlib import Path

import torch

from hideseek_cli.core.data import Pictures
from hideseek_cli.core.evaluator import pictures
from hideseek_cli.folder import scan
from hideseek_cli.material import Material, labelled, load
from hideseek_cli.parallel import cores, pool
from hideseek_cli.progress import Silent


def loaded(train: Path, test: Path) -> tuple[Material, Pictures, torch.device]:
    """The training part, the test pictures, and the device that both are for; torch uses all cores from here on."""
    torch.set_num_threads(cores())
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with pool(cores()) as executor:
        material = load(train, None, None, executor, Silent())
        classes = material.folder.classes
        tests = labelled(scan(test), classes, material.stack, executor, Silent(), None)
    return material, pictures(*tests, len(classes), device), device
