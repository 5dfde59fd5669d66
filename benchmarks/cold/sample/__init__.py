"""The handler that the official samples would have one write, on the official SDK."""
