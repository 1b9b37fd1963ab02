"""``hideseek network``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli.options import Json, KeyFile, Overwrite, Quiet, Verbose
from hideseek_cli.recipe import ARCHITECTURES


def network(
    arch: Annotated[str, typer.Argument(metavar="ARCH", help=f"One of {', '.join(ARCHITECTURES)}.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The network file; keep it secret.")] = Path("net.safetensors"),
    like: Annotated[
        Path | None, typer.Option("--like", help="A network file: see as its network does, so that both learn from one folder.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Seed of its initial weights; each training draws others unless given.", min=0)
    ] = None,
    key_file: KeyFile = None,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Make a network that learns from what hide --method uge publishes, where others like it do not.

    The file holds an architecture and a secret first layer that does not see the masks. Whoever has it learns: hand it out
    like a key. It does not keep out every architecture (verify --arch tells), nor who knows how the masks are made.
    """
    import hideseek_cli as hs
    from hideseek_cli.cli.terminal import Screen, show_json, show_line

    made = hs.make_network(arch, out=out, like=like, seed=seed, key_file=key_file, overwrite=overwrite)
    if json:
        show_json(made.to_json())
        return
    with Screen(network, quiet=quiet) as screen:
        show_line(made.path)
        screen.say(f"{made.arch}, {made.bytes} bytes; whoever has this file learns, so keep it secret")
        for remark in made.remarks:
            screen.say(remark)
