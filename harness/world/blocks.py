"""Writes the world's metrics as a Prometheus block, in a process of its own.

python -m harness.world.blocks REQUEST.json
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson

from harness.errors import HarnessError
from harness.generators.story.metrics import blocks_request
from harness.generators.story.truth import WorldTruth
from harness.settings import read_fixtures


def main(arguments: list[str]) -> int:
    """Draw the world, count it, and hand the series to the block writer."""
    request = orjson.loads(Path(arguments[0]).read_bytes())
    try:
        truth = WorldTruth.of(read_fixtures(Path(request["fixtures"])), request["seed"], request["scale"])
        text = "".join(blocks_request(truth.story, truth.series))
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    writer = subprocess.run([request["blockwriter"], request["blocks"]], input=text, text=True, check=False)
    return writer.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
