from services.plans.activity.rules import ActivityKind, sentence

DETAIL = {
    "name": "Kopi",
    "title": "Ten customers",
    "version": 3,
    "restored_from": 1,
    "label": "Series A",
    "reason": "late",
    "reached_on": "2026-03-31",
    "fields": [f"strategy.f{number}" for number in range(7)],
}


def test_every_kind_has_a_sentence() -> None:
    assert all(sentence(kind, DETAIL) for kind in ActivityKind)


def test_fields_are_named_and_cut_after_five() -> None:
    assert sentence(ActivityKind.PLAN_SAVED, DETAIL) == "Saved version 3 of the plan: f0, f1, f2, f3, f4 and 2 more"
    assert sentence(ActivityKind.VENTURE_CHANGED, {"fields": ["stage"]}) == "Changed the venture: stage"
