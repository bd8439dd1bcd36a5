"""Statements, envelopes and bundles: exact bytes in, exact bytes out. No I/O, no cryptography."""
