"""hideseek: publish a labelled image folder that everyone can look at and only a buyer can train on."""

__version__ = "0.1.0"
