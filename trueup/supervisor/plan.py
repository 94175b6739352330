"""Which processes there are to be, and at which ports."""

import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.contracts.topology import SERVICES
from trueup.engines.ports import LOOPBACK, claim_port
from trueup.local import LocalError

FIRST_PORT = 8000
GATEWAY = "gateway"
REPLICA_STEP = 100
MOST_REPLICAS = 20


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of a service.

    The supervisor listens at its port and hands that socket to each of its lives: nobody else can take the port
    meanwhile, and who connects while it is being started again waits instead of being refused.
    """

    service: str
    number: int
    port: int
    listener: socket.socket

    @classmethod
    def claim(cls, service: str, number: int) -> "Replica":
        """Take a port for a replica: its usual one if that is free."""
        listener = claim_port(usual_port(service, number))
        return cls(service, number, listener.getsockname()[1], listener)

    @property
    def name(self) -> str:
        """``finance``, and ``finance-2`` for the second."""
        return self.service if self.number == 1 else f"{self.service}-{self.number}"

    @property
    def url(self) -> str:
        """Where others reach it."""
        return f"http://{LOOPBACK}:{self.port}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a supervisor is asked to run.

    Attributes:
        services: Names, in the order of starting.
        scale: Processes per service; 1 where it says nothing.
    """

    services: Sequence[str] = SERVICES
    scale: Mapping[str, int] = field(default_factory=dict)

    def replicas(self) -> list[Replica]:
        """Every process with a port of its own: the gateway's is 8000 if that is free, the others' follow it."""
        return [
            Replica.claim(service, number)
            for service in self.services
            for number in range(1, self.scale.get(service, 1) + 1)
        ]


def parse_scale(texts: Iterable[str]) -> dict[str, int]:
    """Read ``finance=2`` and ``all=2``; a service's own number wins over ``all``.

    Raises:
        LocalError: A text is something else.
    """
    scale: dict[str, int] = {}
    own: dict[str, int] = {}
    for text in texts:
        name, _, count = text.partition("=")
        if name not in ("all", *SERVICES) or not count.isdecimal() or not 1 <= int(count) <= MOST_REPLICAS:
            raise LocalError(
                f"--scale {text}: expected SERVICE=N or all=N with N from 1 to {MOST_REPLICAS}; "
                f"services are {', '.join(SERVICES)}"
            )
        if name == "all":
            scale = dict.fromkeys(SERVICES, int(count))
        else:
            own[name] = int(count)
    return scale | own


def usual_port(service: str, number: int = 1) -> int:
    """The port that a replica gets if it is free: 8000 for the gateway, then 8001, 8101 for its second."""
    others = [name for name in SERVICES if name != GATEWAY]
    offset = 0 if service == GATEWAY else 1 + others.index(service)
    return FIRST_PORT + offset + REPLICA_STEP * (number - 1)
