"""What makes `tests/vectors/verify`, and what runs it. Nothing here is random: the same code makes the same bytes."""
