"""`govern demo`: the whole main job on a small real model, each command shown before it runs."""
