"""The real engines, from ordinary Python wheels: PostgreSQL and a NATS server with JetStream.

``PostgresServer(state_dir).start()`` and ``NatsServer(state_dir, users).start()`` run them on the loopback
address with passwords, clean up what a killed predecessor left, and keep their data between starts.
"""

from trueup.engines.nats import NatsServer, NatsUser
from trueup.engines.postgres import PostgresServer
from trueup.engines.processes import EngineError

__all__ = ["EngineError", "NatsServer", "NatsUser", "PostgresServer"]
