"""A venture: one business of the organization that has a plan and actuals."""
