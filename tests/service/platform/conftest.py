from pathlib import Path

import pytest

from tests.harness.house import House
from tests.harness.operator import Operator


@pytest.fixture
def trueup(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Operator:
    """The operator's command, in this house."""
    monkeypatch.setenv("TRUEUP_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return Operator(house, monkeypatch)
