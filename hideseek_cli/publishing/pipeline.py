"""Hide a folder: train masks, find the masked share of every level, write the release.

The order of work: read everything and refuse what cannot be used; measure what the clean folder trains to; train masks
until some hide that keep the images' similarity; search the levels; try what the published masks outlive, and what would
hide where they do not; write.
"""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import Executor
from functools import partial

import torch

from hideseek_cli.cards.writing import lay_card
from hideseek_cli.errors import count
from hideseek_cli.formats import sheet_file
from hideseek_cli.formats.levels import spell_level
from hideseek_cli.formats.manifest import Offer
from hideseek_cli.publishing.baseline import measure_clean
from hideseek_cli.publishing.calibration import CalibratedLevels, calibrate
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.contact_sheet import draw_contact_sheet
from hideseek_cli.publishing.file_choice import choose_masks
from hideseek_cli.publishing.level_result import LevelResult
from hideseek_cli.publishing.level_search import LevelOutcome
from hideseek_cli.publishing.mask_layout import MaskLayout
from hideseek_cli.publishing.mask_selection import AuthorizedResult, CandidateMasks, measure_authorized
from hideseek_cli.publishing.preparation import begin_files, hold_places, read_source
from hideseek_cli.publishing.products import find_overlaps
from hideseek_cli.publishing.release import Release, write_release
from hideseek_cli.publishing.release_masks import ReleaseMasks
from hideseek_cli.publishing.remedies import try_remedies
from hideseek_cli.publishing.result import HideResult
from hideseek_cli.publishing.robustness import measure_outlived
from hideseek_cli.publishing.run import HideRun
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.journal import Journal, open_journal
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.runtime.software import describe_software
from hideseek_cli.training.accuracy_stats import Estimate


def hide(config: HideConfig, device: torch.device, executor: Executor, progress: Progress) -> HideResult:
    """Publish a folder, and write its masks. Raises InputError, and leaves the disk as it was, where the input cannot be used.

    A run that is interrupted leaves its journal, from which ``resume`` continues it.
    """
    begun = time.monotonic()
    with hold_places(config) as (stage, master):
        _warn(config, device, progress)
        config, source = read_source(config, executor, progress)
        journal, master = _open_journal(config, source, master, device, progress)
        with journal.running():
            run = HideRun.begin(config, source, master, device, journal, executor, progress)
            return _carry_out(run, stage, begun)


def _carry_out(run: HideRun, stage: StagedFolder, begun: float) -> HideResult:
    """Measure, train, select, calibrate, write."""
    baseline = measure_clean(run)
    run, selected, task = choose_masks(run, baseline)
    strongest, layout = selected.masks, selected.layout
    allowed = measure_authorized(run, layout, strongest)
    calibrated = calibrate(run, baseline, layout, strongest, task)
    estimates = {one.level: run.session.estimate(list(one.accuracies)) for one in calibrated.levels}
    retraining = strongest.scale.make_retraining(1.0, calibrated.shares)
    published = run.session.measure_against(baseline.hidden_at, retraining)
    overlaps = find_overlaps({one.level: estimates[one.level] for one in calibrated.reached}, published)
    run.progress.say(f"the published folder trains to {published.mean:.1f} % ({count(published.runs, 'run')})")
    outlives = measure_outlived(run, retraining)
    hidden = baseline.hides(published.mean)
    remedies = () if hidden else try_remedies(run, baseline, selected)
    with stage:
        masks = _gather_masks(run, layout, strongest, calibrated)
        offered = calibrated.offered(overlaps, anyway=run.config.offer_anyway)
        offers = tuple(
            _make_offer(run.config, one, estimates[one.level], _list_cleaned(layout, calibrated, one)) for one in offered
        )
        release = _write(run, masks, offers, allowed, stage)
        if run.config.card:
            lay_card(release.manifest, stage)
        generator = strongest.save_generator(run.config, run.source, release.manifest.release)
        sheet_file.save(run.config.sheet, draw_contact_sheet(run.source, masks), release.manifest.release)
    return HideResult(
        config=run.config, release=release, clean=run.session.estimate(baseline.accuracies), published=published,
        hidden=hidden, remedies=remedies, allowed=allowed, curve=tuple(calibrated.evaluations),
        levels=_describe_levels(layout, calibrated, estimates, overlaps, release), strength=strongest.strength,
        visibility_limit=run.limit.mean, runs=run.session.runs, attempts=selected.attempts, outlives=outlives,
        trained=len(run.source.stack), recipe=run.recipe, generator=generator, seconds=time.monotonic() - begun,
    )  # fmt: skip


