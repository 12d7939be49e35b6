"""Runs a program of an image to its end, without a network, on one folder of this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from docker.errors import DockerException
from docker.types import Mount

from harness import wait
from harness.errors import DeadlineError, StackError
from harness.launchers import daemon
from harness.launchers.container_marks import labels

ASK_SECONDS = 60
LOG_LINES = 400


def run_once(
    tag: str,
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    mark: str,
    deadline_seconds: float,
) -> tuple[int, str]:
    """Status and output of a command in a container that sees `folder` at its own path and reaches nobody.

    The container is the ledger's with that mark, from its first moment, and is removed. Raises StackError when it
    cannot be started or does not end in time.
    """
    try:
        with contextlib.closing(daemon.connect(ASK_SECONDS)) as client:
            container = client.containers.create(
                tag,
                command=list(command),
                environment=dict(environment),
                labels=labels(mark),
                network_mode="none",
                mounts=[Mount(str(folder), str(folder), type="bind")],
            )
            try:
                container.start()
                return _ended(container, tag, deadline_seconds)
            finally:
                with contextlib.suppress(DockerException, OSError):
                    container.remove(force=True, v=True)
    except (DockerException, OSError) as error:
        raise StackError(f"{tag} cannot be run: {str(error).splitlines()[0][:300]}") from error


def _ended(container: object, tag: str, deadline_seconds: float) -> tuple[int, str]:
    def over() -> bool:
        container.reload()  # type: ignore[attr-defined]
        return bool(container.attrs["State"]["Status"] in ("exited", "dead"))  # type: ignore[attr-defined]

    def said() -> str:
        return str(container.logs(tail=LOG_LINES).decode("utf-8", "replace"))  # type: ignore[attr-defined]

    try:
        wait.until(over, deadline=deadline_seconds, saying=f"{tag} to end", every=0.5)
    except DeadlineError as error:
        raise StackError(error.message, hint=said()[-800:]) from error
    return int(container.attrs["State"]["ExitCode"]), said()  # type: ignore[attr-defined]
