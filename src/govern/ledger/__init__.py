"""Records folded to what holds at a time. Pure."""
