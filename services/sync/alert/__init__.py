"""Alert: a deviation that a person should see."""
