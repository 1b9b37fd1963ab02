"""What anyone can measure of a folder: what it trains to, what adversaries recover, what is left to learn."""
