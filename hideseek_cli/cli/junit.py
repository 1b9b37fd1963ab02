"""``--junit``: the verdicts of a command as a file that build servers show, on failure too."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hideseek_cli.cli.wording import options_of, spell_options
from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.runtime.junit import Case, refuse_other, write_junit
from hideseek_cli.runtime.places import refuse_inside


@contextmanager
def open_report(path: Path | None, command: Callable[..., None], *inputs: Path) -> Iterator[list[Case]]:
    """A list for the test cases of a command, which are written when it is left; without a path nothing is.

    A command that is refused, or whose disk fails, is one test case with an error. ``inputs``: what it tests, and what
    else it reads. Raises InputError and DiskError at once where no report can be written, or only inside of an input.
    """
    cases: list[Case] = []
    if path is None:
        yield cases
        return
    refuse_other(path)
    for one in inputs:
        refuse_inside(path, one)
    begun = time.monotonic()
    try:
        yield cases
    except (InputError, DiskError) as error:
        message = spell_options(str(error), options_of(command))
        took = time.monotonic() - begun
        failed = Case(group=str(inputs[0]), name=command.__name__, seconds=took, outcome="error", message=message)
        write_junit(path, command.__name__, [failed])
        raise
    write_junit(path, command.__name__, cases)
