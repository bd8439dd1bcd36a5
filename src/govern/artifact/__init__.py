"""Path ⇄ artifact: deterministic packing, safe unpacking, what file headers say."""
