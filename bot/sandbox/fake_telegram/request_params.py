"""Read the parameters of a call from query string and body: form, JSON, or multipart with files."""

import json
from email.message import Message
from urllib.parse import parse_qsl

from bot.sandbox.fake_telegram.rules.schema import Json, Upload


def parse_params(query: str, content_type: str, body: bytes) -> Json:
    """Return all parameters of a call, not yet decoded: text, JSON values or `Upload`."""
    params: Json = dict(parse_qsl(query, keep_blank_values=True))
    header = _parse_header(content_type)
    match header.get_content_type():
        case "application/json":
            params |= json.loads(body or b"{}")
        case "multipart/form-data":
            params |= _parse_multipart(body, str(header.get_param("boundary")).encode())
        case "application/x-www-form-urlencoded":
            params |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    return params


def _parse_header(value: str, name: str = "Content-Type") -> Message:
    message = Message()
    message[name] = value or "text/plain"
    return message


def _parse_multipart(body: bytes, boundary: bytes) -> Json:
    params: Json = {}
    for part in body.split(b"--" + boundary)[1:-1]:
        header_block, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        content = content.removesuffix(b"\r\n")
        header_lines = (line.partition(":") for line in header_block.decode().split("\r\n"))
        headers = {name.lower(): value.strip() for name, _, value in header_lines}
        disposition = _parse_header(headers["content-disposition"], "Content-Disposition")
        name, filename = (disposition.get_param(key, header="Content-Disposition") for key in ("name", "filename"))
        params[str(name)] = Upload(str(filename), content) if filename else content.decode()
    return params
