"""Where components live between runs: outside the checkout, keyed by how they were made, installed all at once.

A component is present when its folder holds a manifest and every file of the manifest with its recorded size; nothing
is executed to find out. Whoever builds a component holds its lock, so anything found in its building folder belongs
to a builder that died, and is swept.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness import wait
from harness.errors import DeadlineError, SetUpError

_MANIFEST = "manifest.json"


def default_root() -> Path:
    """`$HARNESS_CACHE`, else `~/.cache/monitoring-stack-harness`.

    Root's home is often closed to everybody else, and Elasticsearch must run as somebody else: then `/var/cache`.
    """
    chosen = os.environ.get("HARNESS_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if os.geteuid() == 0 and not open_to_all(base):
        base = Path("/var/cache")
    return base / "monitoring-stack-harness"


def open_to_all(path: Path) -> bool:
    """Whether a user with no rights of their own can reach `path`: every existing folder above it lets others pass."""
    resolved = path.resolve()
    return all(folder.stat().st_mode & 0o001 for folder in (resolved, *resolved.parents) if folder.exists())


@dataclass(frozen=True, slots=True)
class Staging:
    """The building folder of one component: `tree` becomes the component, `scratch` is thrown away."""

    folder: Path

    @property
    def tree(self) -> Path:
        """What is installed when the build succeeds."""
        return self.folder / "tree"

    @property
    def scratch(self) -> Path:
        """Room for temporary files, swept with the rest."""
        return self.folder / "scratch"

    def remember_child(self, pid: int) -> None:
        """Note a started process, so that the next run can end it should this one be killed."""
        import psutil  # dear to import, and of use only while something is built

        with contextlib.suppress(psutil.Error):
            record = {"pid": pid, "created": psutil.Process(pid).create_time()}
            (self.folder / "child.json").write_text(json.dumps(record), encoding="utf-8")


class Cache:
    """The components on this machine, under one root."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root if root is not None else default_root()

    def folder(self, name: str, version: str, fingerprint: str) -> Path:
        """Where a component of this version, made this way, lives; whether or not it is there."""
        return self.root / "components" / f"{name}-{version}-{fingerprint[:12]}"

    @property
    def downloads(self) -> Path:
        """Partial and whole downloads, kept so that an interrupted one goes on."""
        return self.root / "downloads"

    def installed(self, folder: Path) -> Path | None:
        """`folder` when everything its manifest names is there with the recorded size, else None."""
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            whole = all((folder / file["path"]).stat().st_size == file["size"] for file in manifest["files"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return folder if whole else None

    @contextlib.contextmanager
    def lock(
        self, name: str, *, deadline_seconds: float, waiting: Callable[[str], None], stopped: Callable[[], bool]
    ) -> Iterator[None]:
        """Hold the component's lock; when another run has it, wait for that run and say so.

        Once `stopped` says so it waits no longer and holds nothing: ask it again inside.
        """
        path = self._made(self.root / "locks") / name
        with path.open("a+", encoding="utf-8") as file:
            if not _try_lock(file.fileno()):
                holder = path.read_text(encoding="utf-8").strip() or "another run"
                waiting(f"{holder} is at it")
                self._wait_for(file.fileno(), name, holder, deadline_seconds, stopped)
            if not stopped():
                file.truncate(0)
                file.write(f"process {os.getpid()}")
                file.flush()
            yield

    def _wait_for(self, fd: int, name: str, holder: str, seconds: float, stopped: Callable[[], bool]) -> None:
        try:
            wait.until(
                lambda: stopped() or _try_lock(fd), deadline=seconds, saying=f"{holder} to finish {name}", every=0.2
            )
        except DeadlineError as error:
            hint = f"If that run hangs, end it; its lock on {self.root}/locks/{name} goes with it."
            raise SetUpError(error.message, hint=hint) from error

    @contextlib.contextmanager
    def staging(self, name: str) -> Iterator[Staging]:
        """A fresh building folder, gone afterwards. Call it with the component's lock held."""
        staging = Staging(self.root / "building" / name)
        sweep(staging)
        for folder in (staging.tree, staging.scratch):
            self._made(folder)
        try:
            yield staging
        finally:
            sweep(staging)

    def install(self, staging: Staging, folder: Path, about: dict[str, str | float]) -> Path:
        """Write the manifest, open the tree to all users, and put it in its place in one step."""
        files = [
            {"path": str(path.relative_to(staging.tree)), "size": path.stat().st_size, "sha256": sha256(path)}
            for path in sorted(staging.tree.rglob("*"))
            if path.is_file()
        ]
        if not files:
            raise SetUpError(f"building {about.get('component', folder.name)} left no file behind")
        manifest = json.dumps({**about, "files": files}, indent=1)
        (staging.tree / _MANIFEST).write_text(manifest, encoding="utf-8")
        _open_up(staging.tree)
        self._made(folder.parent)
        if folder.exists():
            # A rename cannot replace a folder that is not empty; the broken one leaves first.
            folder.rename(staging.folder / "broken")
        staging.tree.rename(folder)
        return folder

    def _made(self, folder: Path) -> Path:
        """The folder, created; every part of it below the cache's parent open to all users."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for part in (folder, *folder.parents):
                if part.is_relative_to(self.root) and part.stat().st_uid == os.geteuid():
                    part.chmod(0o755)
        except OSError as error:
            hint = "Choose another place with the environment variable HARNESS_CACHE."
            raise SetUpError(f"cannot use the cache {self.root}: {error.strerror}", hint=hint) from error
        return folder


def sweep(staging: Staging) -> None:
    """End what a dead builder left running, and remove what it left lying."""
    import psutil

    with contextlib.suppress(OSError, ValueError, KeyError, psutil.Error):
        record = json.loads((staging.folder / "child.json").read_text(encoding="utf-8"))
        if psutil.Process(record["pid"]).create_time() == record["created"]:
            os.killpg(record["pid"], signal.SIGKILL)
    shutil.rmtree(staging.folder, ignore_errors=True)


def sha256(path: Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open_up(tree: Path) -> None:
    """Let every user read the tree whatever the umask was: Elasticsearch does not run as root."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if path.is_dir() or mode & 0o100 else 0))
