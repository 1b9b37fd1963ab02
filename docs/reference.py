"""Write docs/reference/commands.md from the code, or with --check say whether it is up to date."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hideseek_cli.cli.app import COMMANDS

PAGE = Path(__file__).parent / "reference" / "commands.md"
HEAD = "# Commands\n\nEverything that `--help` says, written from the code by `make docs`.\n"


def page() -> str:
    """The whole page."""
    parts = [HEAD, _section("hideseek")]
    parts += [_section("hideseek", command) for command in COMMANDS]
    return "\n".join(parts)


def _section(*command: str) -> str:
    environment = {**os.environ, "TERMINAL_WIDTH": "100", "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    arguments = [sys.executable, "-m", "hideseek_cli", *command[1:], "--help"]
    shown = subprocess.run(arguments, capture_output=True, text=True, check=True, env=environment).stdout
    text = "\n".join(line.rstrip() for line in shown.replace("python -m hideseek_cli", "hideseek").strip().splitlines())
    return f"## {' '.join(command)}\n\n```text\n{text}\n```\n"


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page())
    elif PAGE.read_text() != page():
        sys.exit("docs/reference/commands.md is not what the code says: run `make docs`")
