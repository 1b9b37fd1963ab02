"""Class-wise error-minimising masks: the method of Hide-and-Seek, after Unlearnable Examples (EMN)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import ClassVar

from hideseek_cli.core.bilevel import SCHEDULES, Problem, training_error
from hideseek_cli.core.surrogate import OBJECTIVES
from hideseek_cli.methods import Attempt, RealPatterns, Task, TrainedPatterns, name_masks
from hideseek_cli.runtime.fields import at_least, one_of, settle, within
from hideseek_cli.training.architectures import Standardised
from hideseek_cli.training.trainer import OnStep, steps_per_pass

STEPS = 300
"""Steps of mask training by ``joint``: enough for the patterns of six layers, with both placements (docs/results/);
more do not help where batches are changed (docs/results/2026-11-security.md)."""
LONGER = {"eye": 2}
"""How many times as many a rule takes: at the limit of what may be seen, masks of more steps are known to more networks
(docs/results/2026-11-visibility.md)."""
AS_FILED, REDUCED = ("whitened", "eye", "eye"), ("eye", "eye", "eye")
ROBUST = ("balanced", "balanced", "unseen")
"""Rules of ``core.updates`` for plain masks, of files that networks see as they are and of larger ones, and for masks that must
survive something, those that hide best first (docs/results/2026-11-visibility.md). What masks leave differs by some points
from training to training (docs/results/2026-11-security.md), so some get a second try."""
FINE = ("whitened", "unseen", "sign")
"""Rules for plain masks that are not shown to anybody, or that must not be seen by some network."""


COUNT = at_least(1, "trains nothing; give at least 1")
SHARE = within(lambda share: 0 < share < 1, "a share between 0 and 1")


def passes_for(task: Task, given: int | None, fewest: int = 1, rule: str = "") -> int:
    """Passes over the images: those that were given, or as many as make STEPS, or more by a rule of LONGER, and at least
    ``fewest``."""
    return given or max(fewest, round(STEPS * LONGER.get(rule, 1) / steps_per_pass(len(task.shown), task.batch_size)))


def plan_attempts(
    task: Task, train: Callable[[Task, str, OnStep], TrainedPatterns], by: str | None = None, plain: tuple[str, ...] = FINE
) -> tuple[Attempt, ...]:
    """Trainings of each of its kinds by a rule of ``core.updates``, or by ``plain`` or ROBUST in turn; a rule comes again with
    another seed."""
    found = []
    for kind in task.kinds:
        rules = (by,) if by else ROBUST if kind.robust else plain
        for number, rule in enumerate(rules):
            before = rules[:number].count(rule)
            one = replace(kind, seed=kind.seed + before)
            name = name_masks(kind.robust) if by else f"{name_masks(kind.robust)}, {rule}{' again' if before else ''}"
            found.append(Attempt(name=name, train=partial(train, one, rule), robust=kind.robust))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class StoppedMasks:
    """The masks of one level by the paper's own stopping rule."""

    pattern: RealPatterns
    accuracy: float
    """Validation accuracy in percent of the surrogate where it stopped, or where it came nearest."""
    held: bool
    """Whether the accuracy was consistently within the threshold."""


