"""The pages: what they say, what they escape, and who may see them."""
