"""What commands print in Markdown is one table, whatever files and classes are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from hideseek_cli.evaluation.verify_result import VerifyResult
from hideseek_cli.runtime.tables import format_table
from tests.helpers.commands import inside
from tests.helpers.folders import write_images
from tests.helpers.markdown import read_markdown
from tests.helpers.verdicts import verification

PLACE = "my `data` <i>|x"
CLASSES = ("&lt;b&gt; `b`", "![c](x) $y$ _z_")
IMAGE = "__a__ ~~b~~ [c](d)"
BESIDE = "<script>a|b.txt"
"""What systems forbid in names of images may stand in those of other files."""


@pytest.fixture(scope="module")
def road(tmp_path_factory) -> Path:
    """A folder whose classes and images have names that Markdown and HTML would take for something else."""
    root = tmp_path_factory.mktemp("road")
    write_images(root / PLACE, 2, 4)
    for old, new in zip(("class0", "class1"), CLASSES, strict=True):
        (root / PLACE / old).rename(root / PLACE / new)
        (root / PLACE / new / "000.png").rename(root / PLACE / new / f"{IMAGE}.png")
    (root / PLACE / BESIDE).touch()
    return root


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("inspect", PLACE), [PLACE, f"2: {', '.join(sorted(CLASSES))}"]),
        (("metrics", PLACE, PLACE, "--worst", "8"), [f"{label}/{IMAGE}.png" for label in CLASSES]),
        (
            ("hide", PLACE, "--dry-run", "--epochs", "1", "--threads", "1"),
            [f"passed over: {BESIDE}", *(f"class {label}" for label in CLASSES)],
        ),
    ],
    ids=["inspect", "metrics", "hide"],
)
def test_a_command_prints_one_table_in_which_names_are_text(road, words, shown):
    rows = read_markdown(inside(*words, "--format", "markdown", cwd=road).stdout)
    assert len({len(row) for row in rows}) == 1 and len(rows) > 2
    cells = {cell.strip() for row in rows for cell in row}
    assert set(shown) <= cells


def test_so_does_what_verify_finds(tmp_path):
    found = VerifyResult(folder=Path(PLACE), networks=(verification(),))
    assert read_markdown(format_table(found.rows(), "markdown"))[1][0] == PLACE
