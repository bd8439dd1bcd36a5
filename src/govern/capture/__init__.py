"""What the environment knows and nobody should have to type: git, CI, the machine, and provenance made of it."""
