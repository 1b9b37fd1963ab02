"""``hideseek hide NEW --generator``: its options are some of ``hide``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from hideseek_cli.cli import options
from hideseek_cli.errors import InputError

OPTIONS = (
    "data", "generator", "out", "image_format", "keep_exif", "device", "threads", "jobs", "json", "style", "quiet", "verbose",
)  # fmt: skip
"""Those of ``hide`` that apply."""


def protect(asked: Mapping[str, Any], command: Callable[..., None]) -> None:
    """Protect new images in one forward pass each. ``asked``: what ``command`` was called with.

    Raises InputError where an option that does not apply is not what it is unless told otherwise.
    """
    usual = {name: parameter.default for name, parameter in inspect.signature(command).parameters.items()}
    strange = [name for name in usual if name not in OPTIONS and asked[name] != usual[name]]
    if strange:
        option = strange[0].replace("_", "-")
        raise InputError(f"--{option} does not apply with --generator, which trains and replaces nothing; leave it out")
    from hideseek_cli.cli.terminal import document, show
    from hideseek_cli.formats.generator import Generator
    from hideseek_cli.images.output_format import OutputFormat
    from hideseek_cli.publishing.protect import protect as run

    generator = Generator.load(asked["generator"])
    device = options.training_device(asked["device"], asked["threads"] or 1)
    output_format = OutputFormat(encoding=asked["image_format"], exif=asked["keep_exif"])
    with options.terminal(asked["quiet"]) as screen, options.executor(asked["jobs"], None) as executor:
        done = run(asked["data"], generator, asked["out"], device, executor, screen, output_format=output_format)
        if asked["json"]:
            document(done.to_json())
        else:
            show(done.rows(), asked["style"].value)
        for line in done.remarks():
            screen.say(line)
