"""Ledger rows before they are stored: what the mirrored objects say, without versions and links."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.ingestion.stripe_object.rules.mirror import Evidence, newest_evidence
from services.ingestion.stripe_object.rules.observation import Facts, Marks


@dataclass(frozen=True, slots=True)
class Seen:
    """A mirrored object as the ledger's rules read it."""

    object_type: str
    object_id: str
    second: int
    facts: Facts
    marks: Marks = field(default_factory=dict)
    evidence: Evidence = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Draft:
    """The content of one ledger row. ``account_claim`` and ``venture_claim`` are what metadata says.

    ``only_if_known``: a row that counts nothing, written only to correct one that did.
    """

    key: str
    columns: dict[str, Any]
    customer_id: str | None = None
    account_claim: str | None = None
    venture_claim: str | None = None
    evidence: tuple[str, ...] = ()
    only_if_known: bool = False


def at(second: int) -> datetime:
    """Seconds since 1970 as an instant."""
    return datetime.fromtimestamp(second, UTC)


def at_or_none(second: int | None) -> datetime | None:
    """The same for a time that may be missing."""
    return None if second is None else at(second)


def evidence_of(sources: Iterable[Seen]) -> tuple[str, ...]:
    """The newest event ids behind some objects, newest last."""
    return tuple(event for _, event in newest_evidence(pair for source in sources for pair in source.evidence))


def first_claim(sources: Iterable[Seen], name: str) -> str | None:
    """The first ``account`` or ``venture`` that some objects' metadata claim."""
    return next((claim for source in sources if (claim := source.facts.get(name))), None)


def first_fact(sources: Iterable[Seen], name: str) -> Any:
    """The first value that some objects give for a member."""
    return next((value for source in sources if (value := source.facts.get(name)) is not None), None)
