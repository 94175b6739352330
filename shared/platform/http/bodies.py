"""Request bodies: unknown fields are mistakes, and are named."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
"""A short name for people."""

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
"""A remark."""


class Body(BaseModel):
    """Base of request bodies."""

    model_config = ConfigDict(extra="forbid")


class Answer(BaseModel):
    """Base of response bodies."""

    model_config = ConfigDict(from_attributes=True)
