"""Reads the parameters of a call from the address and the body: form, JSON, or multipart with files."""

import json
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

from bot.sandbox.fake_telegram.rules.schema import Upload

Json = dict[str, Any]


def parameters(query: str, content_type: str, body: bytes) -> Json:
    """All parameters of a call, not yet decoded."""
    found: Json = dict(parse_qsl(query, keep_blank_values=True))
    header = _header(content_type)
    match header.get_content_type():
        case "application/json":
            found |= json.loads(body or b"{}")
        case "multipart/form-data":
            found |= _multipart(body, str(header.get_param("boundary")).encode())
        case "application/x-www-form-urlencoded":
            found |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    return found


def _header(value: str, name: str = "Content-Type") -> Message:
    message = Message()
    message[name] = value or "text/plain"
    return message


def _multipart(body: bytes, boundary: bytes) -> Json:
    found: Json = {}
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        content = content.removesuffix(b"\r\n")
        lines = (line.partition(":") for line in head.decode().split("\r\n"))
        headers = {name.lower(): value.strip() for name, _, value in lines}
        given = _header(headers["content-disposition"], "Content-Disposition")
        name, filename = (given.get_param(key, header="Content-Disposition") for key in ("name", "filename"))
        mime = headers.get("content-type", "")
        found[str(name)] = Upload(str(filename), content, mime) if filename else content.decode()
    return found
