"""hideseek: publish a labelled picture folder that everyone can look at and only a buyer can train on."""

__version__ = "0.1.0"
