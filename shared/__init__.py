"""What every service stands on: the kernel, the event contracts, the platform."""
