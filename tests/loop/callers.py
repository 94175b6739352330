"""Hooks of Schemathesis: each request is somebody's, in turn, and what somebody may not do is not done.

Loaded by Schemathesis itself (``SCHEMATHESIS_HOOKS``), which is a process of its own in a folder of the test's:
``callers.json`` says who they are, and every call goes out as a line of ``calls``.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import schemathesis
from schemathesis.checks import CheckContext
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.generation.meta import CoveragePhaseData
from schemathesis.hooks import HookContext
from schemathesis.specs.openapi import checks

from shared.contracts.identity import Role

ALIKE = 4
_SPARED = "x-spares"
"""In an operation of the document: to these callers it would be the end, so they do not call it."""

CONFORMANCE = (
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
)


@dataclass(frozen=True)
class Caller:
    """Somebody who calls. Without a role: nobody."""

    name: str
    token: str | None
    role: Role | None


class Turns:
    """Who calls next, by operation and kind of case; and what they were answered."""

    def __init__(self) -> None:
        self._turns: Counter[tuple[str, str]] = Counter()
        self._chosen: dict[str, Caller] = {}
        self._calls = Path("calls").open("a", encoding="utf8")  # noqa: SIM115 - as long as the process
        known = json.loads(Path("callers.json").read_text(encoding="utf8"))
        self.gateway: str = known["gateway"]
        self._callers = [
            Caller(said["name"], said["token"], Role(said["role"]) if said["role"] else None)
            for said in known["callers"]
        ]

    def of(self, operation: dict[str, Any]) -> list[Caller]:
        """All who may call an operation."""
        return [each for each in self._callers if each.name not in operation.get(_SPARED, [])]

    def caller(self, case: Case) -> Caller:
        """Who calls this case: whoever was chosen, else the next."""
        if case.id not in self._chosen:
            callers = self.of(case.operation.definition.raw)
            place = (case.operation.label, str(case.meta and case.meta.generation.mode))
            self._chosen[case.id] = callers[self._turns[place] % len(callers)]
            self._turns[place] += 1
        return self._chosen[case.id]

    def choose(self, case: Case, caller: Caller) -> None:
        """Let somebody call a case."""
        self._chosen[case.id] = caller

    def alike(self, case: Case, kind: object) -> int:
        """The how-many-th case of this kind it is for its operation."""
        place = (case.operation.label, str(kind))
        self._turns[place] += 1
        return self._turns[place]

    def called(self, case: Case, status: int) -> None:
        """Note an answer."""
        line = [self.caller(case).name, case.operation.definition.raw["operationId"], status]
        self._calls.write(json.dumps(line) + "\n")
        self._calls.flush()


_turns = Turns()
_session = requests.Session()


@schemathesis.hook
def filter_case(context: HookContext, case: Case) -> bool:
    """Of many systematic cases that differ little, a few: a body of a hundred fields has them for each."""
    del context
    if case.meta is None or not isinstance(case.meta.phase.data, CoveragePhaseData):
        return True
    data = case.meta.phase.data
    kind = (case.meta.generation.mode, data.scenario, data.parameter_location, data.parameter)
    return _turns.alike(case, kind) <= ALIKE


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Send the token of whose turn it is."""
    del context, kwargs
    caller = _turns.caller(case)
    case.headers.pop("Authorization", None)
    if caller.token is not None:
        case.headers["Authorization"] = f"Bearer {caller.token}"


@schemathesis.hook
def after_call(context: HookContext, case: Case, response: Response) -> None:
    """Write down who called what."""
    del context
    if _meant(case):
        _turns.called(case, response.status_code)


@schemathesis.check
def no_more_than_the_role(ctx: CheckContext, response: Response, case: Case) -> None:
    """What a role does not allow is refused, to nobody before all; and who has a token is known."""
    del ctx
    needs = case.operation.definition.raw.get("x-needs-role")
    if needs is None or not _meant(case):
        return
    caller, status = _turns.caller(case), response.status_code
    if caller.role is None or not caller.role.covers(Role(needs)):
        assert status >= 400, f"{caller.name} may not do this, and got {status}"
    if caller.role is not None:
        assert status != 401, f"{caller.name} has a token, and is not known"


@schemathesis.check
def everybody(ctx: CheckContext, response: Response, case: Case) -> None:
    """The first valid case of an operation is called by everybody, and each answer conforms."""
    if not case.meta or not case.meta.generation.mode.is_positive or _turns.alike(case, "called by everybody") > 1:
        return
    asked = _turns.caller(case)
    for caller in _turns.of(case.operation.definition.raw):
        if caller is asked:
            continue
        again = case.derive()
        _turns.choose(again, caller)
        answer = again.call(base_url=_turns.gateway, session=_session, timeout=30)
        for check in (*CONFORMANCE, no_more_than_the_role):
            check(ctx, answer, again)


def _meant(case: Case) -> bool:
    """Whether it is the operation that is called, and no method that it does not have."""
    return case.method.upper() == case.operation.method.upper()
