"""A private Sigstore of real processes on the loopback, and the certificates, tokens and timestamps around it."""
