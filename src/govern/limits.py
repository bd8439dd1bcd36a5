"""Every named bound on untrusted input, in one place, so that it can be seen and changed.

A read of bytes that somebody else controls takes one of these. The refusal names the bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from govern.errors import GovernError, LimitExceeded

KiB: Final = 1024
MiB: Final = 1024 * KiB
GiB: Final = 1024 * MiB


@dataclass(frozen=True, slots=True)
class Bound:
    """A maximum with a name.

    Args:
        name: how refusals call it; the name of the constant.
        value: the largest value that is accepted.
        unit: what is counted.
    """

    name: str
    value: int
    unit: str = "bytes"

    def check(self, got: int, what: str, error: type[GovernError] = LimitExceeded) -> int:
        """Return `got`, or raise `error` that names this bound.

        Args:
            got: the number to judge, in this bound's unit.
            what: what is being read, for the message.
            error: the class to raise; input of the user's own is `InvalidInput`.
        """
        if got > self.value:
            raise error(
                f"{what} is too large",
                got=f"{got} {self.unit}",
                expected=f"at most {self.value} {self.unit} ({self.name})",
                hint=f"nothing honest is this large; if it must be, {self.name} is in govern.limits",
            )
        return got


# --- what a registry or layout may hand us -------------------------------------------------------
MAX_MANIFEST: Final = Bound("MAX_MANIFEST", 4_194_304)
"""Distribution spec, "Pushing manifests": registries take at least 4 MiB, and hardly any takes more."""

MAX_INDEX: Final = Bound("MAX_INDEX", 8 * MiB)
"""A referrers page, or the fallback index."""

MAX_LAYOUT_INDEX: Final = Bound("MAX_LAYOUT_INDEX", 64 * MiB)
"""`index.json` of an image layout, which lists every manifest in it."""

MAX_CONFIG: Final = Bound("MAX_CONFIG", 4 * MiB)
MAX_BUNDLE: Final = Bound("MAX_BUNDLE", 16 * MiB)
"""A Sigstore bundle, which may carry a whole SBOM."""

MAX_LINE_BUNDLE: Final = Bound("MAX_LINE_BUNDLE", 1 * MiB)
"""A bundle on a line (FORMAT §5)."""

MAX_STATEMENT: Final = Bound("MAX_STATEMENT", 12 * MiB)
MAX_OMS_STATEMENT: Final = Bound("MAX_OMS_STATEMENT", 11 * MiB)
"""An OpenSSF model signature that we write, of some 80,000 files: in base64 it still fits MAX_BUNDLE."""

MAX_FILE_LIST: Final = Bound("MAX_FILE_LIST", 128 * MiB)
"""100,000 files take 23 MB."""

MAX_FILES: Final = Bound("MAX_FILES", 500_000, "files")
MAX_TREE: Final = Bound("MAX_TREE", 1_000_000, "files and folders")
"""Of one artifact. Each takes 240 bytes while they are compared; deep paths have more folders than files."""

MAX_LAYERS: Final = Bound("MAX_LAYERS", 20_000, "layers")
MAX_REFERRERS: Final = Bound("MAX_REFERRERS", 10_000, "records")
"""How many claims about one subject are read before a decision says that some were not."""

MAX_CLAIMS: Final = Bound("MAX_CLAIMS", 64 * MiB)
"""All records about one subject together, for they are held at once; what comes beyond counts as not read."""

MAX_PAGES: Final = Bound("MAX_PAGES", 1_000, "pages")
MAX_TAGS: Final = Bound("MAX_TAGS", 200_000, "tags")
MAX_ERROR_BODY: Final = Bound("MAX_ERROR_BODY", 64 * KiB)
MAX_TOKEN_BODY: Final = Bound("MAX_TOKEN_BODY", 128 * KiB)
MAX_HEADER_VALUE: Final = Bound("MAX_HEADER_VALUE", 16 * KiB)
MAX_REDIRECTS: Final = Bound("MAX_REDIRECTS", 5, "redirects")
MAX_BLOB: Final = Bound("MAX_BLOB", 1 << 50)
"""A size in a descriptor. One pebibyte; free space is checked before a pull as well."""

MAX_JSON_DEPTH: Final = Bound("MAX_JSON_DEPTH", 128, "levels")
MAX_ENTRIES: Final = Bound("MAX_ENTRIES", 400_000, "manifests")
"""In one index: a layout's, a referrers page, a fallback index."""

