"""Components compiled from their own Go modules, pinned by the go.mod and go.sum committed under `go/`."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.errors import SetUpError
from harness.toolchain.cache import Staging
from harness.toolchain.pypi import PythonPackage
from harness.toolchain.work import Work

MODULES = Path(__file__).parent / "go"
NEEDED = (1, 26)


def version_of(go: Path) -> tuple[int, ...]:
    """The version of a Go toolchain, from the VERSION file beside it or, failing that, by asking it; () if unknown."""
    try:
        text = (go.resolve().parent.parent / "VERSION").read_text(encoding="utf-8")
    except OSError:
        try:
            answer = subprocess.run(
                [go, "env", "GOVERSION"], env={**os.environ, "GOTOOLCHAIN": "local"}, cwd="/",
                capture_output=True, text=True, timeout=10, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return ()
        text = answer.stdout
    found = re.match(r"go(\d+(?:\.\d+)*)", text.strip())
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def system_go() -> Path | None:
    """The machine's own go, whatever its version."""
    found = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    return Path(found) if found else None


@dataclass(frozen=True, slots=True)
class GoToolchain:
    """The go command: the machine's own when it is new enough, else a pinned one from the Python package."""

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
        """It is made on demand, in the lane of whoever needs it."""
        return self.package.lane

    def fingerprint(self) -> str:
        """A hash over what is installed when the machine has none."""
        return self.package.fingerprint()

    def elsewhere(self) -> Path | None:
        """The folder that holds the machine's `bin/go`, when it is new enough."""
        go = system_go()
        return go.parent.parent if go and version_of(go)[:2] >= NEEDED else None

    def build(self, staging: Staging, work: Work) -> None:
        """Install the package; its errors say which Go is needed and how else to get it."""
        self.package.build(staging, work)

    def command(self, folder: Path) -> Path:
        """The go command inside the folder that `elsewhere` or the cache gave."""
        inside = folder / "go" / "bin" / "go"
        return inside if inside.exists() else folder / "bin" / "go"


@dataclass(frozen=True, slots=True)
class GoProgram:
    """One program of a Go module under `go/`, compiled without cgo."""

    name: str
    version: str
    module: str
    package: str
    toolchain: GoToolchain
    tags: str = ""
    version_variable: str = ""

    @property
    def lane(self) -> str:
        """Programs of one module share compiled packages, so they are compiled one after the other."""
        return f"go/{self.module}"

    @property
    def flags(self) -> tuple[str, ...]:
        """The build flags, all of them given, so that GOFLAGS of the environment cannot change the result."""
        linker = "-s -w"
        if self.version_variable:
            # Outside their own release process, Prometheus's programs report no version unless the linker sets it.
            linker += f" -X {self.version_variable}={self.version}"
        return ("-mod=readonly", "-trimpath", "-buildvcs=false", f"-tags={self.tags}", f"-ldflags={linker}")

    def fingerprint(self) -> str:
        """A hash over the module's files, the flags and the kind of machine."""
        return _fingerprint(MODULES / self.module, self.package, self.flags)

    def elsewhere(self) -> Path | None:
        """Never: only this build is known to be the pinned version."""
        return None

    def build(self, staging: Staging, work: Work) -> None:
        """Download the modules, then compile; both go on from Go's own caches after an interrupt."""
        go = self.toolchain.command(work.ensure(self.toolchain))
        environment = _environment(staging)
        module = MODULES / self.module
        packages = _Counter()
        arguments = ("list", "-deps", "-f={{.ImportPath}}", *self.flags[:4], self.package)
        work.say("resolving modules")
        work.run(
            (str(go), *arguments), staging, cwd=module, environment=environment,
            on_line=packages.listening(lambda count, line: _say_modules(work, line)),
            failure=f"cannot get the Go modules of {self.name}", hint=_NETWORK.format(go=go),
        )  # fmt: skip
        total, compiled = packages.count, _Counter()
        work.say("compiling", f"{total} packages")
        (staging.tree / "bin").mkdir()
        target = staging.tree / "bin" / self.name
        work.run(
            (str(go), "build", "-v", *self.flags, f"-o={target}", self.package),
            staging, cwd=module, environment=environment,
            on_line=compiled.listening(lambda count, _: work.say("compiling", f"{count} of at most {total} packages")),
            failure=f"cannot compile {self.name} {self.version}",
            hint=f"Compiled with {go}. Run it again: compiled packages are kept.",
        )  # fmt: skip
        if not target.is_file():
            raise SetUpError(f"compiling {self.name} left no program behind")


_NETWORK = (
    "Go modules come through the module proxy that `{go} env GOPROXY` names; make sure this machine reaches it,\n"
    "then run it again: modules already downloaded are kept."
)


class _Counter:
    """Counts packages go names, and leaves out what it says besides (`go: downloading …`)."""

    def __init__(self) -> None:
        self.count = 0

    def listening(self, then: Callable[[int, str], None]) -> Callable[[str], None]:
        def on_line(line: str) -> None:
            if line and not line.startswith(("go: ", "#", "\t")):
                self.count += 1
            then(self.count, line)

        return on_line


def _say_modules(work: Work, line: str) -> None:
    if line.startswith("go: downloading "):
        work.say("downloading modules", line.removeprefix("go: downloading "))


def _environment(staging: Staging) -> dict[str, str]:
    """The machine's own Go settings (proxy, caches) without what would change or misplace the result."""
    kept = {key: value for key, value in os.environ.items() if key not in {"GOOS", "GOARCH", "GOROOT", "GOBIN"}}
    return {
        **kept,
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GO111MODULE": "on",
        "GOTMPDIR": str(staging.scratch),
    }


@cache
def _fingerprint(folder: Path, package: str, flags: tuple[str, ...]) -> str:
    digest = hashlib.sha256(json.dumps([package, *flags, platform.system(), platform.machine()]).encode())
    for path in sorted(path for path in folder.rglob("*") if path.suffix in {".go", ".mod", ".sum"}):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
