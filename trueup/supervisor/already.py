"""Whether a system runs in this state folder."""

from trueup.local import State


def runs_already(state: State) -> bool:
    """Whether a supervisor holds the folder and everything is ready."""
    return state.is_held() and state.ready_file.exists()
