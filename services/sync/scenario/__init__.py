"""Scenario: what a projection would be if growth, costs or the plan were different."""
