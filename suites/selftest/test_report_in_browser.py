"""The report in a real browser: no overflow on a desk or a telephone, nothing in the console, and on paper."""

from __future__ import annotations

import html as escaping
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from harness import printing
from harness.model import Checklist, Lines
from harness.reporters import html
from suites.selftest.test_reporters_html import EVERYTHING, LATENCY, RECORDED, sent
from suites.selftest.test_reporters_sections import line

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(printing.browser() is None, reason="no Chromium on this machine"),
]

LONG = "a_very_long_metric_name_that_never_breaks_" * 6
WRAPPER = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">
<iframe id="page" style="border:0;width:{width}px;height:900px" srcdoc="{page}"></iframe>
<script>
document.getElementById("page").addEventListener("load", (event) => {{
  const inner = event.target.contentDocument;
  const sorted = inner.querySelector("table.sortable thead button");
  if (sorted) {{ sorted.click(); }}
  const root = inner.documentElement, wide = (one) => one.getBBox().width > 100;
  document.body.dataset.over = root.scrollWidth - root.clientWidth;
  document.body.dataset.sorted = inner.querySelectorAll("[aria-sort]").length;
  document.body.dataset.plots = [...inner.querySelectorAll("svg.plot")].filter(wide).length;
}});
</script>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with a bit of everything, and words that want to be wide."""
    seen = replace(LATENCY, reason=LONG, records=(Lines("notification", tuple(range(4, 9))),))
    base = replace(EVERYTHING.baselines[0], values=tuple(0.1 + n / 50 for n in range(30)))
    law = Checklist("law", "Compliance", LONG, (line(EVERYTHING.verdict),))
    mail = sent("email", LONG, 1795442540.0, sink="email", html=f"<p style='width:900px'>{LONG}</p>")
    report = replace(EVERYTHING, judgements=(*EVERYTHING.judgements, seen), baselines=(base,), checklists=(law,))
    history = replace(RECORDED, observations=(*RECORDED.observations, mail))
    return html.write(report, tmp_path_factory.mktemp("browser"), history)


def browsed(page: Path, folder: Path, width: int) -> tuple[dict[str, str], str]:
    """What a frame of this width measured, and what the console said."""
    wrapper = folder / f"{width}.html"
    wrapper.write_text(WRAPPER.format(width=width, page=escaping.escape(page.read_text(encoding="utf-8"))))
    program = printing.browser()
    assert program
    done = subprocess.run(
        [
            *printing.command(program, str(folder / "profile")),
            "--enable-logging=stderr",
            "--window-size=1600,1000",
            "--virtual-time-budget=4000",
            "--dump-dom",
            wrapper.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = re.search(r"<body [^>]*>", done.stdout)
    return dict(re.findall(r'data-(\w+)="([^"]*)"', found[0] if found else "")), done.stderr


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_is_wider_than_the_screen_and_the_console_is_silent(page: Path, tmp_path: Path, width: int) -> None:
    measured, console = browsed(page, tmp_path, width)
    assert measured["over"] == "0"
    assert measured["sorted"] == "1", "a click on a column's head sorts the table"
    assert int(measured["plots"]) >= 3
    assert "CONSOLE" not in console


def test_what_is_too_wide_or_loud_is_noticed(page: Path, tmp_path: Path) -> None:
    loud = tmp_path / "loud.html"
    worse = '<div style="width:3000px">x</div><script>console.error("x")</script></body>'
    loud.write_text(page.read_text(encoding="utf-8").replace("</body>", worse))
    measured, console = browsed(loud, tmp_path, 1440)
    assert int(measured["over"]) > 1000 and "CONSOLE" in console


def test_it_prints(page: Path, tmp_path: Path) -> None:
    printed = printing.pdf(page, tmp_path / "report.pdf")
    content = printed.read_bytes()
    assert content.startswith(b"%PDF-") and len(re.findall(rb"/Type /Page\b", content)) >= 3
