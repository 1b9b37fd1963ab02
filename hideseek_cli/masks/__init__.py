"""The integer arithmetic of masks, by which publishing and cleaning are exact, and the keys behind them. No PyTorch."""
