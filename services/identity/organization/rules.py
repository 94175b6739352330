"""How an organization's name becomes its slug."""

import re
import unicodedata
from uuid import UUID

SLUG_LENGTH = 60


def slug_of(name: str, organization_id: UUID) -> str:
    """The name as ``lower-case-words``; a name without Latin letters or digits takes part of the id."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH].strip("-")
    return slug or f"organization-{organization_id.hex[-12:]}"
