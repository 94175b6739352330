import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.platform.secrets import SealBroken, SecretBox

KEY = bytes(range(32))


@given(st.text(), st.text())
def test_a_sealed_secret_opens_in_its_context(secret: str, context: str) -> None:
    box = SecretBox(KEY)
    assert box.open(box.seal(secret, context), context) == secret


def test_the_secret_is_not_in_the_sealed_text() -> None:
    assert "whsec" not in SecretBox(KEY).seal("whsec_abc", "x")


def test_sealing_twice_gives_two_texts() -> None:
    box = SecretBox(KEY)
    assert box.seal("a", "x") != box.seal("a", "x")


def with_one_character_changed(sealed: str) -> str:
    """A change in the middle: the last characters of base64 also hold bits that mean nothing."""
    middle = len(sealed) // 2
    return sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]


def test_another_context_key_or_byte_does_not_open() -> None:
    box = SecretBox(KEY)
    sealed = box.seal("a", "connection:1")
    for opener, text, context in [
        (box, sealed, "connection:2"),
        (SecretBox(os.urandom(32)), sealed, "connection:1"),
        (box, with_one_character_changed(sealed), "connection:1"),
        (box, "v1.", "connection:1"),
        (box, "v1.***", "connection:1"),
        (box, "v9." + sealed[3:], "connection:1"),
    ]:
        with pytest.raises(SealBroken):
            opener.open(text, context)


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        SecretBox(b"short")
