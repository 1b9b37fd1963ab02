"""What masks may cost whom."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.publishing.mask_selection import AuthorizedResult
from hideseek_cli.publishing.result import HideResult
from hideseek_cli.training.accuracy_stats import Estimate, estimate


@pytest.mark.parametrize(("lost", "well"), [(None, True), (-1.0, True), (4.9, True), (5.1, False)])
def test_masks_may_cost_an_authorized_network_five_points(lost, well):
    def reached(percent: float) -> Estimate:
        return estimate([percent, percent], 1000)

    allowed = (
        None
        if lost is None
        else AuthorizedResult(AuthorizedNetwork.draw("slim", bytes(32)), published=reached(60.0 - lost), clean=reached(60.0))
    )
    assert HideResult.taught.fget(SimpleNamespace(allowed=allowed)) is well
