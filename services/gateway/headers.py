"""Headers that every answer has, for the sake of browsers."""

from starlette.types import Message, Send

# What the OWASP REST security cheat sheet asks of an API. A browser shall not guess types, frame an answer, run
# anything in it, tell others where it came from, or ask without encryption once it has been asked with it.
SECURITY: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"cross-origin-resource-policy", b"same-site"),
)
EXPOSED = ("ETag", "Link", "Location", "Retry-After", "X-Request-Id")
"""Headers of ours that a script of an allowed origin may read."""


def secured(send: Send) -> Send:
    """``send`` that adds them; what a service sets itself stays."""

    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message["headers"])
            names = {name.lower() for name, _value in given}
            message["headers"] = [*given, *(header for header in SECURITY if header[0] not in names)]
        await send(message)

    return adding
