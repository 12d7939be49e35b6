"""The product binaries the harness runs on, and how this machine gets them: `prepare()`, `locate()`, `doctor()`."""

from harness.toolchain.cache import Cache
from harness.toolchain.components import ALL, EXTRAS
from harness.toolchain.diagnosis import Diagnosis, doctor, render
from harness.toolchain.extras import Extras
from harness.toolchain.setup import Toolchain, locate, missing, prepare
from harness.toolchain.work import Progress

__all__ = [
    "ALL",
    "EXTRAS",
    "Cache",
    "Diagnosis",
    "Extras",
    "Progress",
    "Toolchain",
    "doctor",
    "locate",
    "missing",
    "prepare",
    "render",
]
