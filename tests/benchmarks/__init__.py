"""Benchmarks: ratios against peers in one run. Never timed tests; run them by hand, on a quiet machine."""
