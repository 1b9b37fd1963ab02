"""``hideseek network``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli.options import Json, Overwrite, Quiet, Verbose, terminal
from hideseek_cli.recipe import ARCHITECTURES


def network(
    arch: Annotated[str, typer.Argument(help=f"One of {', '.join(ARCHITECTURES)}.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The network file; keep it secret.")] = Path("net.safetensors"),
    like: Annotated[
        Path | None, typer.Option("--like", help="A network file: see as its network does, so that both learn from a folder.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Seed of its initial weights; each training draws others unless given.", min=0)
    ] = None,
    key_file: Annotated[Path | None, typer.Option("--key-file", help="32 secret bytes in place of fresh ones.")] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Make a network that learns from what `hide --method uge --authorized` publishes, where others like it do not.

    The file holds an architecture and a secret first layer that does not see the masks. Whoever has it learns: hand it out
    like a key. It does not keep out every architecture (`verify --arch` tells), nor who knows how the masks are made.
    """
    from dataclasses import replace

    from hideseek_cli.cli.terminal import document
    from hideseek_cli.errors import InputError
    from hideseek_cli.formats.authorized_network import AuthorizedNetwork
    from hideseek_cli.formats.container import refuse_existing
    from hideseek_cli.masks import keys

    if like is not None and key_file is not None:
        raise InputError("--like takes the secret stem of another network and --key-file makes one: give one of the two")
    refuse_existing(out, "network", overwrite)
    if like is None:
        made = AuthorizedNetwork.drawn(arch, keys.load_master_key(key_file), seed)
    else:
        made = replace(AuthorizedNetwork.load(like), arch=arch, seed=seed)
    size = made.save(out)
    if json:
        document({"path": str(out), "arch": made.arch, "stem": made.identity, "seed": made.seed, "bytes": size})
        return
    with terminal(quiet) as screen:
        typer.echo(out)
        screen.say(f"{made.arch}, {size} bytes; whoever has this file learns, so keep it secret")
