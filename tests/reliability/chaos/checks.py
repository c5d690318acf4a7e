"""Checks of what was lost, done twice or mixed up.

They compare what people did with what took effect at Telegram and with what is in the store.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bot.sandbox.fake_telegram import FakeTelegram
from bot.sandbox.fake_telegram.world.objects import text_and_entities
from tests.reliability.chaos.ledger import NEW_MESSAGE_METHODS, Effect
from tests.reliability.chaos.mail_server import MailServer
from tests.reliability.chaos.stories import Stage, Story, make_marker

FetchRows = Callable[[str], list[tuple[Any, ...]]]  # takes a query to the store

# What must not happen.
UPDATES_UNPROCESSED, STATE_WRONG = "updates unprocessed", "state lost or changed twice"
REQUESTS_LOST, REQUESTS_DOUBLED = "requests lost", "requests stored or opened twice"
MESSAGES_LOST, MESSAGES_MISROUTED = "relayed messages lost", "relayed to the wrong place"
OUT_OF_ORDER, EDITS_LOST = "relayed out of order", "edits lost"
NEEDLESS_REPEAT = "arrived twice without a lost response"
TAPS_UNANSWERED, STORIES_STALLED = "taps never answered", "conversations that stalled"
FORBIDDEN = (
    UPDATES_UNPROCESSED,
    STATE_WRONG,
    REQUESTS_LOST,
    REQUESTS_DOUBLED,
    MESSAGES_LOST,
    MESSAGES_MISROUTED,
    OUT_OF_ORDER,
    EDITS_LOST,
    NEEDLESS_REPEAT,
    TAPS_UNANSWERED,
    STORIES_STALLED,
)
# What may happen.
ALLOWED_REPEAT = "arrived twice after a lost response"
REFUSED = "refused by Telegram after the topic was deleted"
RULES_VIOLATED = "calls against the Bot API's rules"


class Findings:
    """Counts by name, and a line about each thing that was found."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.lines: list[str] = []

    def add(self, name: str, detail: str, number: int = 1) -> None:
        """Add something that was found, once or several times."""
        self.counts[name] += number
        self.lines.append(f"{name}: {detail}")

    def add_all(self, other: "Findings") -> None:
        """Add the findings of another check."""
        self.counts += other.counts
        self.lines += other.lines

    def count_forbidden(self) -> dict[str, int]:
        """Return the counts of what must not happen and did; empty if all is well."""
        return {name: self.counts[name] for name in FORBIDDEN if self.counts[name]}


def check_effects(stage: Stage) -> Findings:
    """Check what can be seen from outside, of any bot: what people did, and what took effect at Telegram."""
    findings = Findings()
    for story in stage.stories:
        _check_story(stage, story, findings)
    find_repeats(stage, findings)
    return findings


def _check_story(stage: Stage, story: Story, findings: Findings) -> None:
    name = f"story {story.number}"
    if not story.finished:
        findings.add(STORIES_STALLED, f"{name} waits for {story.waiting_for}")
    for tap in story.taps:
        if tap.answer is None:
            findings.add(TAPS_UNANSWERED, name)
    by_marker, forum = stage.ledger.by_marker, stage.forum.id
    concern = by_marker[make_marker(story.number, 0)]
    cards = [effect for effect in concern if effect.chat_id == forum and effect.button_data]
    if story.sent and not cards:
        findings.add(REQUESTS_LOST, name)
    threads = {card.thread_id for card in cards}
    for side, source, target in (("person", story.person.id, forum), ("adviser", forum, story.person.id)):
        positions = []  # of the first copy of each message
        for number, text in enumerate(story.messages[side], 1):
            effects = by_marker[make_marker(story.number, f"{side[0]}{number}")]
            copies = [effect for effect in effects if effect.is_copy]
            arrived = [copy for copy in copies if copy.chat_id == target]
            if arrived:
                positions.append(stage.ledger.positions[id(arrived[0])])
            else:
                findings.add(MESSAGES_LOST, f"{text} of the {side}")
            misrouted = [copy for copy in copies if copy.chat_id != target]
            misrouted += [copy for copy in arrived if target == forum and copy.thread_id not in threads]
            misrouted += [effect for effect in effects if effect.chat_id not in (source, target)]
            if misrouted:
                findings.add(MESSAGES_MISROUTED, f"{text} of the {side}", len(misrouted))
        if positions != sorted(positions):
            findings.add(OUT_OF_ORDER, f"{name}, {side}")
        if (marker := story.edited.get(side)) and not story.topics_deleted:
            chat = stage.fake_telegram.world.chats[target]
            texts = [text_and_entities(message.content)[0] for message in chat.messages.values()]
            if not any(marker in text and text.endswith("geändert") for text in texts):
                findings.add(EDITS_LOST, f"{marker} of the {side}")


