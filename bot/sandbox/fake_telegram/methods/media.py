"""Methods that send pictures and files, change them in place, and give them back."""

from typing import Any

from bot.sandbox.fake_telegram.methods import sending
from bot.sandbox.fake_telegram.methods.registry import plays
from bot.sandbox.fake_telegram.rules import image_size, limits
from bot.sandbox.fake_telegram.rules.schema import ATTACH, Upload
from bot.sandbox.fake_telegram.world import files
from bot.sandbox.fake_telegram.world.objects import compact
from bot.sandbox.fake_telegram.world.world import World

Json = dict[str, Any]

KINDS = {"sendPhoto": "photo", "sendDocument": "document", "sendVoice": "voice", "sendAudio": "audio",
         "sendVideo": "video", "sendAnimation": "animation", "sendSticker": "sticker"}  # fmt: skip
ALBUM_LIMIT = 10
GIVEN = {"voice": ("duration",), "audio": ("duration", "performer", "title"),
         "video": ("duration", "width", "height"), "animation": ("duration", "width", "height")}  # fmt: skip
ALONE = ("document", "audio")  # kinds that form an album only among themselves


def _plays_sending(method: str, kind: str) -> None:
    """One kind of media: the method that sends it."""

    def send(world: World, params: Json) -> Json:
        chat = world.writable(params["chat_id"])
        content = media_content(world, kind, params[kind], params)
        return sending.post(world, chat, params, content | _under(world, params))

    plays(method)(send)


for _method, _kind in KINDS.items():
    _plays_sending(_method, _kind)


@plays("sendLocation")
def send_location(world: World, params: Json) -> Json:
    """Send a place on the map."""
    chat = world.writable(params["chat_id"])
    place = {name: params[name] for name in ("latitude", "longitude", "horizontal_accuracy") if name in params}
    return sending.post(world, chat, params, {"location": place})


@plays("sendMediaGroup")
def send_media_group(world: World, params: Json) -> list[Json]:
    """Send an album."""
    chat = world.writable(params["chat_id"])
    items: list[Json] = params["media"]
    if not items:
        raise limits.LimitError("there are no messages to send")
    if len(items) > ALBUM_LIMIT:
        raise limits.LimitError("too many messages to send as an album")
    kinds = {item["type"] for item in items}
    for kind in ALONE:
        if kind in kinds and len(kinds) > 1:
            raise limits.LimitError(f"{kind} can't be mixed with other media types")
    contents = [_input_media(world, params, item) for item in items]
    group = str(world.number("album"))
    return [sending.post(world, chat, params, content, media_group_id=group) for content in contents]


@plays("editMessageMedia")
def edit_message_media(world: World, params: Json) -> Json | bool:
    """Put another picture or file in the place of that of one's own message, or of its text."""
    message = sending.own_message(world, params)
    uploaded = params["media"]["media"].startswith(ATTACH)
    if uploaded and message.inline_id and "inline_message_id" in params:
        raise limits.LimitError("inline message can't be edited with a new file")
    if message.media_group_id and params["media"]["type"] in ALONE and params["media"]["type"] not in message.content:
        raise limits.bad_request("message content can't be changed to a media of another type in an album")
    return sending.change(world, message, _input_media(world, params, params["media"]), params)


@plays("getFile")
def get_file(world: World, params: Json) -> Json:
    """Where a file can be fetched from."""
    file = world.files.by_id.get(params["file_id"])
    if file is None:
        raise limits.bad_request("invalid file_id")
    files.check_download(file)
    names = ("file_id", "file_unique_id", "file_size")
    return {name: value for name, value in file.to_json().items() if name in names} | {"file_path": file.path}


def media_content(world: World, kind: str, given: str | Upload, params: Json) -> Json:
    """The content of a message with a picture or file, which was uploaded, is known by id, or is on the web."""
    file = _file(world, kind, given, params)
    found = file.to_json()
    if kind == "photo":
        return {"photo": [found]}
    if kind == "animation":  # programs that know no animations show it as a file
        plain = {name: found[name] for name in ("file_id", "file_unique_id", "file_size", "file_name", "mime_type")}
        return {"animation": found, "document": plain}
    return {kind: found}


def _file(world: World, kind: str, given: str | Upload, params: Json) -> files.File:
    if isinstance(given, str) and given.startswith(ATTACH):
        given = params[given]
    details = {name: params[name] for name in GIVEN.get(kind, ()) if name in params}
    if isinstance(given, Upload):
        files.check_upload(kind, given.content)
        return world.files.add(kind, given.content, given.filename, **details)
    if given.startswith(("http://", "https://")):  # nothing is fetched from the web
        return world.files.add(kind, image_size.plain(), given.rpartition("/")[2], **details)
    return world.files.known(given, kind)


def _input_media(world: World, params: Json, item: Json) -> Json:
    return media_content(world, item["type"], item["media"], {**params, **item}) | _under(world, item)


def _under(world: World, params: Json) -> Json:
    flags = compact(
        show_caption_above_media=params.get("show_caption_above_media") or None,
        has_media_spoiler=params.get("has_spoiler") or None,
    )
    return sending.caption(world, params) | flags
