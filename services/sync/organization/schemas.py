"""Request and response bodies of an organization's sync settings."""

from typing import Literal

from shared.platform.http.bodies import Answer, Body

ProjectionMode = Literal["prompt", "auto"]


class SyncSettingsBody(Body):
    """How projections are handled when a plan changes financially: ask (prompt) or make new ones (auto)."""

    projection_mode: ProjectionMode


class SyncSettingsOut(Answer):
    """The settings in force; version 0 while they are the defaults."""

    version: int
    projection_mode: ProjectionMode