def find_repeats(stage: Stage, findings: Findings) -> None:
    """Find new messages that arrived again in the same place, and decide for each whether it may have been repeated.

    It may if the response to the first one can have been lost: the connection was cut, or the life sent no other
    message in this lane, and none came in between. If another one followed, the first response must have been
    recorded. Other lanes do not wait for it, nor does a topic that was opened because this one was deleted; and a pin
    may come in between, because a thread is pinned again when the bot resumes opening it.
    """
    effects = stage.ledger.effects
    last_in_life: dict[tuple[int, Any], int] = {}  # by life and lane; effects are given by their index
    last_in_lane: dict[Any, int] = {}
    lanes: dict[int, Any] = {}
    next_in_lane: dict[int, int] = {}
    for number, effect in enumerate(effects):
        if effect.method in NEW_MESSAGE_METHODS:
            opens_topic = effect.method == "createForumTopic"
            lane = lanes[number] = effect.chat_id, _find_reference(effect) if opens_topic else effect.thread_id
            if lane in last_in_lane:
                next_in_lane[last_in_lane[lane]] = number
            last_in_lane[lane] = last_in_life[effect.life, lane] = number
    seen: dict[Any, int] = {}
    for number, effect in enumerate(effects):
        key = _make_repeat_key(stage, effect)
        if key is None:
            continue
        if key in seen:
            before = seen[key]
            earlier = effects[before]
            was_last = earlier.life < effect.life and last_in_life[earlier.life, lanes[before]] == before
            follower = next_in_lane.get(before, number)
            unrecorded = was_last and follower == number
            name = ALLOWED_REPEAT if earlier.response_lost or unrecorded else NEEDLESS_REPEAT
            places = f"in topics {earlier.thread_id}, {effect.thread_id}"
            if follower != number:
                places += f", the first followed by {effects[follower].text[:40]!r} in life {effects[follower].life}"
            findings.add(name, f"life {earlier.life}, {effect.life}: {key} {places}")
        seen[key] = number


def _make_repeat_key(stage: Stage, effect: Effect) -> Any:
    """Return what two new messages have in common if one repeats the other; None if the same may well come again."""
    if effect.method not in NEW_MESSAGE_METHODS:
        return None
    if effect.is_copy:
        return effect.chat_id, effect.text
    if effect.method == "createForumTopic":
        reference = _find_reference(effect)
        deleted = any(story.topics_deleted for story in stage.stories if story.reference == reference)
        return None if deleted else (effect.chat_id, "topic", reference)
    if effect.chat_id == stage.forum.id:
        if "erinnert werden" in effect.text:  # each adviser asks to be reminded once
            return effect.chat_id, effect.thread_id, "reminder"
        is_card = effect.button_data and effect.text.startswith("Anfrage")
        is_history = effect.text.startswith("Bisheriger Verlauf")
        reference = effect.text.split()[:2][-1] if is_card or is_history else ""
        return (effect.chat_id, effect.thread_id, reference, is_history) if reference else None
    if effect.button_data and effect.button_data[0].startswith("r:"):
        return effect.chat_id, effect.button_data  # the form asks each question once
    return (effect.chat_id, effect.text) if "hat die Nummer" in effect.text else None


def _find_reference(effect: Effect) -> str:
    """Return the reference of the request whose topic is opened."""
    return next((word for word in effect.text.split() if "-" in word), effect.text)


def check_emails(stage: Stage, mail_server: MailServer) -> Findings:
    """Check that each request was also sent by e-mail, once."""
    findings = Findings()
    for story in stage.stories:
        name = f"story {story.number}"
        emails, needless = mail_server.count_emails(story.reference) if story.reference else (0, 0)
        if story.reference and not emails:
            findings.add(REQUESTS_LOST, f"{name}: no e-mail")
        if needless:
            findings.add(NEEDLESS_REPEAT, f"{name}: e-mail", needless)
        if emails - 1 - needless > 0:
            findings.add(ALLOWED_REPEAT, f"{name}: e-mail", emails - 1 - needless)
    return findings


def check_api_rules(fake_telegram: FakeTelegram) -> Findings:
    """Check that calls kept to the Bot API's rules, except for those on how soon to call again.

    Between two lives the bot's clock is set forward, but Telegram's is not: a wait that is over for the bot may still
    last for Telegram.
    """
    findings = Findings()
    for violation in fake_telegram.violations:
        if violation.kind != "flood":
            findings.add(RULES_VIOLATED, str(violation))
    return findings


