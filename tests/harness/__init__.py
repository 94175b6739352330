"""What tests stand on: real engines, and services that run in the test's own process."""
