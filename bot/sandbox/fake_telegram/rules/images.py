"""Images: read type and size from the first bytes, and make plain ones to send."""

import struct
import zlib

SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
JPEG_SIZE_MARKERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # the markers that carry height and width


def detect_image_type(content: bytes) -> str:
    """Return the media type of a PNG, JPEG, GIF or WebP image, or "" for anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for prefix, media_type in SIGNATURES if content.startswith(prefix)), "")


def read_image_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels of a PNG, JPEG, GIF or WebP image; None if it is broken or none of these."""
    try:
        return _parse_image_size(content)
    except (struct.error, IndexError):
        return None


def _parse_image_size(content: bytes) -> tuple[int, int] | None:
    match detect_image_type(content):
        case "image/png":
            width, height = struct.unpack_from(">II", content, 16)
            return width, height
        case "image/gif":
            width, height = struct.unpack_from("<HH", content, 6)
            return width, height
        case "image/jpeg":
            return _parse_jpeg_size(content)
        case "image/webp":
            return _parse_webp_size(content)
    return None


def _parse_jpeg_size(content: bytes) -> tuple[int, int] | None:
    position = 2
    while content[position] == 0xFF:
        marker = content[position + 1]
        if marker in JPEG_SIZE_MARKERS:
            height, width = struct.unpack_from(">HH", content, position + 5)
            return width, height
        (length,) = struct.unpack_from(">H", content, position + 2)
        position += 2 + length
    return None


def _parse_webp_size(content: bytes) -> tuple[int, int] | None:
    match content[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(content[24:27], "little"), 1 + int.from_bytes(content[27:30], "little")
        case b"VP8L":
            bits = int.from_bytes(content[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", content, 26)
            return width & 0x3FFF, height & 0x3FFF
    return None


def plain_png(width: int = 640, height: int = 480, grey: int = 200) -> bytes:
    """Make a PNG of a single shade of grey (0 to 255)."""
    rows = (b"\0" + bytes([grey]) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_encode_chunk(kind, data) for kind, data in chunks)


def _encode_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
