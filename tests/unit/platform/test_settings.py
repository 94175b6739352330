import pytest

from services.gateway.settings import GatewaySettings
from services.identity.settings import rate_limit_factor
from services.sync.delivery.settings import allowed_networks
from services.sync.upkeep.pruning import kept_days
from shared.platform.settings import SettingError, number


@pytest.mark.parametrize("text", ["-1", "ten", "1.5", "1e3", "101", "nan"])
def test_a_whole_number_that_is_none_or_out_of_bounds_is_refused_by_name(text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TRUEUP_HOW_MANY", text)
    with pytest.raises(SettingError, match=f"TRUEUP_HOW_MANY is '{text}'; it must be a whole number from 0 to 100"):
        number("HOW_MANY", 7, least=0, most=100)


@pytest.mark.parametrize("text", ["0", "-0.5", "nan", "inf", "1,5", "2 s"])
def test_a_number_that_is_none_or_too_low_is_refused_by_name(text: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TRUEUP_HOW_LONG", text)
    with pytest.raises(SettingError, match=r"TRUEUP_HOW_LONG .* a number of at least 0\.1"):
        number("HOW_LONG", 7.0, least=0.1)


def test_a_number_is_read_and_has_a_default(monkeypatch: pytest.MonkeyPatch):
    assert (number("HOW_MANY", 7, least=0), number("HOW_LONG", 0.5, least=0.0)) == (7, 0.5)
    monkeypatch.setenv("TRUEUP_HOW_MANY", "0")
    monkeypatch.setenv("TRUEUP_HOW_LONG", " 3 ")
    assert (number("HOW_MANY", 7, least=0), number("HOW_LONG", 0.5, least=0.0)) == (0, 3.0)
    monkeypatch.setenv("TRUEUP_HOW_MANY", "")
    assert number("HOW_MANY", 7, least=0) == 7


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("KEEP_NOTIFICATIONS_DAYS", "-1", kept_days),
        ("KEEP_NOTIFICATIONS_DAYS", "half a year", kept_days),
        ("KEEP_NOTIFICATIONS_DAYS", "999999999", kept_days),
        ("WEBHOOK_NETWORKS", "10.0.0.0/8, anywhere", allowed_networks),
        ("RATE_LIMIT_FACTOR", "-1", rate_limit_factor),
        ("ANSWER_SECONDS", "0", GatewaySettings.load),
        ("REQUESTS_AT_ONCE", "many", GatewaySettings.load),
    ],
)
def test_a_services_own_setting_that_is_wrong_is_refused_by_name(name, text, read, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(f"TRUEUP_{name}", text)
    with pytest.raises(SettingError, match=f"TRUEUP_{name}"):
        read()
