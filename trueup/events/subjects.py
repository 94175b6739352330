"""Which streams a subject pattern touches."""

from shared.contracts.topology import stream_subjects


def filters_by_stream(pattern: str) -> dict[str, list[str]]:
    """Stream -> the subjects of it that a NATS pattern (``metric.created.>``, ``*.created.*``, ``>``) selects.

    A pattern without an organization (``metric.created``) means every organization.
    """
    found: dict[str, list[str]] = {}
    for stream, subjects in stream_subjects().items():
        for subject in subjects:
            common = _common(pattern.split("."), subject.split("."))
            if common is not None:
                found.setdefault(stream, []).append(common)
    return found


def _common(pattern: list[str], subject: list[str]) -> str | None:
    """What two patterns select together; ``subject`` has no ``>``."""
    if len(pattern) == len(subject) - 1 and ">" not in pattern:
        pattern = [*pattern, "*"]
    chosen: list[str] = []
    for index, token in enumerate(subject):
        if index >= len(pattern):
            return None
        wanted = pattern[index]
        if wanted == ">":
            return ".".join([*chosen, *subject[index:]])
        if wanted not in ("*", token) and token != "*":  # noqa: S105 - a wildcard, no password
            return None
        chosen.append(token if wanted == "*" else wanted)
    return ".".join(chosen) if len(pattern) == len(subject) else None
