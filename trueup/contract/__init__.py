"""What the event classes become for other teams: JSON Schemas, an AsyncAPI document, a catalogue page."""
