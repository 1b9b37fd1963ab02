"""What masks hide, and what gives it back."""
