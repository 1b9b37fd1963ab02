"""By which recipe a folder is judged, decided in one place."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

from hideseek_cli.evaluation.loading import EvaluationData
from hideseek_cli.recipe import preset

PROMISED = SimpleNamespace(recipe=replace(preset("quick"), epochs=77))
GIVEN, FALLBACK = preset("quick"), preset("standard")


def choose(promise, given, fallback=None):
    return EvaluationData.choose_recipe(SimpleNamespace(promise=promise, dataset=range(400)), given, fallback)


def test_what_was_asked_for_goes_before_the_promise_and_that_before_the_fallback():
    assert choose(PROMISED, GIVEN, FALLBACK) == GIVEN.for_images(400) != GIVEN
    assert choose(PROMISED, None, FALLBACK) == PROMISED.recipe, "which was fitted to the images when it was written"
    assert choose(None, GIVEN, FALLBACK) == GIVEN.for_images(400)
    assert choose(None, None, FALLBACK) == FALLBACK.for_images(400) != FALLBACK
