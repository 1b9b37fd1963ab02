"""``hs.hide``: publish a folder so that nobody can train on it, with masks for every level that is sold."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from hideseek_cli.api.machine import (
    RecipeLike,
    choose_device,
    given_recipe,
    keep_for_resume,
    open_progress,
    open_workers,
    split_names,
    usual_recipe,
)
from hideseek_cli.images.layout import require_folder
from hideseek_cli.runtime.fields import as_path
from hideseek_cli.runtime.progress import Progress

if TYPE_CHECKING:
    import torch

    from hideseek_cli.methods import Method
    from hideseek_cli.publishing.config import HideConfig
    from hideseek_cli.publishing.plan import HidePlan
    from hideseek_cli.publishing.result import HideResult


P = ParamSpec("P")
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Call:
    """What is asked, and what there is to do it with."""

    config: HideConfig
    device: torch.device
    workers: int
    engine: str | None
    progress: bool | Progress


def _gather(
    data: str | Path, *, levels: Sequence[float] = (), out: str | Path = "published",
    masks: str | Path = "masks.safetensors", prices: Mapping[float, float] | None = None,
    look: str = "faithful", epsilon: int | None = None, min_ssim: float | None = None,
    max_visibility: float | None = None, recipe: RecipeLike = None,
    arch: str | Sequence[str] | None = None, epochs: int | None = None,
    batch_size: int | None = None, method: str = "emn", scope: str | None = None, objective: str | None = None,
    robust: str | Sequence[str] | None = None, authorized: str | Path | None = None, placement: str = "fixed",
    patterns: int = 1, unmask: str = "classes", schedule: str | None = None, passes: int | None = None,
    inner_steps: int | None = None, pgd_steps: int | None = None, stop_error: float | None = None,
    calibration: str = "retrain", tolerance: float = 2.5, max_runs: int | None = None, offer_anyway: bool = False,
    size: int | None = None, train_images: int | None = None, labels: str | Path | None = None, groups: str = "auto",
    split: str = "auto", image_format: str = "auto", shards: int | None = None, keep_exif: bool = False, card: bool = False,
    key_file: str | Path | None = None, seed: int = 0, device: str = "auto", threads: int = 0, workers: int = 0,
    engine: str | None = None, progress: bool | Progress = True, resume: bool = False, overwrite: bool = False,
) -> _Call:  # fmt: skip
    """
    Args:
        data: ``DATA/<class>/*``, or parts ``DATA/{train,val,test}/<class>/*``, or tar shards. Nothing below it is written.
        levels: Test accuracies to sell, in percent; none where the clean images alone are sold.
        out, masks: The folder to publish, and the secret file; the contact sheet lies beside it.
        prices: Of levels, for the public manifest.
        look: ``faithful``, ``balanced`` or ``strong``: how visible masks may be and what they are to outlive, where
            ``epsilon``, ``min_ssim``, ``max_visibility`` and ``robust`` are None.
        epsilon: Most that a pixel may move, in grey levels, 1 to 63.
        min_ssim: Mean SSIM that the published folder keeps, at least 0 and below 1.
        max_visibility: What the eye may see of masks (FLIP's mean), above 0 and at most 1. ``faithful`` allows what it
            sees of the same images as JPEGs of quality 75.
        recipe: How networks are trained: ``quick`` (usual on a CPU), ``standard`` (on a GPU), ``paper``, or an ``hs.Recipe``.
        arch: Networks in place of the recipe's; levels then hold for the mean of several.
        epochs, batch_size: In place of the recipe's.
        method: ``emn``, ``confounder``, ``uge`` or ``random``.
        scope: What has a mask of its own: ``class`` or ``sample``.
        objective: ``error-min`` or ``error-max``.
        robust: What masks must survive even where they then hide less, of ``greyscale``, ``jpeg``, ``blur``, ``augment``; or
            ``none``.
        authorized: The network file whose networks learn all the same (``uge``).
        placement: ``fixed`` (the paper) or ``keyed`` (by secret shifts).
        patterns: Of a class in each layer, 1 to 64.
        unmask: What loses its mask as levels rise: ``classes`` or ``images``.
        schedule: ``joint`` or ``alternating`` (Algorithm 1).
        passes, inner_steps, pgd_steps, stop_error: Of mask training.
        calibration: ``retrain``, or ``stop`` (the paper's).
        tolerance: Percentage points by which calibration may miss a level.
        max_runs: Retrainings at most.
        offer_anyway: Name levels in the manifest that cannot be told from what lies below them.
        size: Side, in pixels, at which networks see the central square of images, 8 to 1024.
        train_images: Images that are trained on at most; all are published.
        labels: Table of name,class for a flat folder, such as Hugging Face's ``metadata.csv``.
        groups: Images that show one thing, as frames do: withheld together, and in one layer. ``auto`` looks for
            near-identical ones, ``none`` does not; ``^(\\d+)_``: the first group of a regular expression, searched in the
            path below the class's folder, names them within each class; ``column:track``: a column of ``labels`` does.
        split: Whether folders named train, val and test are parts of a data set: ``auto`` looks, ``none`` takes them for
            classes, ``parts`` for parts.
        image_format: ``auto`` (a JPEG stays one, others become PNG), or all as ``png`` or ``webp`` (lossless).
        shards: Images of a tar shard, in place of a file each.
        keep_exif: Publish where, when and how images were taken.
        card: Lay a card beside the images, as ``hs.write_card`` does.
        key_file: 32 secret bytes in place of fresh ones.
        seed: Of all training; decides nothing secret.
        device, threads, workers, engine, progress: As of ``hs.verify``.
        resume: Continue an interrupted run, which ends with the same bytes.
        overwrite: Replace what hideseek wrote there before.

    Raises:
        InputError: Something cannot be used; the disk is left as it was.
        DiskError: The disk fails; what is finished is kept, and ``resume`` goes on with it.
    """
    require_folder(as_path(data))
    from hideseek_cli.images.output_format import OutputFormat
    from hideseek_cli.publishing import looks
    from hideseek_cli.publishing.config import HideConfig

    chosen, style = choose_device(device, threads), looks.select(look)
    trained = given_recipe(recipe, epochs, batch_size, chosen) or usual_recipe(chosen)
    settings = {
        "schedule": schedule, "passes": passes, "inner_steps": inner_steps, "pgd_steps": pgd_steps,
        "stop_error": stop_error, "objective": objective,
    }  # fmt: skip
    maker = _method(method, scope, settings, authorized)
    config = HideConfig(
        data=as_path(data), levels=tuple(levels), out=as_path(out), masks=as_path(masks), prices=dict(prices or {}),
        epsilon=style.epsilon if epsilon is None else epsilon, min_ssim=style.min_ssim if min_ssim is None else min_ssim,
        max_visibility=style.max_visibility if max_visibility is None else max_visibility,
        robust=_robust(robust), preferred=style.outlived(maker), recipe=trained.with_arch(split_names(arch)),
        placement=placement, patterns=patterns, unmask=unmask, calibration=calibration, tolerance=tolerance,
        max_runs=max_runs, offer_anyway=offer_anyway, size=size, train_images=train_images,
        labels=None if labels is None else as_path(labels), groups=groups, split=split,
        key_file=None if key_file is None else as_path(key_file), seed=seed, threads=threads or 1, resume=resume,
        overwrite=overwrite, card=card, output_format=OutputFormat.choose(image_format, shard=shards, exif=keep_exif),
        method=maker,
    )  # fmt: skip
    return _Call(config, chosen, workers, engine, progress)


def _hide(call: _Call) -> HideResult:
    """Write the folder to publish, and the secret mask file from which cleaners are made (Xu and Shu, Hide-and-Seek)."""
    from hideseek_cli.publishing.pipeline import hide as run

    with (
        open_progress(call.progress) as hears,
        open_workers(call.workers, call.engine) as executor,
        keep_for_resume(call.config.journal, hears),
    ):
        return run(call.config, call.device, executor, hears)


def _plan_hide(call: _Call) -> HidePlan:
    """Read and check everything as ``hide`` does, say what it would do and how long it takes, and write nothing."""
    from hideseek_cli.publishing.plan import plan

    with open_progress(call.progress) as hears, open_workers(call.workers, call.engine) as executor:
        return plan(call.config, call.device, executor, hears)


def _taking(words: Callable[P, _Call], work: Callable[[_Call], Result]) -> Callable[P, Result]:
    """A function of those words that does that work: what is asked is written down once for all that can be done about it."""

    @wraps(words)
    def function(*args: P.args, **kwargs: P.kwargs) -> Result:
        return work(words(*args, **kwargs))

    function.__name__ = function.__qualname__ = work.__name__.removeprefix("_")
    signature = inspect.signature(words).replace(return_annotation=inspect.signature(work).return_annotation)
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__doc__ = f"{work.__doc__}\n{words.__doc__}"
    return function


def _method(name: str, scope: str | None, settings: Mapping[str, object], authorized: str | Path | None) -> Method:
    from hideseek_cli.formats.authorized_network import AuthorizedNetwork
    from hideseek_cli.methods import select

    network = None if authorized is None else AuthorizedNetwork.load(as_path(authorized))
    return select(name, scope, {**settings, "authorized": network})


def _robust(robust: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Names of changes; None: those of the look."""
    if robust is None:
        return None
    names = split_names(robust if isinstance(robust, str) else tuple(robust))
    return () if names == ("none",) else names


hide = _taking(_gather, _hide)
plan_hide = _taking(_gather, _plan_hide)
