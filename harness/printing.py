"""The report as PDF, for whoever files paper: printed by a Chromium that the machine has, else by nobody."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from harness.errors import HarnessError, SetUpError
from harness.launchers.ledger import temporary_folder

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
DEADLINE_SECONDS = 90.0


def browser() -> Path | None:
    """The first browser of the Chromium family on the path, or None."""
    found = (shutil.which(name) for name in BROWSERS)
    return next((Path(path) for path in found if path), None)


def pdf(page: Path, target: Path) -> Path:
    """Print a page to `target`. Raises SetUpError without a browser, HarnessError when it does not print in time."""
    program = browser()
    if program is None:
        raise SetUpError("no Chromium on this machine, so nothing can print the report", hint="Install chromium.")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        with temporary_folder("harness-print-") as profile:
            done = subprocess.run(
                [
                    *command(program, str(profile)),
                    "--no-pdf-header-footer",
                    f"--print-to-pdf={target.resolve()}",
                    page.resolve().as_uri(),
                ],
                capture_output=True,
                text=True,
                timeout=DEADLINE_SECONDS,
                check=False,
            )
    except (OSError, subprocess.SubprocessError) as error:
        raise HarnessError(f"{program.name} did not print the report: {type(error).__name__}") from error
    if not target.is_file():
        raise HarnessError(f"{program.name} did not print the report: {done.stderr.strip()[-300:]}")
    return target


def command(program: Path, profile: str) -> list[str]:
    """The browser without a window, on a profile of its own."""
    # Root has no sandbox to go into; the page runs no code but its own.
    alone = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [str(program), "--headless", "--disable-gpu", f"--user-data-dir={profile}", *alone]
