"""Training masks: bi-level optimisation, noise of single images, and generators of noise."""
