"""Grafana's pages in the report: small pictures in the page, whole ones linked, and never too much of them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from harness.model import History, Observation
from harness.reporters import html
from harness.reporters.sections.pictures import MOST_CHARACTERS, pictures
from suites.selftest.test_reporters_html import EVERYTHING, RECORDED, parsed


def taken(uid: str, size: int = 300, **data: Any) -> Observation:
    small = base64.b64encode(b"x" * size).decode()
    usual = {"expected": 4, "panels": 4, "failed": "", "file": f"pictures/{uid}.png", "errors": [], "console": []}
    return Observation(0.0, "grafana-picture", uid, {**usual, "small": small, **data})


def written(folder: Path, *seen: Observation) -> Path:
    return html.write(EVERYTHING, folder, History((*RECORDED.observations, *seen)))


def test_a_page_is_shown_small_and_linked_whole(tmp_path: Path) -> None:
    page = parsed(written(tmp_path, taken("cache-health")))
    (image,) = page.all("img")
    assert image.attributes["src"].startswith("data:image/webp;base64,")
    assert "cache-health" in image.attributes["alt"]
    assert "pictures/cache-health.png" in [one.attributes.get("href") for one in page.all("a")]


def test_what_was_wrong_with_a_page_stands_under_it(tmp_path: Path) -> None:
    errors = [{"title": "Hit rate", "message": "<b>boom</b>"}]
    path = written(tmp_path, taken("cache-health", errors=errors, failed="waited 45 s", console=["x"]))
    text = path.read_text(encoding="utf-8")
    assert "Hit rate: &lt;b&gt;boom&lt;/b&gt;" in text and "waited 45 s" in text and "1 error in the console" in text


def test_pictures_never_fill_the_report(tmp_path: Path) -> None:
    many = [taken(f"board-{number:02}", 90_000) for number in range(40)]
    shown = pictures(History(tuple(many)))
    assert 0 < sum(len(one.small) for one in shown) < MOST_CHARACTERS + 40 * 30
    assert len(shown) == 40 and all(one.file for one in shown), "what is not shown is linked"
    assert written(tmp_path, *many).stat().st_size < 3_000_000


def test_a_record_that_is_no_picture_is_not_put_into_the_page(tmp_path: Path) -> None:
    odd = taken("x", small='"><script>', file="javascript:alert(1)")
    page = parsed(written(tmp_path, odd))
    assert not list(page.all("img"))
    assert all(not str(one.attributes.get("href", "")).startswith("javascript") for one in page.all("a"))


def test_without_a_browser_nothing_is_shown(tmp_path: Path) -> None:
    assert not list(parsed(written(tmp_path)).all("figure"))
