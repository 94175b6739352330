"""What every service runs on: database edges, bus, HTTP, auth, telemetry."""
