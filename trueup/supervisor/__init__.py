"""One supervisor runs engines and services of a state folder as processes, and leaves none behind."""

from trueup.supervisor.children import Task
from trueup.supervisor.plan import Plan, parse_scale
from trueup.supervisor.system import Supervisor

__all__ = ["Plan", "Supervisor", "Task", "parse_scale"]
