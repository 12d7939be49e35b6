"""testcontainers' container, with what it cannot say: a folder copied into a volume before the start."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from testcontainers.core.container import DockerContainer
from testcontainers.core.transferable import Transferable


class Contained(DockerContainer):
    """A container whose contents are put where they belong, also when its own file system is read-only.

    testcontainers 4.15 unpacks everything at `/`, which Docker refuses for a read-only root although the target is in
    a volume.
    """

    def _transfer_into_container(self, transferable: Transferable, destination_in_container: str, mode: int) -> None:
        container = self.get_wrapped_container()
        if not isinstance(transferable, Path):
            super()._transfer_into_container(transferable, destination_in_container, mode)
        elif not container.put_archive(destination_in_container, _archive(transferable)):
            raise OSError(f"{transferable} cannot be copied to {destination_in_container}")


def _archive(folder: Path) -> bytes:
    """What is in a folder, open to whichever user the image runs as."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for item in sorted(folder.iterdir()):
            tar.add(item, arcname=item.name, filter=_open)
    return packed.getvalue()


def _open(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mode |= 0o777 if entry.isdir() else 0o666
    return entry
