"""One function per verb. They return values, and never print or exit."""
