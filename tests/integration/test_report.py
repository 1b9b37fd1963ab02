"""A report in a browser: it fits a phone and a desk, fetches nothing and reports no error."""

from __future__ import annotations

import re
import shutil
import subprocess
from html import escape

import pytest

import hideseek_cli as hs
from tests.helpers.records import keep_all

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ASK = """<script>
addEventListener("load", () => {
  const page = document.documentElement
  const drawn = [...document.querySelectorAll("svg")].filter(one => one.getBoundingClientRect().height > 80).length
  const wide = [...document.querySelectorAll("body *")].filter(
    one => !one.closest(".scroll, svg, pre") && one.getBoundingClientRect().right > innerWidth).length
  parent.document.title = ["asked", innerWidth, page.scrollWidth, drawn, wide,
    performance.getEntriesByType("resource").filter(one => !one.name.startsWith("data:")).length].join(" ")
})
</script>"""


@pytest.mark.skipif(BROWSER is None, reason="needs a Chromium")
@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_report_fits_its_window_and_fetches_nothing(tmp_path, width, public):
    hs.report(keep_all(tmp_path), out=tmp_path / "report.html", public=public)
    text = (tmp_path / "report.html").read_text()
    assert "Content-Security-Policy" in text
    asked = re.sub(r"<meta http-equiv=.Content-Security-Policy.*?>", "", text).replace("</body>", f"{ASK}</body>")
    frame = f'<!doctype html><iframe srcdoc="{escape(asked)}" style="width: {width}px; height: 900px; border: 0"></iframe>'
    for name, page in (("plain", text), ("asked", frame)):  # a frame, for windows are no narrower than 500 pixels
        (tmp_path / f"{name}.html").write_text(page)
    seen = {name: _open(tmp_path, name, width) for name in ("plain", "asked")}
    assert not [line for one in seen.values() for line in one.stderr.splitlines() if ":CONSOLE" in line]
    found = re.search(r"<title>asked (\d+) (\d+) (\d+) (\d+) (\d+)</title>", seen["asked"].stdout)
    assert found is not None
    window, needed, drawn, wide, fetched = map(int, found.groups())
    assert (window, wide, fetched) == (width, 0, 0) and needed <= window
    assert drawn == text.count("<svg ") > 2


def _open(place, name, width):
    profile = place / f"profile-{name}"
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=2000",
        f"--user-data-dir={profile}", f"--window-size={width},900", "--dump-dom", f"file://{place}/{name}.html",
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