@dataclass(frozen=True, kw_only=True)
class ClassWise:
    """Class-wise EMN by either schedule of ``core.bilevel``."""

    name: ClassVar[str] = "emn"
    scope: ClassVar[str] = "class"
    changeable: ClassVar[bool] = True
    clippable: ClassVar[bool] = True
    coloured: ClassVar[bool] = False

    schedule: str = field(default="joint", metadata=one_of(*SCHEDULES))
    objective: str = field(default="error-min", metadata=one_of(*OBJECTIVES))
    """What masks do to the surrogate's loss: ``error-min``, or ``error-max``, to compare with."""
    passes: int | None = field(default=None, metadata=COUNT)
    """Passes over the images for each pattern (joint). None: as many as make STEPS, and at least one."""
    stop_error: float = field(default=0.1, metadata=SHARE)
    """Share of masked training images that the surrogate may still get wrong when ``alternating`` stops: EMN's rule."""
    inner_steps: int = field(default=10, metadata=COUNT)
    """M of Algorithm 1."""
    pgd_steps: int = field(default=1, metadata=COUNT)
    """Steps of Equation 4 on each batch."""
    max_rounds: int = field(default=60, metadata=COUNT)
    """Rounds after which ``alternating`` gives up waiting for its stop."""

    def __post_init__(self) -> None:
        settle(self)

    @property
    def robust(self) -> tuple[str, ...]:
        """What masks are trained through unless told otherwise; nothing where they are the paper's."""
        return ("greyscale", "blur") if self.schedule == "joint" and self.objective == "error-min" else ()

    def candidates(self, task: Task) -> tuple[Attempt, ...]:
        """By ``joint``: masks by each of its rules, later ones where those before do not hide; by ``alternating``, and of
        those that raise the loss, one of each kind."""
        if self.schedule == "joint" and self.objective == "error-min":
            return plan_attempts(task, self._train_joint, plain=self._list_plain(task))
        return plan_attempts(task, self._train_joint if self.schedule == "joint" else self._train_alternating, "sign")

    def _list_plain(self, task: Task) -> tuple[str, ...]:
        """Rules of plain masks, in turn."""
        return AS_FILED if task.sight.transfer is None else REDUCED

    def _train_joint(self, task: Task, rule: str, on_step: OnStep) -> TrainedPatterns:
        passes = passes_for(task, self.passes, rule=rule)
        for state in islice(SCHEDULES["joint"](self._problem(task, rule=rule, rounds=passes)), passes):
            on_step(state.number, passes)
        return TrainedPatterns(patterns=state.pattern())

    def _train_alternating(self, task: Task, rule: str, on_step: OnStep) -> TrainedPatterns:
        """Trained until the surrogate's training error falls to ``stop_error``."""
        problem = self._problem(task, rule)
        for state in SCHEDULES[self.schedule](problem):
            on_step(state.number, self.max_rounds)
            if (state.number > 1 and training_error(problem, state) <= self.stop_error) or state.number >= self.max_rounds:
                break
        on_step(self.max_rounds, self.max_rounds)
        return TrainedPatterns(patterns=state.pattern())

    def train_to_level(
        self, task: Task, level: float, threshold: float, accuracy: Callable[[Standardised], float], on_step: OnStep,
        patience: int = 2,
    ) -> StoppedMasks:  # fmt: skip
        """Algorithm 1 for one level: stop when ``accuracy`` (percent, of the network just trained, on validation
        images) was within ``threshold`` of ``level`` in ``patience`` validations running."""
        near: StoppedMasks | None = None
        inside = 0
        for state in SCHEDULES[self.schedule](self._problem(task)):
            on_step(state.number, self.max_rounds)
            found = accuracy(state.network)
            state.network.train()
            inside = inside + 1 if abs(found - level) <= threshold else 0
            if near is None or abs(found - level) < abs(near.accuracy - level) or inside == patience:
                near = StoppedMasks(pattern=state.pattern(), accuracy=found, held=inside == patience)
            if near.held or state.number >= self.max_rounds:
                break
        assert near is not None
        on_step(self.max_rounds, self.max_rounds)
        return near

    def _problem(self, task: Task, rule: str = "sign", rounds: int = 1) -> Problem:
        return Problem(
            dataset=task.shown, epsilon=task.epsilon, arch=task.arch, batch_size=task.batch_size, seed=task.seed,
            shifts=task.shown_shifts, pattern_sets=task.pattern_sets, through=task.robust, inner_steps=self.inner_steps,
            pgd_steps=self.pgd_steps, rule=rule, objective=self.objective, rounds=rounds, sight=task.sight,
        )  # fmt: skip


METHODS = (ClassWise,)