MAX_INSIDE: Final = Bound("MAX_INSIDE", 1_000, "characters")
"""A name or version inside an artifact, whoever made it."""

MAX_ANNOTATIONS: Final = Bound("MAX_ANNOTATIONS", 1_000, "annotations")
MAX_PATH: Final = Bound("MAX_PATH", 4_000)
"""A path inside an artifact (FORMAT §3); with its segments below."""

MAX_SEGMENT: Final = Bound("MAX_SEGMENT", 255)
MAX_SEGMENTS: Final = Bound("MAX_SEGMENTS", 128, "segments")
MAX_HELD: Final = Bound("MAX_HELD", 64 * MiB)
"""What a response that a script for oras-py does not stream may hold in memory."""

MAX_RATIO: Final = Bound("MAX_RATIO", 100, "bytes for each of the layer")
"""Of a directory's tar that such a script pulls; weights and texts compress less."""

FREE_OF_RATIO: Final = Bound("FREE_OF_RATIO", 64 * MiB)
"""Layers that unpack to no more than this may compress as well as they like."""

MAX_ARCHIVE_MEMBERS: Final = Bound("MAX_ARCHIVE_MEMBERS", 500_000, "members")
"""Of a tar that holds an image layout. Where each is takes 300 bytes of memory."""

MAX_GRAPH: Final = Bound("MAX_GRAPH", 1_000, "manifests")
"""Below one that is copied: an index of manifests, which may be indexes themselves."""

MAX_CARRIED: Final = Bound("MAX_CARRIED", 4, "levels")
"""Referrers of referrers that are copied: a signature about an SBOM about an artifact is two."""

MAX_DEPENDENCIES: Final = Bound("MAX_DEPENDENCIES", 1_000, "artifacts")
"""What one copy follows to, over all levels of --depth."""

MAX_MEMBER_HEADER: Final = Bound("MAX_MEMBER_HEADER", 1 * MiB)
"""A long name in a tar, which is read into memory."""

MAX_TIMESTAMP: Final = Bound("MAX_TIMESTAMP", 64 * KiB)
MAX_TIMESTAMPS: Final = Bound("MAX_TIMESTAMPS", 32, "timestamps")
"""In one bundle; sigstore-go and sigstore-python take as many."""

MAX_SERVICE_ANSWER: Final = Bound("MAX_SERVICE_ANSWER", 1 * MiB)
"""Of a certificate authority, a transparency log, a timestamp authority or an OpenID provider."""

MAX_ID_TOKEN: Final = Bound("MAX_ID_TOKEN", 64 * KiB)
MAX_CERTIFICATE: Final = Bound("MAX_CERTIFICATE", 64 * KiB)
MAX_CHAIN: Final = Bound("MAX_CHAIN", 10, "certificates")
MAX_IDENTITY: Final = Bound("MAX_IDENTITY", 2_000, "characters")
"""An issuer or a subject in a certificate."""

MAX_CHECKPOINT: Final = Bound("MAX_CHECKPOINT", 128 * KiB, "characters")
"""A log's signed tree head; notes must be let have 16 signatures, of nearly 5 kB after quantum computers."""

MAX_NOTE_SIGNATURES: Final = Bound("MAX_NOTE_SIGNATURES", 100, "signatures")
MAX_PROOF_HASHES: Final = Bound("MAX_PROOF_HASHES", 63, "hashes")
"""Of an audit path in a log whose size fits 63 bits."""

MAX_LOG_BODY: Final = Bound("MAX_LOG_BODY", 1 * MiB)
"""The body of a log entry: digest, signature and certificate take a few kB."""

MAX_LOG_ENTRIES: Final = Bound("MAX_LOG_ENTRIES", 32, "log entries")
"""In one bundle; sigstore-go takes as many."""

# --- what the user's own files may be ------------------------------------------------------------
MAX_POLICY: Final = Bound("MAX_POLICY", 4 * MiB)
MAX_METADATA: Final = Bound("MAX_METADATA", 4 * MiB)
MAX_PREDICATE: Final = Bound("MAX_PREDICATE", 8 * MiB)
MAX_IMPORTED: Final = Bound("MAX_IMPORTED", 64 * MiB)
"""A file of bundles that others signed."""

MAX_KEY_FILE: Final = Bound("MAX_KEY_FILE", 64 * KiB)
MAX_TRUSTED_ROOT: Final = Bound("MAX_TRUSTED_ROOT", 1 * MiB)
"""A Sigstore instance's keys and certificates; the public one's take 7 kB."""

