"""``hs.write_card``: what data-set hubs read of a published folder, beside its manifest. Imports no PyTorch."""

from __future__ import annotations

from pathlib import Path

from hideseek_cli.cards.credentials import Signer
from hideseek_cli.cards.facts import Words
from hideseek_cli.cards.writing import CardFiles
from hideseek_cli.cards.writing import write_card as run
from hideseek_cli.runtime.fields import as_path


def write_card(
    published: str | Path, *, title: str | None = None, license: str | None = None, contact: str | None = None,
    certificate: str | Path | None = None, private_key: str | Path | None = None, overwrite: bool = False,
) -> CardFiles:  # fmt: skip
    """Write ``README.md`` and ``croissant.json`` (Croissant 1.1) into a published folder, and ``hideseek.c2pa`` where it is
    to be signed. The same release and words give the same bytes, but for the signature.

    Args:
        published: The folder that ``hide`` wrote.
        title: Of the data set.
        license: As hubs name it, such as ``cc-by-nc-4.0``. Without it the card says that none is stated.
        contact: Where levels are sold, such as an address.
        certificate: A certificate in PEM, with its chain, to sign that nobody may train on the folder or mine it.
        private_key: Its private key in PEM.
        overwrite: Replace a card that hideseek wrote and nobody changed.

    Raises:
        InputError: The folder is not a published one, or something else lies there.
        DiskError: The disk cannot be written.
    """
    signer = Signer.load(
        None if certificate is None else as_path(certificate), None if private_key is None else as_path(private_key)
    )
    words = Words(title=title, license=license, contact=contact)
    return run(as_path(published), words, signer, overwrite=overwrite)
