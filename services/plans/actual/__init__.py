"""The newest actual of each kind, as sync told it: goals and milestones are held against it."""
