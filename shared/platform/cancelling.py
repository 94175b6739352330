"""Ending tasks whose cancellation got lost on its way."""

import asyncio


def end_if_cancelled() -> None:
    """Raise ``CancelledError`` in a task that was told to end but has not.

    ``asyncio.wait_for`` of Python 3.11, which clients use inside, drops a cancellation that comes together with the
    result, and a driver may answer with an error of the connection that was cut off. Endless loops ask here.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
