"""Options that several commands share, spelt alike everywhere, and the panels in which help shows them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.recipe import ARCHITECTURES, PRESETS

MASKS, LEVELS, TRAINING, FILES, MACHINE, OUTPUT = (
    "How masks are made", "How levels are found", "How networks are trained", "Images in and out", "This machine", "Output",
)  # fmt: skip
"""Panels, besides that of the options that most people need first."""


class TableStyle(StrEnum):
    """How a table is printed."""

    table = "table"
    markdown = "markdown"
    csv = "csv"
    json = "json"


@dataclass
class Verbosity:
    """Whether faults of ours print their traceback; set by -v, read at the one boundary."""

    traceback: bool = False


VERBOSITY = Verbosity()


def _verbose(value: bool) -> bool:
    VERBOSITY.traceback = VERBOSITY.traceback or value
    return value


Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.", metavar="DEVICE", rich_help_panel=MACHINE)]
FirstDevice = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.", metavar="DEVICE")]
Threads = Annotated[
    int,
    typer.Option(
        "--threads", min=0, rich_help_panel=MACHINE,
        help="Processor threads of one training. 0: one for each retraining, all cores for masks.",
    ),
]  # fmt: skip
Workers = Annotated[
    int,
    typer.Option(
        "--workers", "-j", min=0, rich_help_panel=MACHINE,
        help="Images and retrainings that are worked on at once. 0: as many as there are cores.",
    ),
]  # fmt: skip
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine", metavar="ADDRESS", rich_help_panel=MACHINE,
        help="Run on the workers of this dask scheduler, such as tcp://host:8786.",
    ),
]  # fmt: skip
RecipeName = Annotated[
    str | None,
    typer.Option(
        "--recipe", metavar="NAME", rich_help_panel=TRAINING,
        help=f"How networks are trained: {', '.join(PRESETS)}. Without it quick on a CPU, standard on a GPU.",
    ),
]  # fmt: skip
Arch = Annotated[
    str | None,
    typer.Option(
        "--arch", metavar="NAMES", rich_help_panel=TRAINING,
        help=f"Network in place of the recipe's, or several: {', '.join(ARCHITECTURES)}.",
    ),
]  # fmt: skip
Epochs = Annotated[
    int | None,
    typer.Option("--epochs", help="Passes over the images, in place of the recipe's.", min=1, rich_help_panel=TRAINING),
]
BatchSize = Annotated[
    int | None,
    typer.Option("--batch-size", help="Images in one step, in place of the recipe's.", min=2, rich_help_panel=TRAINING),
]
FirstSeed = Annotated[
    int | None,
    typer.Option("--seed", help="Seed of the first run. Fresh unless given.", min=0, rich_help_panel=TRAINING),
]
Size = Annotated[
    int | None,
    typer.Option(
        "--size", min=8, max=1024, rich_help_panel=FILES,
        help="Side, in pixels, at which networks see the central square of images.",
    ),
]  # fmt: skip
Labels = Annotated[
    Path | None,
    typer.Option(
        "--labels", rich_help_panel=FILES,
        help="A table of name,class for a flat folder, such as Hugging Face's metadata.csv.",
    ),
]  # fmt: skip
Groups = Annotated[
    str,
    typer.Option(
        "--groups", metavar="auto|none|REGEX|column:NAME", rich_help_panel=LEVELS,
        help="Images that show one thing, as frames do: kept together. auto looks; '^(\\d+)_' reads names; or a column of "
        "--labels.",
    ),
]  # fmt: skip
Split = Annotated[
    str,
    typer.Option(
        "--split", metavar="auto|none|parts", rich_help_panel=FILES,
        help="Are folders like train and test parts, or classes? auto looks.",
    ),
]  # fmt: skip
ImageFormat = Annotated[
    str,
    typer.Option("--image-format", help="How images are written: png, or webp (lossless).", rich_help_panel=FILES),
]
PublishedFormat = Annotated[
    str,
    typer.Option(
        "--image-format", metavar="auto|png|webp", rich_help_panel=FILES,
        help="How images are written: auto (a JPEG stays one, others become PNG), or all as png or webp (lossless).",
    ),
]  # fmt: skip
KeepExif = Annotated[
    bool,
    typer.Option(
        "--keep-exif", rich_help_panel=FILES,
        help="Publish where, when and how images were taken (EXIF). Thumbnails are never published.",
    ),
]  # fmt: skip
Card = Annotated[
    bool,
    typer.Option(
        "--card", rich_help_panel=FILES,
        help="Lay a card for data-set hubs beside the images, as hideseek card does: README.md and croissant.json.",
    ),
]  # fmt: skip
KeyFile = Annotated[Path | None, typer.Option("--key-file", help="32 secret bytes in place of fresh ones.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with what an interrupted run has finished, or say that there is none.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what hideseek wrote there before.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document, on failure too.", rich_help_panel=OUTPUT)]
Style = Annotated[TableStyle, typer.Option("--format", help="How the table is printed.", rich_help_panel=OUTPUT)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No messages and no progress.", rich_help_panel=OUTPUT)]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Print the traceback of a fault of ours.", callback=_verbose, rich_help_panel=OUTPUT),
]
