"""Charts over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.sync.chart.drawing import Drawing, Format
from services.sync.chart.rules import Line, Measure, comparison_chart
from services.sync.projection.endpoints import found_projection
from services.sync.projection.models import Projection
from shared.contracts.sync import ProjectionMonth
from shared.platform.http.call import Call
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["projections"])

_MEDIA = {"svg": "image/svg+xml", "png": "image/png"}
_PICTURE = {200: {"content": {media: {"schema": {"type": "string", "format": "binary"}} for media in _MEDIA.values()}}}


@router.get(
    "/ventures/{venture_id}/projections/compare/chart",
    operation_id="drawComparedProjections",
    response_class=Response,
    responses=_PICTURE,
)
async def draw_compared_projections(
    venture_id: UUID,
    call: Call,
    request: Request,
    a: Annotated[UUID, Query(description="One projection")],
    b: Annotated[UUID, Query(description="The other")],
    *,
    measure: Annotated[Measure, Query(description="What is drawn")] = Measure.REVENUE,
    form: Annotated[Format, Query(alias="format", description="svg or png")] = "svg",
) -> Response:
    """Two projections of the venture side by side, as a picture."""
    one, other = await found_projection(call, venture_id, a), await found_projection(call, venture_id, b)
    chart = comparison_chart(_line(one), _line(other), measure, one.currency)
    # One per process: how many charts are drawn at a time is a matter of the machine's memory.
    state = request.app.state
    if not hasattr(state, "drawing"):
        state.drawing = Drawing()
    drawing: Drawing = state.drawing
    return Response(await drawing.draw(chart, form), media_type=_MEDIA[form])


def _line(row: Projection) -> Line:
    return Line(row.name, [ProjectionMonth.model_validate(month) for month in row.months])
