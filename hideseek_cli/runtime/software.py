"""Which software is at work: other versions may train to other results, so that what one began another may not finish."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from hideseek_cli import __version__
from hideseek_cli.runtime.cache import digest_code

DECIDING = ("flip-evaluator", "numpy", "pillow", "torch")
"""Packages that decide how strong masks are, and what networks see and learn."""


@lru_cache(maxsize=1)
def describe_software() -> dict[str, str]:
    """Names, which are no arguments of the API, and what is told apart: versions, and of hideseek the code itself."""
    root = Path(__file__).parents[1]
    code = digest_code(*(folder for folder in sorted(root.iterdir()) if any(folder.glob("*.py"))))
    return {"the version of hideseek": f"{__version__} {code[:16]}"} | {
        f"the version of {name}": version(name) for name in DECIDING
    }
