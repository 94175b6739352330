import subprocess
import sys
from pathlib import Path

import pytest

from trueup.local import ROOT

FULL = Path("/dev/full")
PROGRAM = """
import sys, structlog
from shared.platform.telemetry import logs
logs.configure("plans")
for number in range(3):
    structlog.get_logger().warning("lost", number=number, text="x" * 20_000)
sys.stderr.write("and goes on")
"""


@pytest.mark.skipif(not FULL.exists(), reason="a disk that is always full is Linux' own")
def test_a_log_on_a_full_disk_ends_no_work():
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.stderr.startswith("and goes on")
