"""The least that a handler can be: the limit to approach."""
