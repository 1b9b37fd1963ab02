"""What `report` wrote and what it could not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hideseek_cli.reporting.commands import Gap
from hideseek_cli.reporting.sentences import Statement
from hideseek_cli.runtime.tables import format_table


@dataclass(frozen=True, kw_only=True)
class ReportResult:
    """What was written. Printed, it is a table of questions and answers, and what else to know."""

    release: str
    public: bool
    written: tuple[tuple[Path, int], ...]
    """Files and their bytes."""
    statements: Sequence[Statement]
    gaps: Sequence[Gap]
    remarks_on_records: Sequence[str]
    """What was passed over."""

    def to_json(self) -> dict[str, Any]:
        """Files with their bytes, what the page says first, and what it could not say."""
        return {
            "release": self.release, "public": self.public,
            "files": [{"path": str(path), "bytes": size} for path, size in self.written],
            "statements": [vars(one) for one in self.statements],
            "missing": [{"what": one.what, "commands": list(one.commands)} for one in self.gaps],
        }  # fmt: skip

    def rows(self) -> list[dict[str, str]]:
        """A row for each question."""
        return [{"question": one.question, "answer": one.answer} for one in self.statements]

    def remarks(self) -> list[str]:
        """Where it lies, who may read it, and what was passed over or is missing."""
        files = ", ".join(str(path) for path, _ in self.written)
        kept = "which may be published" if self.public else "for the owner alone; `public=True` makes one for everyone"
        missing = [f"not measured: {one.what}: {' && '.join(one.commands)}" for one in self.gaps]
        return [f"wrote {files}, {kept}", *self.remarks_on_records, *missing]

    def __str__(self) -> str:
        return "\n".join([format_table(self.rows()), "", *self.remarks()])
