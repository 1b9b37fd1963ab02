"""Which commands this installation has: hideseek-seek, a buyer's, leaves out PyTorch and what else weighs much."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from hideseek_cli.errors import InputError

LIGHT = frozenset({"card", "cleaner", "export", "inspect", "seek"})
"""Commands that need none of HEAVY."""
HEAVY = ("flip_evaluator", "jpeglib", "scipy", "skimage", "torch", "torchvision")
"""Modules that hideseek-seek leaves out."""
REMEDY = "pip install hideseek (in a checkout: pip install .)"


def list_installed(commands: Iterable[str]) -> list[str]:
    """Those of the commands that can run here."""
    whole = all(find_spec(module) is not None for module in HEAVY)
    return [name for name in commands if whole or name in LIGHT]


def refuse_absent(command: str) -> None:
    """Say how a command is had that cannot run here.

    Raises:
        InputError: It cannot.
    """
    if not list_installed([command]):
        raise InputError(f"{command} needs PyTorch and more, which a buyer's installation leaves out; get it with: {REMEDY}")


def describe_absent(commands: Iterable[str]) -> str:
    """Which of the commands cannot run here, and how they are had; empty where all can."""
    names = list(commands)
    installed = list_installed(names)
    absent = [name for name in names if name not in installed]
    return f"This is a buyer's installation, without {', '.join(absent)}. For these: {REMEDY}." if absent else ""
