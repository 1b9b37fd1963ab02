"""The fifth stage of ``hide``: what anyone gets back of the published folder by the commonest changes of images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from hideseek_cli.attacks import Attack, Exposed, select
from hideseek_cli.formats.changes import TRIED
from hideseek_cli.publishing.retraining import Retraining
from hideseek_cli.publishing.run import HideRun
from hideseek_cli.training.tensors import TensorDataset


def measure_outlived(run: HideRun, published: Retraining) -> dict[str, float]:
    """Accuracy in percent of a network trained on the published images after each change, and tested after the same; nothing
    where too few runs are left. Greyscale is left out where all images are grey."""
    names = [name for name in TRIED if name != "greyscale" or run.source.stack.channels > 1]
    if not run.session.affords(len(names)):
        run.progress.say("no runs are left to try what the masks outlive (`max_runs`)")
        return {}
    # An image that a change frees of its mask teaches: what is withheld of it costs accuracy as for the clean folder.
    wanted = [
        replace(published, about=["outlives", attack.name], masked=None, through=partial(_change, attack))
        for attack in select(tuple(names))
    ]
    return dict(zip(names, run.session.measure(wanted), strict=True))


def _change(attack: Attack, dataset: TensorDataset, test: TensorDataset) -> tuple[TensorDataset, TensorDataset]:
    """Both as that adversary would treat them."""
    return attack.prepare(Exposed(dataset=dataset, test=test))


def describe_outlived(outlives: Mapping[str, float], clean: float) -> list[str]:
    """What each change gives back, beside what the clean folder gives; nothing where none was tried.

    >>> describe_outlived({"greyscale": 31.2, "gaussian": 14.0}, 61.3)
    ['of the published folder, greyscale gives back 31.2 %, blur 14.0 % (clean: 61.3 %)']
    """
    if not outlives:
        return []
    (first, found), *others = ((TRIED[name], accuracy) for name, accuracy in outlives.items())
    rest = "".join(f", {name} {accuracy:.1f} %" for name, accuracy in others)
    return [f"of the published folder, {first} gives back {found:.1f} %{rest} (clean: {clean:.1f} %)"]
