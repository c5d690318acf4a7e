"""What kind of file some bytes are, by how they begin: only kinds that a browser may show without danger."""

MAGIC_PREFIXES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"OggS", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "audio/webm"),
    (b"ID3", "audio/mpeg"),
    (b"%PDF-", "application/pdf"),
)
RIFF_TYPES = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}


def detect_media_type(content: bytes) -> str:
    """The media type; empty where it is none of the harmless ones."""
    if content[:4] == b"RIFF":
        return RIFF_TYPES.get(content[8:12], "")
    return next((media_type for prefix, media_type in MAGIC_PREFIXES if content.startswith(prefix)), "")
