"""oras-py's `Registry` over this engine, so that a script written for oras-py 0.2.43 runs on it unchanged.

    from govern.store.oras_adapter import GovernRegistry as OrasClient

The script gains: digests and sizes that are checked, streams instead of whole files in memory, credentials that stay
with their host, time-outs and retries, paths that stay in their directory, and files that are whole or not there.
What cannot be done safely is refused, with the way that can. Nothing is decided here: whether an artifact may be used
is what `govern verify` and `govern pull` say.

The only module that imports `oras`, and nothing else imports it.
"""

from __future__ import annotations
