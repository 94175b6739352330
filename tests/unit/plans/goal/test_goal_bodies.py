import pytest
from pydantic import ValidationError

from services.plans.goal.schemas import GoalChange, NewGoal
from services.plans.milestone.schemas import MilestoneChange


def test_a_description_may_be_null_and_is_not_too_long():
    assert NewGoal(title="Sell", description=None).description is None
    assert GoalChange(description=" ").description is None
    assert MilestoneChange(description=None).description is None
    with pytest.raises(ValidationError, match="at most 10000"):
        GoalChange(description="x" * 10_001)
