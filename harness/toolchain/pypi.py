"""Components that come as Python packages (a JDK, Go), installed into the cache and not into anybody's environment."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.errors import SetUpError
from harness.toolchain.cache import Staging
from harness.toolchain.work import Work


@dataclass(frozen=True, slots=True)
class PythonPackage:
    """One pinned package without its dependencies; `way_out` says how else a person can get what it brings."""

    name: str
    package: str
    version: str
    way_out: str

    @property
    def lane(self) -> str:
        """Downloads share the line, so they go one after the other."""
        return "downloads"

    def fingerprint(self) -> str:
        """A hash over the pin and the kind of machine, which decides the wheel."""
        pin = [self.package, self.version, platform.system(), platform.machine()]
        return hashlib.sha256(json.dumps(pin).encode()).hexdigest()

    def elsewhere(self) -> Path | None:
        """Never; those who accept another source look there themselves."""
        return None

    def build(self, staging: Staging, work: Work) -> None:
        """Install the package with whichever installer this Python has."""
        pin = f"{self.package}=={self.version}"
        work.say("installing", pin)
        work.run(
            (*installer(), "--no-deps", "--target", str(staging.tree), pin),
            staging, cwd=staging.scratch, environment={**os.environ, "TMPDIR": str(staging.scratch)},
            failure=f"cannot install the Python package {pin}", hint=self.way_out,
        )  # fmt: skip


def installer() -> tuple[str, ...]:
    """The command that installs a package into a folder: pip when this Python has it, else uv."""
    if importlib.util.find_spec("pip"):
        return (sys.executable, "-m", "pip", "install", "--quiet", "--progress-bar", "off", "--only-binary=:all:")
    beside = Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv:
        return (uv, "pip", "install", "--quiet", "--python", sys.executable, "--only-binary=:all:")
    raise SetUpError(
        f"{sys.executable} has no pip, and there is no uv", hint=f"Install pip: {sys.executable} -m ensurepip"
    )
