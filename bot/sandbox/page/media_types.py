"""What kind of file some bytes are, by how they begin: only kinds that a browser may show without danger."""

SIGNS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"OggS", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "audio/webm"),
    (b"ID3", "audio/mpeg"),
    (b"%PDF-", "application/pdf"),
)
RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}


def mime(content: bytes) -> str:
    """The media type; empty where it is none of the harmless ones."""
    if content[:4] == b"RIFF":
        return RIFF.get(content[8:12], "")
    return next((kind for sign, kind in SIGNS if content.startswith(sign)), "")
