"""What could not be delivered: messages that a service gave up, and events that the bus refused."""
