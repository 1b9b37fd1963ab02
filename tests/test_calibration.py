"""Calibration on simulated evaluators: no training, known truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from hideseek_cli.core.calibration import RUN_ERROR, Curve, Evaluation, Search, fit, jump, pooled


def gradual(strength: float) -> float:
    return 12 + 52 / (1 + (strength / 0.25) ** 2.7)


def bent(strength: float) -> float:
    return float(np.interp(strength, [0, 0.06, 0.125, 0.25, 0.5, 1.0], [64, 63, 61, 35, 20, 15]))


def search(truth: Callable[[float], float], seed: int, runs: int = 15, spread: float = 2.0, strongest: float = 1.0) -> Search:
    random = np.random.default_rng(seed)

    def measure(strengths: Sequence[float]) -> list[float]:
        return [truth(strength) + float(random.normal(0, spread)) for strength in strengths]

    clean, lowest = (measure([s, s]) for s in (0.0, strongest))
    return Search(measure, chance=10.0, clean=clean, lowest=lowest, runs=runs, tolerance=5.0, say=lambda line: None)


@pytest.mark.parametrize("truth", [gradual, bent])
def test_levels_are_hit_within_the_runs(truth):
    errors, reached = [], []
    for seed in range(30):
        made = search(truth, seed)
        found = made.levels([30.0, 50.0])
        errors += [abs(truth(one.strength) - one.level) for one in found]
        reached += [one.reachable for one in found]
        assert 0 <= made.left <= 15
    assert np.mean(errors) < 2.5 and np.mean(reached) > 0.95


def test_every_evaluation_informs_every_level():
    made = search(gradual, 0)
    before = len(made.evaluations)
    made.levels([30.0, 50.0])
    assert len(made.evaluations) == before + 15 - made.left


def test_what_is_reported_is_the_mean_of_fresh_runs_at_the_final_strength():
    """Selection does not flatter: over many searches the reported mean is unbiased for the truth at its strength."""
    bias = []
    for seed in range(80):
        found = search(gradual, seed, spread=3.0).levels([40.0])[0]
        bias.append(found.mean - gradual(found.strength))
    assert abs(np.mean(bias)) < 1.0


def test_a_level_below_what_the_strongest_mask_gives_is_unreachable_and_costs_no_run():
    made = search(lambda strength: 64 - 20 * strength, 0)
    found = made.levels([20.0])[0]
    assert not found.reachable and made.left == 15
    assert found.mean == pytest.approx(44, abs=5)


def test_a_jump_over_a_level_is_reported_with_the_nearest_that_was_found():
    found = search(lambda strength: 62.0 if strength < 0.4 else 12.0, 0, spread=0.5).levels([40.0])[0]
    assert not found.reachable
    assert min(abs(found.mean - 62), abs(found.mean - 12)) < 25
    assert found.jump is not None
    above, below = found.jump
    assert above.strength < 0.4 <= below.strength and below.strength - above.strength < 0.15
    assert above.accuracy == pytest.approx(62, abs=2) and below.accuracy == pytest.approx(12, abs=2)


def test_no_jump_is_seen_where_runs_overlap_or_one_side_is_missing():
    assert jump([Evaluation(0.2, 45.0), Evaluation(0.3, 35.0), Evaluation(0.25, 30.0)], 40.0) is not None
    assert jump([Evaluation(0.2, 45.0), Evaluation(0.3, 45.0), Evaluation(0.25, 30.0)], 40.0) is None
    assert jump([Evaluation(0.0, 64.0), Evaluation(1.0, 44.0)], 40.0) is None


@pytest.mark.parametrize("runs", [1, 2, 3, 4])
def test_few_runs_are_never_overspent(runs):
    made = search(gradual, 0, runs=runs)
    made.levels([30.0])
    assert made.left >= 0


def test_a_curve_is_inverted_exactly_and_within_its_range():
    curve = Curve(64.0, 12.0, 0.25, 2.7)
    for level in (15.0, 30.0, 50.0, 60.0):
        assert curve.accuracy(curve.strength(level, 1.0)) == pytest.approx(level)
    assert curve.strength(80.0, 1.0) == 0.01
    assert curve.strength(5.0, 0.7) == 0.7


def test_a_fit_recovers_the_curve_it_was_drawn_from():
    known = [Evaluation(s, gradual(s)) for s in (0.0, 0.1, 0.2, 0.3, 0.5, 1.0)]
    for level in (20.0, 40.0, 60.0):
        assert fit(known, 10.0, level).curve.strength(level, 1.0) == pytest.approx(
            0.25 * ((64 - level) / (level - 12)) ** (1 / 2.7), rel=0.1
        )


def test_an_unsure_curve_looks_before_it_confirms():
    made = search(gradual, 0, spread=0.0)
    asked, measure = [], made.measure
    made.measure = lambda strengths: asked.append(len(strengths)) or measure(strengths)
    made.levels([40.0])
    assert asked[0] == 1 and asked[-1] == 2


def test_what_a_fit_believes_of_its_error_is_what_it_misses_by():
    """At a level's strength, over many noisy draws: the misses are as large as the standard error says, or smaller."""
    misses, errors = [], []
    for seed in range(100):
        random = np.random.default_rng(seed)
        known = [Evaluation(s, gradual(s) + random.normal(0, RUN_ERROR)) for s in (0.0, 0.0, 0.15, 0.2, 0.3, 0.4, 1.0)]
        belief = fit(known, 10.0, 40.0)
        strength = belief.curve.strength(40.0, 1.0)
        misses.append(gradual(strength) - 40.0)
        errors.append(belief.error(strength))
    assert 0.5 < np.sqrt(np.mean(np.square(misses))) / np.mean(errors) < 1.2


def test_a_curve_is_unsure_before_anything_was_measured_and_sure_after():
    few = [Evaluation(0.0, 64.0), Evaluation(0.0, 63.0)]
    near = [Evaluation(s, gradual(s)) for s in (0.2, 0.25, 0.3)]
    before, after = (fit(known, 10.0, 40.0).error(0.25) for known in (few, few + near))
    assert before > 7 and after < 2


def test_a_sure_curve_is_confirmed_without_further_looks():
    made = search(gradual, 0, spread=0.0)
    made.evaluations += [Evaluation(s, gradual(s)) for s in (0.1, 0.2, 0.25, 0.3, 0.4)]
    found = made.levels([40.0])[0]
    assert made.left == 15 - 2 and found.reachable


def test_the_pooled_spread_is_that_within_groups():
    assert pooled([[1.0, 3.0], [10.0, 12.0], [5.0]]) == (2.0, 2)
    assert pooled([[5.0]]) is None
