"""Anyone: what a file or folder is, what it says of itself, and what fits to it; imports no PyTorch."""
