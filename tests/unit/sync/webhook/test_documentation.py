"""The receiver that the documents show takes what Trueup signs, and nothing else."""

import re
import time
from pathlib import Path

import orjson
import pytest

from services.sync.delivery.rules.signature import headers, secret_of
from shared.contracts.sync import NotificationCreated

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "notifications.md").read_text(encoding="utf8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def verified(secret: str, said: dict[str, str], body: bytes) -> str:
    names: dict = {}
    (code,) = blocks("python")
    exec(code, names)  # the example is the subject of the test
    return names["verified"](secret, said, body)


def test_the_example_takes_what_is_signed():
    old, new = secret_of(b"k" * 32), secret_of(b"n" * 32)
    body = b'{"type": "webhook.test"}'
    said = headers([new, old], "the id", int(time.time()), body)
    assert verified(old, said, body) == verified(new, said, body) == "the id"
    for secret, changed, sent in (
        (secret_of(b"x" * 32), said, body),
        (old, said, body + b" "),
        (old, said | {"webhook-id": "another"}, body),
        (old, headers([old], "the id", int(time.time()) - 301, body), body),
    ):
        with pytest.raises(ValueError, match="the "):
            verified(secret, changed, sent)


def test_the_message_that_is_shown_has_the_events_fields():
    message = orjson.loads(blocks("json")[1])
    assert set(message) == {"type", "timestamp", "data"}
    assert set(message["data"]) <= set(NotificationCreated.model_fields)
