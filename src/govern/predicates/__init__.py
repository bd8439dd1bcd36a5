"""What records say: one file per kind, each a frozen model, its type URI, and the question it answers."""
