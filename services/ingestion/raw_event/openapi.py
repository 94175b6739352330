"""The webhook endpoint in the OpenAPI document: it answers outside the framework, so it is told here."""

from typing import Any

from shared.platform.http.problems import problem_responses

PATHS: dict[str, Any] = {
    "/webhooks/stripe/{connection_id}": {
        "post": {
            "tags": ["webhooks"],
            "summary": "Receive a Stripe event",
            "description": (
                "For Stripe: the raw body, signed by one of the connection's secrets and at most 300 seconds old. "
                "200 says that the event is stored; a repeat is answered 200 and changes nothing."
            ),
            "operationId": "receiveStripeEvent",
            "parameters": [
                {
                    "name": "connection_id",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string", "format": "uuid"},
                },
                {
                    "name": "Stripe-Signature",
                    "in": "header",
                    "required": True,
                    "schema": {"type": "string", "example": "t=1767225600,v1=5257a8..."},
                },
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {"type": "object", "description": "A Stripe event"},
                        "example": {
                            "id": "evt_1QxKopiLoop",
                            "object": "event",
                            "type": "payment_intent.succeeded",
                            "created": 1774949400,
                            "livemode": False,
                            "data": {"object": {"id": "pi_3QxKopiLoop", "object": "payment_intent"}},
                        },
                    }
                },
            },
            "responses": {
                "200": {"description": "The event is stored", "content": {"application/json": {"schema": {}}}},
                **{str(status): response for status, response in problem_responses(400, 404, 413, 503).items()},
            },
        }
    }
}
"""Path items for the service's OpenAPI document."""
