"""The metadata file: its fields, its reading, and what of it is signed."""
