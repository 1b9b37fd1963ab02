"""Training classifiers from scratch by a recipe, and what is known of an accuracy that was measured."""