MAX_ANCHORS: Final = Bound("MAX_ANCHORS", 200, "logs or authorities")
"""Of one kind in a trusted root."""

MAX_REVOCATION_LIST: Final = Bound("MAX_REVOCATION_LIST", 32 * MiB)
MAX_LOCK: Final = Bound("MAX_LOCK", 128 * MiB)
MAX_SETTINGS: Final = Bound("MAX_SETTINGS", 1 * MiB)
MAX_CREDENTIALS: Final = Bound("MAX_CREDENTIALS", 4 * MiB)
MAX_SCRYPT: Final = Bound("MAX_SCRYPT", 1 * GiB)
"""Memory to open a key of cosign's; the ones that it writes take 64 MiB."""

MAX_JOURNAL: Final = Bound("MAX_JOURNAL", 64 * MiB)
"""The records of one push, written down before they are sent."""

MAX_METADATA_RECORD: Final = Bound("MAX_METADATA_RECORD", 512 * KiB)
"""A registration is attached to the line, where bundles above MAX_LINE_BUNDLE are refused (FORMAT §5)."""

MAX_LISTED: Final = Bound("MAX_LISTED", 1_000, "entries")
"""Datasets, base models, metrics, hyperparameters: of each in a metadata file."""

MAX_OWNERS: Final = Bound("MAX_OWNERS", 100, "people")
MAX_LOCK_FILES: Final = Bound("MAX_LOCK_FILES", 100, "files")
MAX_LOCATION: Final = Bound("MAX_LOCATION", 2_000, "characters")
"""An id, a URL or a place in a metadata file."""

MAX_DECIMAL: Final = Bound("MAX_DECIMAL", 100, "characters")
MAX_LICENCE: Final = Bound("MAX_LICENCE", 1_000, "characters")
MAX_GIT_OUTPUT: Final = Bound("MAX_GIT_OUTPUT", 16 * MiB)
"""What one git command may print; a status of this size is of a tree that nobody committed."""

MAX_GIT_TAGS: Final = Bound("MAX_GIT_TAGS", 16, "tags")
"""Tags of one commit that a record says; more are left out."""

MAX_CAPTURED: Final = Bound("MAX_CAPTURED", 500, "characters")
"""One value that was captured; what is longer is cut, after it was searched for secrets."""

MAX_CI_EVENT: Final = Bound("MAX_CI_EVENT", 32 * MiB)
"""What a CI system wrote about the event that started a run; GitHub sends 25 MB at most."""

MAX_SCANNED: Final = Bound("MAX_SCANNED", 20_000, "entries")
"""Of one folder in which lock files are looked for."""

MAX_LOCKED: Final = Bound("MAX_LOCKED", 64, "files")
"""Lock files of package managers that a record says; more are counted."""

MAX_LOCK_SIZE: Final = Bound("MAX_LOCK_SIZE", 64 * MiB)
"""Of one lock file of a package manager."""

MAX_DVC_FILE: Final = Bound("MAX_DVC_FILE", 4 * MiB)
MAX_DVC_FILES: Final = Bound("MAX_DVC_FILES", 1_000, "files")
"""Files of DVC's in one repository that are read."""

MAX_DVC_READ: Final = Bound("MAX_DVC_READ", 16 * MiB)
"""Of all these files together."""

MAX_DVC_TRACKED: Final = Bound("MAX_DVC_TRACKED", 2_000, "entries")
"""Outputs and dependencies in all these files; they are compared with each other."""

MAX_DVC_ENTRIES: Final = Bound("MAX_DVC_ENTRIES", 256, "entries")
"""What DVC says that a record says too; more are counted."""

MAX_DVC_PARAMETERS: Final = Bound("MAX_DVC_PARAMETERS", 256, "parameters")
"""Of one stage of DVC's that a record says; more are counted."""

MAX_DVC_HASHED: Final = Bound("MAX_DVC_HASHED", 1 * GiB)
"""Data under DVC that is read at one push, to see whether it is what DVC says; 2 s."""

MAX_DVC_TREE: Final = Bound("MAX_DVC_TREE", 10_000, "files")
"""In one directory under DVC."""

MAX_COMMAND: Final = Bound("MAX_COMMAND", 16 * KiB, "characters")
"""A command line that is read to be made safe; of a longer one nothing is said."""

