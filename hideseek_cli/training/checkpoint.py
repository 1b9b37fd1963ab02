"""A training that takes long, on the disk from time to time, so that one that was killed goes on where it was.

A checkpoint lies in a file named by a hash over everything that the training depends on, so the training that finds it is
the one that wrote it, and ends with the same network to the last bit. It is removed when the training is complete. Losing
it, or not being able to write it, costs time alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from hideseek_cli.errors import DiskError
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.atomic import write_whole
from hideseek_cli.runtime.cache import digest_code
from hideseek_cli.training.tensors import TensorDataset

EVERY = 60.0
"""Seconds of training between two checkpoints."""
MOMENTUM = "momentum_buffer"


def _digest(network: nn.Module) -> str:
    """SHA-256 over its weights."""
    whole = hashlib.sha256()
    for tensor in network.state_dict().values():
        whole.update(tensor.cpu().numpy().tobytes())
    return whole.hexdigest()


class Checkpoint:
    """What a training keeps: network, momentum, learning rate, random numbers, and how many steps are done."""

    def __init__(
        self, folder: Path, dataset: TensorDataset, recipe: Recipe, seed: int, network: nn.Module,
        step_rule: torch.optim.Optimizer, schedule: torch.optim.lr_scheduler.LRScheduler, generator: torch.Generator,
    ) -> None:  # fmt: skip
        """``network``: as it is before the training."""
        self.network, self.step_rule, self.schedule, self.generator = network, step_rule, schedule, generator
        about = [
            dataset.digest(), recipe.to_json(), seed, str(dataset.images.device), torch.get_num_threads(), torch.__version__,
            digest_code(Path(__file__).parent), _digest(network),
        ]  # fmt: skip
        self.path = folder / f"{hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()}.safetensors"
        self.written = time.monotonic()

    def restore(self) -> int:
        """Steps that were done when it was written, with everything as it was then; 0 where there is none."""
        try:
            with safe_open(self.path, framework="pt") as file:
                header = json.loads((file.metadata() or {})["checkpoint"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError, ValueError, KeyError):
            return 0
        self.network.load_state_dict({name: tensors[f"network.{name}"] for name in self.network.state_dict()})
        for number, parameter in enumerate(self.network.parameters()):
            same_layout = torch.empty_like(parameter, requires_grad=False)
            self.step_rule.state[parameter][MOMENTUM] = same_layout.copy_(tensors[f"momentum.{number}"])
        self.schedule.load_state_dict(header["schedule"])
        for group, rate in zip(self.step_rule.param_groups, header["rates"], strict=True):
            group["lr"] = rate
        self.generator.set_state(tensors["generator"])
        return int(header["done"])

    def keep(self, done: int) -> None:
        """Write it if the last one is old; ``done``: steps so far, which are whole passes over the images."""
        if time.monotonic() - self.written < EVERY:
            return
        self.written = time.monotonic()
        tensors = {f"network.{name}": tensor.contiguous() for name, tensor in self.network.state_dict().items()}
        for number, parameter in enumerate(self.network.parameters()):
            tensors[f"momentum.{number}"] = self.step_rule.state[parameter][MOMENTUM].contiguous()
        tensors["generator"] = self.generator.get_state()
        header: dict[str, Any] = {
            "done": done, "schedule": self.schedule.state_dict(),
            "rates": [group["lr"] for group in self.step_rule.param_groups],
        }  # fmt: skip
        with contextlib.suppress(DiskError):
            write_whole(self.path, save(tensors, metadata={"checkpoint": json.dumps(header)}), secret=True)

    def forget(self) -> None:
        """The training is complete."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
