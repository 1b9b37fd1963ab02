"""How many retrainings a run of ``hide`` may make, and for what they are meant."""

from __future__ import annotations

from dataclasses import dataclass

CLEAN_RUNS, HALF_RUNS, PUBLISHED_RUNS, FEWEST_RUNS, OUTLIVED_RUNS = 2, 1, 2, 2, 3
"""Retrainings of the clean folder, of half of it, of what may be published, the fewest for a level, and those that try what the
published masks outlive."""
REMEDIES = 3
"""Values that are tried at most where the published folder is not hidden, each by PUBLISHED_RUNS."""
USUAL_RUNS, LEVEL_RUNS, USUAL_ATTEMPTS = 10, 7, 3
"""Retrainings besides those of levels, for each level, and attempts at masks, unless told otherwise."""


@dataclass(frozen=True, kw_only=True)
class RunBudget:
    """Retrainings in numbers."""

    levels: int
    authorized: bool
    """Whether a network learns all the same, which is measured too."""
    further_attempts: int
    """Attempts at masks that may be made beyond USUAL_ATTEMPTS."""
    max_runs: int | None = None

    @property
    def most(self) -> int:
        """Those that may be made; masks that seem to hide are tried twice, whichever attempt made them."""
        if self.max_runs is not None:
            return self.max_runs
        usual = USUAL_RUNS + LEVEL_RUNS * self.levels + self._authorized
        return max(self.fewest + PUBLISHED_RUNS, usual) + PUBLISHED_RUNS * self.further_attempts + self.kept

    @property
    def fewest(self) -> int:
        """Those that it takes at least, with USUAL_ATTEMPTS."""
        return CLEAN_RUNS + HALF_RUNS + USUAL_ATTEMPTS * PUBLISHED_RUNS + self.after_masks

    @property
    def quickest(self) -> int:
        """Those that it takes where the first masks hide, which are tried twice, and every level is found at once."""
        return min(self.most, CLEAN_RUNS + HALF_RUNS + 2 * PUBLISHED_RUNS + self.after_masks)

    @property
    def most_masks(self) -> int:
        """Masks that are trained at most: those of every attempt, and of every value that is tried where none hides."""
        return USUAL_ATTEMPTS + self.further_attempts + REMEDIES

    @property
    def after_masks(self) -> int:
        """Those that it takes at least once masks are chosen."""
        return PUBLISHED_RUNS + FEWEST_RUNS * self.levels + self._authorized

    def for_levels(self, left: int) -> int:
        """Of so many that are left, those that the search for levels may take: LEVEL_RUNS each, of ``max_runs`` any."""
        rest = left - PUBLISHED_RUNS
        return rest if self.max_runs is not None else min(rest, LEVEL_RUNS * self.levels)

    @property
    def kept(self) -> int:
        """Those that are kept to try what the published masks outlive, and what would hide where they do not; of ``max_runs``
        none is, and both get what is left."""
        return OUTLIVED_RUNS + REMEDIES * PUBLISHED_RUNS if self.max_runs is None else 0

    @property
    def _authorized(self) -> int:
        return CLEAN_RUNS + PUBLISHED_RUNS if self.authorized else 0
