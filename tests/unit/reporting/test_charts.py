"""Figures show a folder in one colour, where it was designed to be, and hide none behind another."""

from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from hideseek_cli.reporting import charts
from hideseek_cli.reporting.findings import Findings
from hideseek_cli.reporting.gathering import gather
from hideseek_cli.reporting.reading import read_findings
from hideseek_cli.reporting.style import SERIES
from tests.helpers.records import RELEASED, keep_all


def found(place) -> Findings:
    return read_findings(gather(keep_all(place), (), None), public=False)


def test_every_folder_has_a_colour_of_its_own(tmp_path):
    colours = charts.colour_tiers(found(tmp_path))
    assert [*colours] == ["published", "clean", "30", "50", "70", "90"]
    assert {*colours.values()} == {*SERIES}


def test_a_level_stands_where_it_was_designed_to_be_by_hide_and_by_verify(tmp_path):
    axes = Figure().add_subplot()
    charts.draw_levels(axes, found(tmp_path))
    marks = [(line.get_marker(), float(line.get_xdata()[0])) for line in axes.get_lines() if len(line.get_xdata()) == 1]
    assert sorted(one for one in marks if one[0] in "so") == [("o", 33.3), ("o", 50.0), ("s", 30.0), ("s", 50.0), ("s", 70.0)]


def test_folders_of_the_same_recall_are_seen_beside_each_other(tmp_path):
    release = found(tmp_path)
    axes, tiers = Figure().add_subplot(), [one for one in release.tiers if one.verified]
    charts.draw_recall(axes, release, tiers, RELEASED)
    heights = [tuple(line.get_ydata()) for line in axes.get_lines()]
    assert len({*heights}) == len(tiers) == 2
    assert all(abs(one - at) < 0.5 for line in heights for at, one in enumerate(line))
    colours = charts.colour_tiers(release)
    assert [to_hex(line.get_color()) for line in axes.get_lines()] == [colours[one.name] for one in tiers]
