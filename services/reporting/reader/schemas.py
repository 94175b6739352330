"""Request and response bodies of the report mail's readers."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.platform.http.bodies import Answer, Body

MOST_READERS = 200


class ReadersBody(Body):
    """Who gets the monthly report by mail: members who may see all ventures; null: every owner and admin who may."""

    readers: Annotated[list[UUID], Field(max_length=MOST_READERS)] | None = Field(examples=[None])


class ReadersOut(Answer):
    """Who was chosen (null: nobody in particular), and who would get a letter now; version 0 while nothing is set."""

    version: int
    readers: list[UUID] | None
    in_force: list[UUID]
