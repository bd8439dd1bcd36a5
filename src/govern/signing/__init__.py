"""Signers and verifiers that need files, devices, services or heavy libraries."""
