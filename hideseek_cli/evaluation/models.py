"""Who is to learn from a folder that is verified, and what each was promised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.levels import CHANCE_TOLERANCE, LEVEL_TOLERANCE
from hideseek_cli.formats.manifest import Authorized
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.cache import cache_folder
from hideseek_cli.training.accuracy_stats import Estimate, Verdict, judge_at_most, judge_level
from hideseek_cli.training.distillation import distill
from hideseek_cli.training.evaluator import retrain_and_score
from hideseek_cli.training.score import Score
from hideseek_cli.training.tensors import TensorDataset


@dataclass(frozen=True, kw_only=True)
class EvaluatedModel:
    """A network that is to learn from the folder, and what it is promised to reach."""

    recipe: Recipe
    train: Callable[..., Score]
    """A training; to be called with a seed and what is told of the progress."""
    level: float | None
    """In percent; None where nothing was promised."""
    one_sided: bool = False
    kind: str = ""
    """How it learns, where not as anybody: ``authorized`` or ``distilled``."""
    by: AuthorizedNetwork | None = None
    """The authorised network that it is, or learns from."""

    @property
    def name(self) -> str:
        """What its runs are remembered by; says nothing of a secret stem."""
        by = self.by
        return f"{self.kind} {by.identity} {by.arch} {by.seed} {self.recipe.arch}" if by else self.recipe.arch

    def allow(self, tolerance: float | None) -> float:
        """Points by which the promise may be missed; ``tolerance``: those that were asked for."""
        usual = CHANCE_TOLERANCE if self.one_sided else LEVEL_TOLERANCE
        return usual if tolerance is None else tolerance

    def judge(self, found: Estimate, tolerance: float) -> Verdict:
        """Whether the promise is kept."""
        assert self.level is not None
        return judge_at_most(found, self.level + tolerance) if self.one_sided else judge_level(found, self.level, tolerance)


def model_label(recipe: Recipe, kind: str) -> str:
    """Which network, and how it learns, in words."""
    return f"{recipe.arch}, {kind}" if kind else recipe.arch


def public_models(
    data: TensorDataset, tests: TensorDataset, recipes: Sequence[Recipe], level: float | None, *, one_sided: bool
) -> Iterator[EvaluatedModel]:
    """Networks of those recipes."""
    for one in recipes:
        train = partial(retrain_and_score, data, tests, one, checkpoints=cache_folder())
        yield EvaluatedModel(recipe=one, train=train, level=level, one_sided=one_sided)


def authorized_model(
    data: TensorDataset, tests: TensorDataset, base: Recipe, network: AuthorizedNetwork, allowed: Authorized | None
) -> EvaluatedModel:
    """An authorised network; ``allowed``: the one that was promised something."""
    recipe = replace(base, arch=network.arch)
    same = allowed is not None and (allowed.stem, allowed.arch) == (network.identity, network.arch)
    train = partial(retrain_and_score, data, tests, recipe, checkpoints=cache_folder(), by=network)
    level = allowed.accuracy if allowed is not None and same else None
    return EvaluatedModel(recipe=recipe, train=train, level=level, kind="authorized", by=network)


def distilled_models(
    data: TensorDataset, tests: TensorDataset, recipes: Sequence[Recipe], teacher: AuthorizedNetwork
) -> Iterator[EvaluatedModel]:
    """Networks of those recipes that learn what an authorised one says; nothing was promised to them."""
    for one in (each for recipe in recipes for each in recipe.each()):
        train = partial(distill, data, tests, one, teacher=teacher)
        yield EvaluatedModel(recipe=one, train=train, level=None, kind="distilled", by=teacher)
