"""The public face: one file a command, each with defaults for device, workers and progress. Commands call nothing below it."""
