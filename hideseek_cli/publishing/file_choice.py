"""In what files masks are published: JPEGs stay JPEGs, unless their masks do not hide and those of pixels hide better."""

from __future__ import annotations

from dataclasses import replace

from hideseek_cli.methods import Task
from hideseek_cli.publishing.attempts import AttemptOutcome
from hideseek_cli.publishing.baseline import Baseline
from hideseek_cli.publishing.budget import PUBLISHED_RUNS
from hideseek_cli.publishing.mask_layout import lay_out_masks, make_task
from hideseek_cli.publishing.mask_selection import Selection, select_masks
from hideseek_cli.publishing.run import HideRun

BETTER = 0.75
"""Files that are several times as large are worth it where they hide, or leave at most that share of what is left above
chance."""


def choose_masks(run: HideRun, baseline: Baseline) -> tuple[HideRun, Selection, Task]:
    """What to publish, the run that publishes it, and what the method was given."""
    first = _select(run, baseline)
    best = first[1].best
    if best.hides or not run.source.jpegs.any():
        return first
    if run.session.left < PUBLISHED_RUNS + run.config.budget.after_masks:
        run.progress.say("no runs are left to try masks of pixels in place of those of JPEGs (`max_runs`)")
        return first
    source = run.source.as_lossless(run.executor)
    if source is None:
        run.progress.say("masks of pixels are not tried: the colour profile of a JPEG cannot be written to other files")
        return first
    run.progress.say(
        f"masks of JPEGs leave {best.accuracy:.1f} %; masks of pixels are tried, in files without loss, which are larger"
    )
    other = _select(replace(run, source=source), baseline, "pixels: ")
    if not _is_worth_it(best, other[1].best, baseline.chance):
        run.progress.say("files without loss are not worth their size: JPEGs stay JPEGs")
        return first
    return other[0], replace(other[1], attempts=(*first[1].attempts, *other[1].attempts)), other[2]


def _select(run: HideRun, baseline: Baseline, kind: str = "") -> tuple[HideRun, Selection, Task]:
    layout = lay_out_masks(run, baseline)
    task = make_task(run, layout)
    return run, select_masks(run, baseline, layout, task, kind), task


def _is_worth_it(jpegs: AttemptOutcome, pixels: AttemptOutcome, chance: float) -> bool:
    return pixels.hides or pixels.accuracy - chance < BETTER * (jpegs.accuracy - chance)
