"""The public face: one file a function, each with defaults for device, workers and progress. Commands call nothing below it."""
