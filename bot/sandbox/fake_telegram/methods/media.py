"""Methods that send pictures and files, change them in place, and give them back."""

from typing import Any

from bot.sandbox.fake_telegram.methods import sending
from bot.sandbox.fake_telegram.methods.registry import api_method
from bot.sandbox.fake_telegram.rules import image_size, limits
from bot.sandbox.fake_telegram.rules.schema import ATTACH_PREFIX, Upload
from bot.sandbox.fake_telegram.world import files
from bot.sandbox.fake_telegram.world.objects import omit_none
from bot.sandbox.fake_telegram.world.world import World

Json = dict[str, Any]

KIND_BY_METHOD = {"sendPhoto": "photo", "sendDocument": "document", "sendVoice": "voice", "sendAudio": "audio",
         "sendVideo": "video", "sendAnimation": "animation", "sendSticker": "sticker"}  # fmt: skip
ALBUM_LIMIT = 10
DETAIL_PARAMS = {"voice": ("duration",), "audio": ("duration", "performer", "title"),
         "video": ("duration", "width", "height"), "animation": ("duration", "width", "height")}  # fmt: skip
UNMIXABLE_KINDS = ("document", "audio")  # kinds that form an album only among themselves


def _register_send_method(method: str, kind: str) -> None:
    """One kind of media: the method that sends it."""

    def send_media(world: World, params: Json) -> Json:
        chat = world.find_writable_chat(params["chat_id"])
        content = media_content(world, kind, params[kind], params)
        return sending.post_bot_message(world, chat, params, content | _caption_with_flags(world, params))

    api_method(method)(send_media)


for _method, _kind in KIND_BY_METHOD.items():
    _register_send_method(_method, _kind)


@api_method("sendLocation")
def send_location(world: World, params: Json) -> Json:
    """Send a place on the map."""
    chat = world.find_writable_chat(params["chat_id"])
    location = {name: params[name] for name in ("latitude", "longitude", "horizontal_accuracy") if name in params}
    return sending.post_bot_message(world, chat, params, {"location": location})


@api_method("sendMediaGroup")
def send_media_group(world: World, params: Json) -> list[Json]:
    """Send an album."""
    chat = world.find_writable_chat(params["chat_id"])
    items: list[Json] = params["media"]
    if not items:
        raise limits.LimitError("there are no messages to send")
    if len(items) > ALBUM_LIMIT:
        raise limits.LimitError("too many messages to send as an album")
    kinds = {item["type"] for item in items}
    for kind in UNMIXABLE_KINDS:
        if kind in kinds and len(kinds) > 1:
            raise limits.LimitError(f"{kind} can't be mixed with other media types")
    contents = [_input_media_content(world, params, item) for item in items]
    album_id = str(world.next_number("album"))
    return [sending.post_bot_message(world, chat, params, content, media_group_id=album_id) for content in contents]


@api_method("editMessageMedia")
def edit_message_media(world: World, params: Json) -> Json | bool:
    """Put another picture or file in the place of that of one's own message, or of its text."""
    message = sending.find_own_message(world, params)
    is_upload = params["media"]["media"].startswith(ATTACH_PREFIX)
    if is_upload and message.inline_id and "inline_message_id" in params:
        raise limits.LimitError("inline message can't be edited with a new file")
    if (
        message.media_group_id
        and params["media"]["type"] in UNMIXABLE_KINDS
        and params["media"]["type"] not in message.content
    ):
        raise limits.bad_request("message content can't be changed to a media of another type in an album")
    return sending.edit_own_message(world, message, _input_media_content(world, params, params["media"]), params)


@api_method("getFile")
def get_file(world: World, params: Json) -> Json:
    """Where a file can be fetched from."""
    file = world.files.by_id.get(params["file_id"])
    if file is None:
        raise limits.bad_request("invalid file_id")
    files.check_download(file)
    names = ("file_id", "file_unique_id", "file_size")
    return {name: value for name, value in file.to_json().items() if name in names} | {"file_path": file.path}


def media_content(world: World, kind: str, source: str | Upload, params: Json) -> Json:
    """The content of a message with a picture or file, which was uploaded, is known by id, or is on the web."""
    file = _resolve_file(world, kind, source, params)
    file_json = file.to_json()
    if kind == "photo":
        return {"photo": [file_json]}
    if kind == "animation":  # programs that know no animations show it as a file
        document_json = {
            name: file_json[name] for name in ("file_id", "file_unique_id", "file_size", "file_name", "mime_type")
        }
        return {"animation": file_json, "document": document_json}
    return {kind: file_json}


def _resolve_file(world: World, kind: str, source: str | Upload, params: Json) -> files.File:
    if isinstance(source, str) and source.startswith(ATTACH_PREFIX):
        source = params[source]
    details = {name: params[name] for name in DETAIL_PARAMS.get(kind, ()) if name in params}
    if isinstance(source, Upload):
        files.check_upload(kind, source.content)
        return world.files.add_file(kind, source.content, source.filename, **details)
    if source.startswith(("http://", "https://")):  # nothing is fetched from the web
        return world.files.add_file(kind, image_size.plain_png(), source.rpartition("/")[2], **details)
    return world.files.reuse_file(source, kind)


def _input_media_content(world: World, params: Json, item: Json) -> Json:
    return media_content(world, item["type"], item["media"], {**params, **item}) | _caption_with_flags(world, item)


def _caption_with_flags(world: World, params: Json) -> Json:
    flags = omit_none(
        show_caption_above_media=params.get("show_caption_above_media") or None,
        has_media_spoiler=params.get("has_spoiler") or None,
    )
    return sending.caption_content(world, params) | flags
