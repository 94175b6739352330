"""What a value of a name looks like in the examples of the merged OpenAPI document.

A field that needs something else says so where it is declared: ``Field(examples=[...])``.
"""

import hashlib
import re
from typing import Any

DAY, MOMENT = "2026-03-31", "2026-03-31T09:30:00Z"

WORDS: dict[str, Any] = {
    "action": "submit",
    "address": "203.0.113.7",
    "api_version": "2026-01-28.clover",
    "base_currency": "MYR",
    "charge_id": "ch_3QxKopiLoop",
    "code": "2026-Q1",
    "currency": "MYR",
    "current_version": 4,
    "customer_id": "cus_QxKopiLoop",
    "customer_name": "Kedai Kopi Sdn Bhd",
    "definition": "Recurring revenue of one month, without tax and one-off amounts.",
    "description": "Coffee subscriptions for offices.",
    "detail": "The current version is 4; read it again and repeat your change on it.",
    "discount_id": "di_1QxKopiLoop",
    "dispute_id": "du_1QxKopiLoop",
    "access_token": "eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoiZXhhbXBsZSJ9.example.only",
    "email": "ada@example.com",
    "event_id": "evt_1QxKopiLoop",
    "expires_in": 900,
    "external_key": "KOPI-42",
    "external_url": "https://example.com/KOPI-42",
    "first_name": "Ada",
    "fiscal_year_start": 1,
    "founded_year": 2024,
    "industry": "Food and drink",
    "interval": "month",
    "invoice_id": "in_1QxKopiLoop",
    "key": "trueup_0197c7a45b1e70008000000000000001example",
    "label": "After the seed round",
    "last_name": "Lovelace",
    "legacy_customer_id": "K-1001",
    "login_url": "https://id.example.com/authorize",
    "logo_url": "https://example.com/logo.png",
    "message": "MRR is 12.4 % below its target.",
    "metric": "mrr",
    "month": "2026-03",
    "name": "Kopi Loop",
    "new_password": "correct horse battery staple",
    "next_cursor": "WyIyMDI2LTAzLTMxIl0",
    "note": "Agreed in the meeting of 31 March.",
    "object_id": "in_1QxKopiLoop",
    "owner": "Ada Lovelace",
    "password": "correct horse battery staple",
    "path": "/v1/organizations/0197c7a4-5b1e-7000-8000-000000000001/ventures",
    "payment_id": "pi_3QxKopiLoop",
    "payout_id": "po_1QxKopiLoop",
    "period": "2026-Q1",
    "plan_section": "financials",
    "price_id": "price_1QxKopiLoop",
    "reason": "The invoice was paid in April.",
    "refund_id": "re_3QxKopiLoop",
    "refresh_token": "x7QxKopiLoopExampleOnly",
    "role": "member",
    "segment": "Offices",
    "service": "finance",
    "slug": "kopi-loop",
    "stripe_account_id": "acct_1QxKopiLoop",
    "subscription_id": "sub_1QxKopiLoop",
    "suggested_action": "Look at the accounts that cancelled, or lower the target.",
    "tax_id": "C1234567890",
    "template": "quarterly",
    "time_zone": "Asia/Kuala_Lumpur",
    "timezone": "Asia/Kuala_Lumpur",
    "title": "Reach 100 paying customers",
    "token": "x7QxKopiLoopExampleOnly",
    "user_agent": "Mozilla/5.0",
    "venture_name": "Kopi Loop",
    "version": 3,
    "vision": "Every office brews its own.",
    "webhook_secret": "whsec_QxKopiLoopExampleOnly",
    "website": "https://example.com",
}
"""Values by the name of a field."""

ABSENT = re.compile(
    r"^(archived|revoked|reversed|withdrawn|retired|reinstated|failed|ended|canceled|dismissed)_(at|on)$|^error$|^superseded"
)
"""What most things do not have: an example leaves it out (null)."""

_DAYS = (
    (re.compile(r"^(start|start_on|from|since|counts_from|baseline_date|period_start)$"), "2026-01-01"),
    (re.compile(r"^(target_date|target_on|due_on|expires_on)$"), "2030-12-31"),
)
_MOMENTS = ((re.compile(r"^expires_at$"), "2030-12-31T00:00:00Z"),)
_DECIMALS = (
    (re.compile(r"_pct$"), "12.40"),
    (re.compile(r"(_share|_rate|growth|volatility|churn|ratio)$"), "0.0800"),
    (re.compile(r"_factor$"), "1.10"),
    (re.compile(r"_months$"), "14.00"),
    (re.compile(r"(_score|customers|quantity)$"), "80"),
)
_PATTERNS = (
    "MYR",
    "2026-03",
    "2026-Q1",
    DAY,
    "12450.30",
    "mrr",
    "kopi-loop",
    "acct_1QxKopiLoop",
    "whsec_QxKopiLoopExampleOnly",
    "4010",
    "12:30",
    "#206bc4",
)


def identity(name: str) -> str:
    """The id that a field of this name has in every example."""
    digits = hashlib.blake2b(name.encode(), digest_size=6).hexdigest()
    return f"0197c7a4-5b1e-7000-8000-{digits}"


def text(name: str, form: str | None, pattern: str | None) -> str:
    """A text for a field of a name, in the format that its schema asks for."""
    known = {
        "uuid": identity(name),
        "date": _first(_DAYS, name, DAY),
        "date-time": _first(_MOMENTS, name, MOMENT),
        "decimal": _first(_DECIMALS, name, "12450.30"),
        "uri": "https://example.com",
        "access_token": "eyJhbGciOiJFZDI1NTE5Iiwia2lkIjoiZXhhbXBsZSJ9.example.only",
        "email": "ada@example.com",
    }.get(form or "")
    candidates = [
        known,
        WORDS.get(name),
        *(_PATTERNS if pattern else ()),
        name.replace("_", " ").capitalize() or "Text",
    ]
    fitting = (each for each in candidates if isinstance(each, str) and (not pattern or re.search(pattern, each)))
    return next(fitting, "")


def _first(rules: tuple[tuple[re.Pattern[str], str], ...], name: str, otherwise: str) -> str:
    return next((value for pattern, value in rules if pattern.search(name)), otherwise)
