"""Write the card of a published folder, into one that is being filled or one that is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hideseek_cli.cards.credentials import Signer
from hideseek_cli.cards.croissant import draw_croissant
from hideseek_cli.cards.facts import Words, gather
from hideseek_cli.cards.readme import draw_readme
from hideseek_cli.errors import InputError
from hideseek_cli.formats import manifest as manifests
from hideseek_cli.formats.card_files import CREDENTIALS, CROISSANT, README, is_ours
from hideseek_cli.formats.manifest import Manifest
from hideseek_cli.runtime.atomic import StagedFolder, write_whole
from hideseek_cli.runtime.lock import hold
from hideseek_cli.runtime.places import refuse_existing


@dataclass(frozen=True, kw_only=True)
class CardFiles:
    """A card that was written."""

    published: Path
    """The folder in which it lies."""
    files: tuple[str, ...]
    """Names of what was written there."""

    words: Words

    def to_json(self) -> dict[str, Any]:
        return {"published": str(self.published), "files": list(self.files)}

    def remarks(self) -> list[str]:
        """What is left for the owner to say."""
        missing = [f"`{name}`" for name in ("license", "contact") if getattr(self.words, name) is None]
        return [f"the card states no {' and no '.join(missing)}; give it and write the card again"] if missing else []

    def __str__(self) -> str:
        return f"{self.published}: wrote {', '.join(self.files)}"


def draw_card(manifest: Manifest, folder: Path, words: Words, signer: Signer | None = None) -> dict[str, bytes]:
    """The files of a card by their names. ``folder``: where the manifest and its shards lie. Raises InputError."""
    facts = gather(manifest, folder, words, signed=signer is not None or (folder / CREDENTIALS).is_file())
    drawn = {README: draw_readme(facts).encode(), CROISSANT: draw_croissant(facts, folder).encode()}
    if signer is not None:
        drawn[CREDENTIALS] = signer.sign((folder / manifests.NAME).read_bytes())
    return drawn


def lay_card(manifest: Manifest, stage: StagedFolder) -> None:
    """Write a card into a folder that is being published, once its images and manifest are there. Raises DiskError."""
    for name, content in draw_card(manifest, stage.stage, Words()).items():
        stage.write(name, content)


def write_card(folder: Path, words: Words, signer: Signer | None = None, *, overwrite: bool = False) -> CardFiles:
    """Write a card into a published folder, which stays as it is otherwise. ``overwrite``: replace one that hideseek wrote
    and nobody changed. Raises InputError and DiskError, and writes nothing then.
    """
    manifest = manifests.read(folder)
    with hold(folder):
        drawn = draw_card(manifest, folder, words, signer)
        for path in (folder / name for name in drawn):
            if path.is_file() and not is_ours(path):
                raise InputError(f"{path} was written or changed by somebody else; move it away, then write the card")
            refuse_existing(path, overwrite)
        for name, content in drawn.items():
            write_whole(folder / name, content)
    return CardFiles(published=folder, files=tuple(drawn), words=words)
