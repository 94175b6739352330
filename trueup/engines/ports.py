"""Free ports on the loopback address."""

import random
import socket

LOOPBACK = "127.0.0.1"
BACKLOG = 4096
SELDOM_TAKEN = range(20_000, 32_000)
TRIES = 20


def is_free(port: int) -> bool:
    """Whether a server could listen on a loopback port now."""
    with socket.socket() as probe:
        # servers set it too: a port whose last connections only linger in TIME_WAIT is free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def claim_port(preferred: int = 0) -> socket.socket:
    """Listen on the preferred port if it is free, else on one that the system picks.

    Unlike a port that was only found free, nobody else can have it from now on.
    """
    for port in (preferred, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            continue
        return listener
    raise OSError("the system has no free port")


def choose_port(preferred: int = 0) -> int:
    """The preferred port if it is free, else some free one.

    Not one of those that the system gives to outgoing connections, if possible: an engine that is started again finds
    its port taken by one.
    """
    if preferred and is_free(preferred):
        return preferred
    for port in random.sample(SELDOM_TAKEN, TRIES):
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        given: int = probe.getsockname()[1]
        return given
