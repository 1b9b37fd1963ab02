"""Every method that has a cleaner, quick enough for a test."""

from __future__ import annotations

from typing import Any

from hideseek_cli.formats.authorized_network import AuthorizedNetwork

METHODS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "emn class joint": ("emn", "class", {"passes": 1}),
    "emn class alternating": ("emn", "class", {"schedule": "alternating", "inner_steps": 1, "stop_error": 0.99}),
    "emn sample joint": ("emn", "sample", {"passes": 2, "pgd_steps": 2}),
    "emn sample alternating": ("emn", "sample", {"schedule": "alternating", "stop_error": 0.99, "pgd_steps": 2}),
    "confounder": ("confounder", "sample", {"passes": 1}),
    "uge": ("uge", "class", {"passes": 1, "authorized": AuthorizedNetwork.draw("slim", bytes(range(32)))}),
    "random class": ("random", "class", {}),
    "random sample": ("random", "sample", {}),
}
"""Name and scope of each method that has a cleaner, with options that make it quick."""
