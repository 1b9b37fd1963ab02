"""Speed and memory of commands, trainings and files."""
