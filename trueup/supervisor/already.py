"""Whether a system runs in this state folder."""

from trueup.local import LocalError, State


def runs_already(state: State) -> bool:
    """Whether a supervisor holds the folder and everything is ready."""
    try:
        state.lock().close()
    except LocalError:
        return state.ready_file.exists()
    return False