def check_store(stage: Stage, fetch_rows: FetchRows, sent_logs: Iterable[Path]) -> Findings:
    """Check our own store: every update is done, every change was made once, every message is recorded.

    ``sent_logs`` are the files of `SentLogStore`.
    """
    findings = Findings()
    done: dict[int, int] = dict(fetch_rows("SELECT update_id, done FROM inbox"))
    queued = fetch_rows("SELECT count(*) FROM outbox WHERE status = 'queued'")[0][0]
    failed = fetch_rows("SELECT method, reason, request, chat_id FROM outbox WHERE status = 'failed'")
    requests = [json.loads(body) for (body,) in fetch_rows("SELECT body FROM requests")]
    bot_changes = Counter(  # with each, it sends one message to the advisers; the card is updated besides
        reference
        for (reference,) in fetch_rows(
            f"SELECT request FROM outbox WHERE user_id IS NULL AND chat_id = {stage.forum.id} "  # noqa: S608 - a number
            "AND method NOT IN ('noted', 'card')"
        )
    )
    lines = fetch_rows("SELECT reference, side, text FROM lines ORDER BY id")
    thumbs = fetch_rows("SELECT user_id, entry, value FROM feedback")
    for update in stage.fake_telegram.updates:
        if not done.get(update["update_id"]):
            findings.add(UPDATES_UNPROCESSED, str(update["update_id"]))
    if queued:
        findings.add(MESSAGES_LOST, f"{queued} still in the queue", queued)
    for method, reason, reference, chat_id in failed:
        if chat_id != stage.forum.id:
            bot_changes[reference] -= 1  # the advisers were told, but the request was not changed
        if method != "answerCallbackQuery":  # that one was answered before the process was killed
            findings.add(REFUSED, f"{method}: {reason}")
    for story in stage.stories:
        stored = [request for request in requests if request["details"]["concern"] == story.concern]
        if story.sent and len(stored) != 1:
            findings.add(REQUESTS_DOUBLED if stored else REQUESTS_LOST, f"story {story.number}: {len(stored)}")
        for request in stored[:1]:
            reference = request["reference"]
            transcript = [(side, text) for line_reference, side, text in lines if line_reference == reference]
            _check_request(story, request, transcript, story.changes + bot_changes[reference], findings)
        given = [(entry, value) for user_id, entry, value in thumbs if user_id == story.person.id]
        if story.finished and given != ([story.thumb] if story.thumb else []):
            findings.add(STATE_WRONG, f"story {story.number}: thumb stored {given}, given {story.thumb}")
    recorded = set(fetch_rows("SELECT chat_id, message_id FROM outbox WHERE message_id IS NOT NULL"))
    for file in sent_logs:
        for line in file.read_text(encoding="utf-8").splitlines():
            chat, message = line.split()
            recorded.add((int(chat), int(message)))
    _check_recorded(stage, recorded, findings)
    return findings


def _check_request(
    story: Story, request: Any, transcript: list[tuple[str, str]], changes: int, findings: Findings
) -> None:
    name = f"story {story.number}"
    for side, messages in story.messages.items():
        stored = [text for author, text in transcript if author == side]
        if stored != messages:
            findings.add(STATE_WRONG, f"{name}: the {side} wrote {messages}, stored is {stored}")
    if not story.finished:
        return
    if request["version"] != changes:
        findings.add(STATE_WRONG, f"{name}: changed {request['version']} times instead of {changes}")
    if (request["rating"], request["comment"]) != (story.rating, story.comment):
        findings.add(STATE_WRONG, f"{name}: rating {request['rating']}, comment {request['comment']}")
    if request["details"]["organisation"] != story.organisation:
        findings.add(STATE_WRONG, f"{name}: organisation {request['details']['organisation']}")


def _check_recorded(stage: Stage, recorded: set[tuple[int, int]], findings: Findings) -> None:
    """Check that the store knows each message to a person, unless the response to it can have been lost."""
    effects = [effect for effect in stage.ledger.effects if effect.chat_id != stage.forum.id]
    last = {(effect.life, effect.chat_id): number for number, effect in enumerate(effects)}
    for number, effect in enumerate(effects):
        if effect.method in NEW_MESSAGE_METHODS and (effect.chat_id, effect.message_id) not in recorded:
            was_last = last[effect.life, effect.chat_id] == number
            if not (effect.response_lost or was_last):
                detail = f"life {effect.life}: {effect.method} to a person is not recorded: {effect.text[:40]}"
                findings.add(NEEDLESS_REPEAT, detail)
