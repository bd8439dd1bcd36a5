"""Every signer and every verifier of the table in `tests/signing/test_matrix.py`, as the real programs."""