def _warn(config: HideConfig, device: torch.device, progress: Progress) -> None:
    """Say what may be regretted later."""
    if config.calibration == "retrain" and config.recipe.name == "paper" and device.type == "cpu":
        progress.say("the paper's recipe on a CPU takes hours a run; `recipe='quick'` takes minutes")
    for remark in config.remarks():
        progress.say(remark)


def _open_journal(
    config: HideConfig, source: SourceDataset, master: bytes, device: torch.device, progress: Progress
) -> tuple[Journal, bytes]:
    """What an interrupted run finished, and the master key: that of its key file, or the one that the run drew."""
    binding = {
        **config.binding(), "train_images": len(source.stack), "data": source.fingerprint, "device": str(device),
        "threads": torch.get_num_threads(), **describe_software(),
    }  # fmt: skip
    if config.key_file is not None:
        binding["key_file"] = hashlib.sha256(master).hexdigest()
    journal = open_journal(config.journal, binding, progress, resume=config.resume, overwrite=config.overwrite)
    if config.key_file is not None:
        return journal, master
    if journal.value("key") is None:
        journal.remember("key", master.hex())
    return journal, bytes.fromhex(journal.value("key"))


def _gather_masks(
    run: HideRun, layout: MaskLayout, strongest: CandidateMasks, calibrated: CalibratedLevels
) -> ReleaseMasks:  # fmt: skip
    """What was found, as masks of whole grey levels, of each image at each level."""
    renderer, unmasking = layout.renderer, layout.unmasking
    return ReleaseMasks(
        epsilon=run.config.epsilon, published=strongest.scale.masks, which=unmasking.which(calibrated.shares),
        shifts=renderer.shifts, strength=strongest.strength.value, single=unmasking.own,
        tiers={spell_level(one.level): unmasking.touched(one.share) for one in calibrated.reached},
        own={spell_level(level): renderer.masks(patterns, 1.0) for level, patterns in calibrated.own.items()},
    )  # fmt: skip


def _write(
    run: HideRun, masks: ReleaseMasks, offers: tuple[Offer, ...], allowed: AuthorizedResult | None, stage: StagedFolder
) -> Release:
    """The published folder, with what is stated in its manifest, and the mask file."""
    origin = {"device": run.device.type, "threads": torch.get_num_threads(), "seed": run.config.seed,
              "torch": torch.__version__, "train_images": len(run.source.stack)}  # fmt: skip
    return write_release(
        run.source, masks, stage, run.executor, run.progress, recipe=run.recipe, offers=offers, masks=run.config.masks,
        origin=origin, authorized=allowed.stated if allowed else None,
        before_masks=partial(begin_files, run.config, run.journal),
    )  # fmt: skip


def _list_cleaned(layout: MaskLayout, calibrated: CalibratedLevels, one: LevelOutcome) -> dict[str, float]:
    """Of each class that a level cleans, the share; none where levels have masks of their own."""
    return {} if calibrated.own else layout.cleaned(one.share)


def _make_offer(config: HideConfig, one: LevelOutcome, found: Estimate, cleaned: dict[str, float]) -> Offer:
    """What the manifest says of a level."""
    low, high = found.interval()
    return Offer(level=one.level, price=config.prices.get(one.level), accuracy=round(found.mean, 2), low=round(low, 2),
                 high=round(high, 2), runs=found.runs, clean_classes=sum(share == 1 for share in cleaned.values()))  # fmt: skip


def _describe_levels(
    layout: MaskLayout, calibrated: CalibratedLevels, estimates: dict[float, Estimate], overlaps: dict[float, str],
    release: Release,
) -> tuple[LevelResult, ...]:  # fmt: skip
    """What became of each level."""
    return tuple(
        LevelResult(
            level=one.level, masked_share=one.share, found=estimates[one.level], reachable=one.reachable, jump=one.jump,
            overlap=overlaps.get(one.level),
            cleaned=_list_cleaned(layout, calibrated, one), known=layout.unmasking.strippable(one.share, calibrated.shares),
            similarity=release.similarity.get(spell_level(one.level)) if one.reachable else None,
        )
        for one in calibrated.levels
    )  # fmt: skip
