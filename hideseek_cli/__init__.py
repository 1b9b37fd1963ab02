"""hideseek: publish a labelled image folder that everyone can look at and only a buyer can train on.

The public API, in the words of the commands. Loaded on first use: importing the package takes no PyTorch.

>>> import hideseek_cli as hs
>>> hs.Recipe.from_json(hs.preset("quick").to_json()).arch
'slim'

An owner::

    hs.hide("data", levels=[30, 50], out="published", masks="masks.safetensors")
    hs.make_cleaner("masks.safetensors", 50)

A buyer::

    hs.seek("published", "cleaner_k50.safetensors")
    hs.verify("cleaned_k50", test="data/test")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hideseek_cli.api.audit import audit
    from hideseek_cli.api.card import write_card
    from hideseek_cli.api.cleaner import make_cleaner, make_cleaners
    from hideseek_cli.api.export import export, plan_export
    from hideseek_cli.api.hide import hide, plan_hide
    from hideseek_cli.api.inspect import inspect
    from hideseek_cli.api.metrics import metrics
    from hideseek_cli.api.network import make_network
    from hideseek_cli.api.protect import protect
    from hideseek_cli.api.record import keep_record
    from hideseek_cli.api.report import report
    from hideseek_cli.api.seek import plan_seek, seek
    from hideseek_cli.api.verify import verify
    from hideseek_cli.cleaning.export import ExportResult
    from hideseek_cli.cleaning.pipeline import SeekResult
    from hideseek_cli.errors import DiskError, InputError
    from hideseek_cli.evaluation.audit_result import AuditResult
    from hideseek_cli.evaluation.verify_result import VerifyResult
    from hideseek_cli.images.folder_comparison import Comparison
    from hideseek_cli.inspection.result import Inspection
    from hideseek_cli.publishing.config import HideConfig
    from hideseek_cli.publishing.plan import HidePlan
    from hideseek_cli.publishing.protect import ProtectResult
    from hideseek_cli.publishing.result import HideResult
    from hideseek_cli.recipe import Recipe, preset
    from hideseek_cli.reporting.result import ReportResult
    from hideseek_cli.runtime.progress import Progress

__version__ = "0.1.0"

_HOMES = {
    "audit": "api.audit",
    "export": "api.export",
    "hide": "api.hide",
    "keep_record": "api.record",
    "inspect": "api.inspect",
    "make_cleaner": "api.cleaner",
    "make_cleaners": "api.cleaner",
    "make_network": "api.network",
    "metrics": "api.metrics",
    "plan_export": "api.export",
    "plan_hide": "api.hide",
    "plan_seek": "api.seek",
    "protect": "api.protect",
    "report": "api.report",
    "seek": "api.seek",
    "verify": "api.verify",
    "write_card": "api.card",
    "AuditResult": "evaluation.audit_result",
    "Comparison": "images.folder_comparison",
    "DiskError": "errors",
    "ExportResult": "cleaning.export",
    "HideConfig": "publishing.config",
    "HidePlan": "publishing.plan",
    "HideResult": "publishing.result",
    "InputError": "errors",
    "Inspection": "inspection.result",
    "Progress": "runtime.progress",
    "ProtectResult": "publishing.protect",
    "Recipe": "recipe",
    "ReportResult": "reporting.result",
    "SeekResult": "cleaning.pipeline",
    "VerifyResult": "evaluation.verify_result",
    "preset": "recipe",
}
"""Where each public name is defined."""

__all__ = [  # noqa: RUF022 - in the order in which they are used
    "hide", "plan_hide", "protect", "make_cleaner", "make_cleaners", "seek", "plan_seek", "verify", "audit", "metrics",
    "inspect", "report", "write_card", "export", "plan_export", "make_network", "keep_record", "HideResult", "HidePlan",
    "SeekResult", "VerifyResult", "AuditResult", "Comparison", "Inspection", "ReportResult", "ExportResult", "ProtectResult",
    "HideConfig", "Recipe", "preset", "Progress", "InputError", "DiskError", "__version__",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
