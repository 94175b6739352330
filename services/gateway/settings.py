"""Settings that only the gateway has, from ``TRUEUP_*`` environment variables."""

from dataclasses import dataclass

from shared.platform.settings import environment, number


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Who may call from a browser, and how long and how many requests wait for a service."""

    allowed_origins: tuple[str, ...] = ()
    """Origins of web pages that may call the API (CORS); none by default."""
    answer_seconds: float = 15.0
    """After so long without the whole answer a request ends in 503."""
    requests_at_once: int = 256
    """So many requests wait for one replica of a service at most; more are answered 503 at once."""

    @classmethod
    def load(cls) -> "GatewaySettings":
        """From ``TRUEUP_ALLOWED_ORIGINS`` (with commas), ``TRUEUP_ANSWER_SECONDS``, ``TRUEUP_REQUESTS_AT_ONCE``."""
        origins = environment("ALLOWED_ORIGINS", "").split(",")
        return cls(
            tuple(origin.strip().rstrip("/") for origin in origins if origin.strip()),
            number("ANSWER_SECONDS", 15.0, least=0.1),
            number("REQUESTS_AT_ONCE", 256, least=1),
        )