MAX_CODE_FILES: Final = Bound("MAX_CODE_FILES", 50_000, "files")
"""In a directory of code that a metadata file names."""

MAX_CODE_SIZE: Final = Bound("MAX_CODE_SIZE", 1 * GiB)
MAX_LOGS: Final = Bound("MAX_LOGS", 100, "files")
MAX_LOG_SIZE: Final = Bound("MAX_LOG_SIZE", 4 * GiB)
"""A log that a metadata file names and that is not packed."""

MAX_INLINE: Final = Bound("MAX_INLINE", 64 * KiB)
"""Metrics that a provenance carries itself; of more it says the digest."""

MAX_HARDWARE: Final = Bound("MAX_HARDWARE", 64 * KiB)
"""What is read of one source about a machine: 40 processors of `/proc/cpuinfo`, of which the first is enough."""

MAX_GPUS: Final = Bound("MAX_GPUS", 64, "processors")
MAX_HEADER: Final = Bound("MAX_HEADER", 32 * MiB)
"""A safetensors header: 400,000 tensors. The reference reader caps it at 100 MB, which takes gigabytes to read."""

MAX_GGUF_STRING: Final = Bound("MAX_GGUF_STRING", 16 * MiB)
MAX_GGUF_ENTRIES: Final = Bound("MAX_GGUF_ENTRIES", 1_000_000, "entries")
MAX_GGUF_DEPTH: Final = Bound("MAX_GGUF_DEPTH", 4, "levels")
MAX_ONNX_SCAN: Final = Bound("MAX_ONNX_SCAN", 4_000_000, "fields")
"""20,000 convolutions and their weights take 500,000."""

MAX_ONNX_DEPTH: Final = Bound("MAX_ONNX_DEPTH", 16, "levels")
MAX_ZIP_MEMBERS: Final = Bound("MAX_ZIP_MEMBERS", 100_000, "members")
MAX_ZIP_DIRECTORY: Final = Bound("MAX_ZIP_DIRECTORY", 16 * MiB)
"""The central directory of a zip; 100,000 members with names of a usual length take 12 MB."""

MAX_ZIP_DEPTH: Final = Bound("MAX_ZIP_DEPTH", 4, "levels")
"""Zips and compressed files inside of each other."""

MAX_NPY_HEADER: Final = Bound("MAX_NPY_HEADER", 64 * KiB)
MAX_PICKLE_OPCODES: Final = Bound("MAX_PICKLE_OPCODES", 2_000_000, "opcodes")
"""Looked at in one file and all that is packed into it; other files than pickles have a handful."""

MAX_PICKLE_UNPACKED: Final = Bound("MAX_PICKLE_UNPACKED", 4 * GiB)
"""Of all compressed streams in one file. 100,000 members that are no pickles take 0.8 GB; a text that
happens to begin like a long string of a pickle takes at most the 2 GiB that letters can say."""

MAX_NESTED_ZIP: Final = Bound("MAX_NESTED_ZIP", 64 * MiB)
"""A zip that is compressed itself, which is held in memory to be looked into."""

MAX_LZMA: Final = Bound("MAX_LZMA", 512 * MiB)
"""Memory to unpack one stream: `xz -9` needs 65 MiB; a header that asks for 4 GiB is not obeyed."""

SCANNED_FOR_SECRETS: Final = Bound("SCANNED_FOR_SECRETS", 1 * MiB)
"""How much of a text file is searched; a token file is small, and weights are not text."""

# --- the format's own numbers (FORMAT §3, §5) ----------------------------------------------------
MAX_NAME: Final = Bound("MAX_NAME", 200, "characters")
MAX_TEXT: Final = Bound("MAX_TEXT", 10_000, "characters")
"""Free text in a record: a reason, a note."""

MAX_SAW: Final = Bound("MAX_SAW", 64, "records")
MAX_NOTES: Final = Bound("MAX_NOTES", 1_000, "entries")
"""Of one annotation."""

MAX_NOTE_NAME: Final = Bound("MAX_NOTE_NAME", 200, "characters")
MAX_PUSHED_MANIFEST: Final = Bound("MAX_PUSHED_MANIFEST", 4_000_000)

# --- transfer ------------------------------------------------------------------------------------
BUFFER_BYTES: Final = 1 * MiB
"""One buffer per worker; peak memory is a number of these, not of files."""

CACHED_OBJECT: Final = Bound("CACHED_OBJECT", 4 * MiB)
"""Objects up to here are cached by digest; weights never are."""
