"""Is it authentic? Which anchor signed these bytes, about which subject, when. Pure over given bytes."""
