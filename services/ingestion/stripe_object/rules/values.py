"""Reading single members of Stripe's objects: a wrong type is named, never guessed at."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from shared.kernel.currency import known_currencies, stripe_minor_to_iso_minor

Json = Mapping[str, Any]

_LARGEST = 2**53
# The year 9999: what a timestamp with time zone and a datetime can both hold.
_LAST_SECOND = 253_402_300_799
_LONGEST_TEXT = 500


class Malformed(ValueError):
    """A Stripe object lacks a member, or has it with a type that Stripe does not send."""


def _where(source: Json, name: str) -> str:
    return f"{source.get('object') or 'object'}.{name}"


def text(source: Json, name: str) -> str | None:
    """A short string, or None."""
    value = source.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise Malformed(f"{_where(source, name)} is not a short string")
    return value


def required_text(source: Json, name: str) -> str:
    """A non-empty short string."""
    value = text(source, name)
    if not value:
        raise Malformed(f"{_where(source, name)} is missing")
    return value


def reference(source: Json, name: str) -> str | None:
    """The id of another object, which Stripe gives as a string or expanded."""
    value = source.get(name)
    return required_text(value, "id") if isinstance(value, dict) else text(source, name) or None


def whole(source: Json, name: str) -> int | None:
    """A whole number, or None."""
    value = source.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        raise Malformed(f"{_where(source, name)} is not a whole number")
    return value


def required_whole(source: Json, name: str) -> int:
    """A whole number."""
    value = whole(source, name)
    if value is None:
        raise Malformed(f"{_where(source, name)} is missing")
    return value


def moment(source: Json, name: str) -> int | None:
    """Seconds since 1970, or None."""
    value = whole(source, name)
    if value is not None and not 0 <= value <= _LAST_SECOND:
        raise Malformed(f"{_where(source, name)} is not a time")
    return value


def required_moment(source: Json, name: str) -> int:
    """Seconds since 1970."""
    value = moment(source, name)
    if value is None:
        raise Malformed(f"{_where(source, name)} is missing")
    return value


def flag(source: Json, name: str) -> bool:
    """A boolean; absent or null is False."""
    value = source.get(name)
    if value is not None and not isinstance(value, bool):
        raise Malformed(f"{_where(source, name)} is not a boolean")
    return bool(value)


def decimal(source: Json, name: str) -> Decimal | None:
    """An exact number that Stripe gives as a string (``unit_amount_decimal``) or as a JSON number (percentages).

    A JSON number is taken by its shortest decimal text: 12.5 is 12.5, not its binary neighbour.
    """
    value = source.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise Malformed(f"{_where(source, name)} is not a number")
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise Malformed(f"{_where(source, name)} is not a number") from error
    if not number.is_finite() or abs(number) > _LARGEST:
        raise Malformed(f"{_where(source, name)} is not a number of a sensible size")
    return number


def member(source: Json, name: str) -> Json | None:
    """A nested object; None when absent, or when it is given by id only."""
    value = source.get(name)
    return value if isinstance(value, dict) else None


def listed(source: Json, name: str) -> list[Any]:
    """The entries of a list, which Stripe gives bare or as a list object."""
    value = source.get(name)
    if isinstance(value, dict):
        value = value.get("data")
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed(f"{_where(source, name)} is not a list")
    return value


def objects(source: Json, name: str) -> list[Json]:
    """The entries of a list that are expanded objects."""
    return [entry for entry in listed(source, name) if isinstance(entry, dict)]


def currency(source: Json, name: str = "currency") -> str:
    """An ISO 4217 code in capitals."""
    code = required_text(source, name).upper()
    if code not in known_currencies():
        raise Malformed(f"{_where(source, name)}: {code!r} is not an ISO 4217 currency")
    return code


def minor(source: Json, name: str, code: str) -> int | None:
    """An amount in Stripe's minor units as ISO 4217 minor units."""
    amount = whole(source, name)
    return None if amount is None else _iso(source, name, amount, code)


def required_minor(source: Json, name: str, code: str) -> int:
    """An amount in Stripe's minor units as ISO 4217 minor units."""
    return _iso(source, name, required_whole(source, name), code)


def _iso(source: Json, name: str, amount: int, code: str) -> int:
    try:
        return stripe_minor_to_iso_minor(amount, code)
    except ValueError as error:
        raise Malformed(f"{_where(source, name)}: {error}") from error


def claim(source: Json, name: str) -> str | None:
    """The UUID that an object's metadata names as its ``account_id`` or ``venture_id``.

    Text that is no UUID can never be one of the organization's, and is no claim.
    """
    metadata = source.get("metadata")
    value = metadata.get(name) if isinstance(metadata, dict) else None
    if not isinstance(value, str):
        return None
    try:
        return str(UUID(value.strip()))
    except ValueError:
        return None


def claims(*sources: Json | None) -> dict[str, str | None]:
    """The account and the venture that the first of some objects claims."""
    given = [source for source in sources if source is not None]
    return {
        "account": next((found for source in given if (found := claim(source, "account_id"))), None),
        "venture": next((found for source in given if (found := claim(source, "venture_id"))), None),
    }
