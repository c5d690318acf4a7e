"""Methods that send photos and files, replace them, and give access to their bytes."""

from bot.sandbox.fake_telegram.methods import sending
from bot.sandbox.fake_telegram.methods.registry import api_method, chat_method
from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.rules.images import plain_png
from bot.sandbox.fake_telegram.rules.schema import ATTACH_PREFIX, Json, Upload
from bot.sandbox.fake_telegram.world import files
from bot.sandbox.fake_telegram.world.objects import Chat, omit_none
from bot.sandbox.fake_telegram.world.world import World


@chat_method("sendPhoto")
def send_photo(world: World, chat: Chat, params: Json) -> Json:
    """Send a photo."""
    content = _media_content(world, "photo", params["photo"], params)
    return sending.post_bot_message(world, chat, params, content)


@chat_method("sendDocument")
def send_document(world: World, chat: Chat, params: Json) -> Json:
    """Send a file."""
    return sending.post_bot_message(
        world, chat, params, _media_content(world, "document", params["document"], params)
    )


@api_method("editMessageMedia")
def edit_message_media(world: World, params: Json) -> Json | bool:
    """Replace the photo, file or text of a message of the bot by another photo or file."""
    message = sending.find_own_message(world, params)
    media = params["media"]
    if media["media"].startswith(ATTACH_PREFIX) and "inline_message_id" in params:
        raise limits.LimitError("inline message can't be edited with a new file")
    content = _media_content(world, media["type"], media["media"], {**params, **media})
    return sending.edit_own_message(world, message, content, params)


@api_method("getFile")
def get_file(world: World, params: Json) -> Json:
    """Return the path a file can be downloaded from."""
    file = world.files.by_id.get(params["file_id"])
    if file is None:
        raise limits.bad_request("invalid file_id")
    files.check_download(file)
    names = ("file_id", "file_unique_id", "file_size")
    return {name: value for name, value in file.to_json().items() if name in names} | {"file_path": file.path}


def _media_content(world: World, kind: str, source: str | Upload, params: Json) -> Json:
    """Return photo or file and caption; ``source`` is an upload, a file id or a web address."""
    file = _resolve_file(world, kind, source, params).to_json()
    flags = omit_none(
        show_caption_above_media=params.get("show_caption_above_media") or None,
        has_media_spoiler=params.get("has_spoiler") or None,
    )
    return {kind: [file] if kind == "photo" else file} | sending.caption_content(world, params) | flags


def _resolve_file(world: World, kind: str, source: str | Upload, params: Json) -> files.File:
    if isinstance(source, str) and source.startswith(ATTACH_PREFIX):
        source = params[source]
    if isinstance(source, Upload):
        files.check_upload(kind, source.content)
        return world.files.add_file(kind, source.content, source.filename)
    if source.startswith(("http://", "https://")):  # nothing is fetched from the web
        return world.files.add_file(kind, plain_png(), source.rpartition("/")[2])
    return world.files.reuse_file(source, kind)
