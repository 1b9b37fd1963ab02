"""``hs.make_network``: a network that is authorized to learn from what ``hide(method="uge")`` publishes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hideseek_cli.errors import InputError
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.container import hold_file
from hideseek_cli.masks.keys import load_master_key
from hideseek_cli.runtime.exposure import describe_exposure
from hideseek_cli.runtime.fields import as_path


@dataclass(frozen=True, kw_only=True)
class NetworkFile:
    """A network file that was written."""

    path: Path
    arch: str
    stem: str
    """Identity of its secret stem, which says nothing of it."""
    seed: int | None
    bytes: int
    remarks: tuple[str, ...] = ()
    """What may be regretted later."""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path)}

    def __str__(self) -> str:
        return f"{self.path}: {self.arch}, {self.bytes} bytes; whoever has this file learns, so keep it secret"


def make_network(
    arch: str, *, out: str | Path = "net.safetensors", like: str | Path | None = None, seed: int | None = None,
    key_file: str | Path | None = None, overwrite: bool = False,
) -> NetworkFile:  # fmt: skip
    """Make a network with a secret first layer that does not see the masks of ``hide(method="uge")``.

    After Ye and Wang, Ungeneralizable Examples, Equation 2; the layer is ours.

    Args:
        arch: One of ``hideseek_cli.recipe.ARCHITECTURES``.
        out: Where to write; the file is secret.
        like: A network file: see as its network does, so that both learn from one folder.
        seed: Of its initial weights; each training draws others unless given.
        key_file: 32 secret bytes in place of fresh ones.
        overwrite: Replace a network file that is there.

    Raises:
        InputError: There is no such architecture, or something else lies there.
    """
    out = as_path(out)
    if like is not None and key_file is not None:
        raise InputError("`like` takes the secret stem of another network and `key_file` makes one: give one of the two")
    with hold_file(out, "network", overwrite):
        if like is None:
            made = AuthorizedNetwork.draw(arch, load_master_key(None if key_file is None else as_path(key_file)), seed)
        else:
            made = replace(AuthorizedNetwork.load(as_path(like)), arch=arch, seed=seed)
        return NetworkFile(
            path=out, arch=made.arch, stem=made.identity, seed=made.seed, bytes=made.save(out),
            remarks=() if key_file is None else describe_exposure(as_path(key_file), "key file"),
        )  # fmt: skip
