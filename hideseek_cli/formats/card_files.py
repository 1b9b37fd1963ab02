"""What lies beside a published folder's manifest for data-set hubs: names, and how it is known that hideseek wrote it.

A card is text that its owner may change by hand. It carries a seal, the digest of itself with zeros in the seal's place,
so that only what is as it was written counts as hideseek's and may be replaced.

>>> text = seal(f"# {SEAL}\\nA card.\\n")
>>> is_sealed(text.encode()), is_sealed(text.replace("card", "page").encode()), is_sealed(b"A card.")
(True, False, False)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

README, CROISSANT, CREDENTIALS = "README.md", "croissant.json", "hideseek.c2pa"
CARD_FILES = (README, CROISSANT, CREDENTIALS)
"""The card, Croissant's description and the signed statement about training, of which the last is ours by its name."""
SEAL = f"hideseek-card:{'0' * 64}"
"""What stands once in a text that is to be sealed."""
SEALED = re.compile(rb"hideseek-card:[0-9a-f]{64}")
MAX_CARD = 2**26
"""Bytes of a card at most; what is larger is none of ours."""


def seal(text: str) -> str:
    """The text with its digest where SEAL stands."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return text.replace(SEAL, f"hideseek-card:{digest}")


def is_sealed(content: bytes) -> bool:
    """Whether hideseek wrote exactly that."""
    found = SEALED.findall(content)
    return len(found) == 1 and seal(SEALED.sub(SEAL.encode(), content).decode("utf-8", "replace")).encode() == content


def is_ours(path: Path) -> bool:
    """Whether a file of CARD_FILES is there, and as hideseek wrote it. Raises OSError."""
    if not path.is_file() or path.stat().st_size > MAX_CARD:
        return False
    return path.name == CREDENTIALS or is_sealed(path.read_bytes())


def list_ours(folder: Path) -> Iterator[str]:
    """Those of a folder that hideseek wrote and nobody changed. Raises OSError."""
    return (name for name in CARD_FILES if is_ours(folder / name))
