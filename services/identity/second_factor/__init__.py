"""The second factor: time-based codes (TOTP, RFC 6238) and recovery codes."""
