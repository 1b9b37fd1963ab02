"""Where levels lie, and how they are searched."""
