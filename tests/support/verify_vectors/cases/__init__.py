"""The vectors, a file for each theme."""
