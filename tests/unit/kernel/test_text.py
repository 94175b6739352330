import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.kernel.text import OneLine, OptionalProse, Prose, same_name_key

ONE_LINE: TypeAdapter[str] = TypeAdapter(OneLine)


@given(st.text())
def test_whatever_passes_is_one_trimmed_line(value: str) -> None:
    try:
        line = ONE_LINE.validate_python(value)
    except ValidationError:
        return
    assert line
    assert line == line.strip()
    assert line.splitlines() == [line]
    assert "\0" not in line


@pytest.mark.parametrize("value", ["", "  ", "a\nb", "a\0", "a\u2028b", "x" * 201, "\ud800"])
def test_refused_lines(value: str) -> None:
    with pytest.raises(ValidationError):
        ONE_LINE.validate_python(value)


def test_prose_keeps_its_lines_but_no_nul() -> None:
    assert TypeAdapter(Prose).validate_python("a\n\n b") == "a\n\n b"
    with pytest.raises(ValidationError):
        TypeAdapter(Prose).validate_python("a\0")


def test_blank_prose_is_nothing() -> None:
    assert TypeAdapter(OptionalProse).validate_python(" \n") is None
    assert TypeAdapter(OptionalProse).validate_python(None) is None


@pytest.mark.parametrize(
    ("one", "other"), [("Acme", "ACME"), ("Acme  Inc", "acme inc "), ("Straße", "STRASSE"), ("\uff21\uff22", "ab")]
)
def test_names_that_a_person_calls_the_same(one: str, other: str) -> None:
    assert same_name_key(one) == same_name_key(other)
