"""Pictures of one size in memory: thinned, they are those that were left in."""

from __future__ import annotations

import numpy as np
import pytest

from hideseek_cli.folder import pixels, scan
from hideseek_cli.progress import Silent
from hideseek_cli.stack import Stack


@pytest.mark.parametrize("every", [1, 2, 5])
@pytest.mark.parametrize("mode", ["mixed", "RGB", "L"])
def test_a_thinned_stack_holds_every_so_many_th_picture(make_folder, executor, mode, every):
    folder = scan(make_folder("data", mode=mode))
    whole = Stack.of(folder, pixels(folder, executor, Silent(), None))
    part = whole.thinned(every)
    random = np.random.default_rng(0)
    shifts = random.integers(0, 16, (whole.count, 2)).astype(np.uint16)
    pattern, thresholds = random.normal(0, 4, (3, 16, 16, whole.channels)), random.random((3, 16, 16, whole.channels))
    masks = whole.quantised(pattern, 1.0, thresholds, 8)
    which = random.integers(0, 3, whole.count)
    assert part.count == len(which[::every])
    assert np.array_equal(part.clean(), whole.clean()[::every])
    for laid in (None, shifts):
        thin = None if laid is None else laid[::every]
        assert np.array_equal(part.masked(masks, which[::every], thin), whole.masked(masks, which, laid)[::every])
