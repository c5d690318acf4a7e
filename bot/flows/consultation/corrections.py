"""Changes of mind typed into a form: "Ich will doch lieber per Mail", "Telefon ist falsch, 0176 …", "Ort: Jena".

They are understood in the summary, where any line may be meant, and at the steps before it, where most texts are just
the answer: there a line is corrected only once it was asked, and a contact channel only if it is wished for. The
person sees the corrected summary before they agree to it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from bot.answering.language import SUPPORTED_LANGUAGES
from bot.domain.consultation import REQUESTER_KINDS, ContactChannel, Form, FormStep
from bot.domain.contact_details import parse_contact
from bot.flows.typed_options import find_named_option, find_option
from prompts.render import format_label

LINES = (
    FormStep.CONCERN,
    FormStep.ORGANISATION,
    FormStep.KIND,
    FormStep.PLACE,
    FormStep.CHANNEL,
    FormStep.TIMES,
)  # that can be corrected by their name
MAX_WISH_WORDS = 12  # a longer text that names a channel is something else
MAX_QUESTION_WORDS = 8
MAX_KIND_WORDS = 3
MAX_NAME_WORDS = 6  # of an organisation that stands at the end of a sentence


@dataclass(frozen=True, slots=True)
class Correction:
    """A line of the form that is to change, and what was written for it; "" if it is to be asked for.

    ``value`` is None if the line is to be left out. For the channel it is the name of one, or a contact in full.
    """

    step: FormStep
    value: str | None = ""


def find_correction(form: Form, written: str) -> Correction | None:
    """Return what a text typed at the form's current step is to change; None if it is something else."""
    if form.at is FormStep.CONCERN:
        return None
    if "?" in written:
        return _find_channel_wish(form, written) if _may_be_wish(written) else None
    return (
        _find_contact(form, written)
        or _find_line_correction(form, written)
        or _find_channel_wish(form, written)
        or _find_kind(form, written)
    )


def without_denied(written: str) -> str:
    """Return a text without what it denies: "nicht am Telefon, sondern per Mail" -> ", per Mail"."""
    text = re.sub(rf"(?i)^\s*(?:{_words('typed_no')})\b", "", written)
    text = re.sub(rf"(?i)[\w-]+ (?:{_words('typed_unfit')})\b", " ", text)
    return re.sub(rf"(?i)\b(?:{_words('typed_instead')})\b", " ", _denied_part().sub(" ", text)).strip()


def find_channel(written: str, *, named_here: bool = True) -> ContactChannel | None:
    """Return the only channel that a text names and does not deny; "hier" alone may mean a place."""
    phrases = [
        (phrase, channel)
        for channel in ContactChannel
        for phrase in _phrases(f"typed_reach_{channel.value}")
        if named_here or phrase not in _phrases("typed_here")
    ]
    named = find_named_option(((phrase, channel.value) for phrase, channel in phrases), without_denied(written))
    return ContactChannel(named) if named else None


def denies_address(form: Form, written: str) -> bool:
    """Return whether somebody who is asked for an address says that they have none, or do not want to give it."""
    has_negation = _denied_part().search(written) or re.search(
        rf"(?i)\b(?:{_words('typed_negations', ' ')})\b", written
    )
    return form.at is FormStep.ADDRESS and has_negation is not None and find_channel(written) is None


def is_sentence(written: str) -> bool:
    """Return whether a text says something instead of naming an organisation: "Wir haben Streit im Bündnis"."""
    name = extract_name(FormStep.ORGANISATION, written)
    return name == written.strip() and re.search(rf"(?i)\b(?:{_words('typed_sentence')})\b", written) is not None


def extract_name(step: FormStep, written: str) -> str:
    """Return the name of an organisation without what leads to it: "Wir sind der SV Gera" -> "SV Gera"."""
    if step is not FormStep.ORGANISATION:
        return written
    match = re.match(rf"(?i)\s*(?:{_words('typed_organisation_lead')})\s+(\S.*)", written, re.DOTALL)
    return match[1].strip() if match and len(match[1].split()) <= MAX_NAME_WORDS else written.strip()


def _find_contact(form: Form, written: str) -> Correction | None:
    """Return the correction by an e-mail address or a number that stands where another answer is expected."""
    if form.at in (FormStep.CHANNEL, FormStep.ADDRESS) or parse_contact(written) is None:
        return None
    is_time = form.at is FormStep.TIMES and not _is_change(written) and any(map(str.isalpha, written))
    return None if is_time and "@" not in written else Correction(FormStep.CHANNEL, written)


def _find_line_correction(form: Form, written: str) -> Correction | None:
    lines = [line for line in LINES if _was_asked(form, line)]
    for line in lines:
        match = re.search(rf"(?i)\b(?:{_words(f'typed_line_{line.value}')})(?!\w)", written)
        if match is None:
            continue
        before, after = written[: match.start()], written[match.end() :]
        is_head = _strip_words(before, "typed_line_lead") == ""
        if is_head and (labelled := re.match(r"\s*[:=]\s*(.+)", after, re.DOTALL)):
            return Correction(line, labelled[1].strip())
        if find_option(((phrase, "") for phrase in _phrases("typed_drop")), _last_words(after)) is not None:
            return Correction(line, None)
        if _is_change(written):
            return Correction(line, _extract_value(after))
        value = _extract_value(after)
        if form.at is FormStep.REVIEW and is_head and value and value != after.strip():
            return Correction(line, value)
    return _find_replaced_value(form, written, lines)


def _find_replaced_value(form: Form, written: str, lines: Iterable[FormStep]) -> Correction | None:
    """Return the correction in "nicht Gera, sondern Jena", which names a line by what it holds."""
    parts = re.split(rf"(?i)\b(?:{_words('typed_instead')})\b", written, maxsplit=1)
    if len(parts) != 2:
        return None
    for line in lines:
        value = "" if line in (FormStep.KIND, FormStep.CHANNEL) else str(getattr(form.details, line.value))
        if value and value.casefold() in parts[0].casefold():
            return Correction(line, _extract_value(parts[1]))
    return None


def _find_channel_wish(form: Form, written: str) -> Correction | None:
    """Return the correction of the channel by a text that names another one, or none but its address."""
    is_review, words = form.at is FormStep.REVIEW, written.split()
    if form.at in (FormStep.CHANNEL, FormStep.ADDRESS) or len(words) > MAX_WISH_WORDS:
        return None
    denied = " ".join(part[1] for part in _denied_part().finditer(written))
    if _was_asked(form, FormStep.CHANNEL) and denied and find_channel(denied) is form.details.reach:
        kept = find_channel(written, named_here=is_review)
        return Correction(FormStep.CHANNEL, kept.value if kept else "")
    is_wish = is_review or "?" in written or re.search(rf"(?i)\b(?:{_words('typed_wish')})\b", written)
    channel = find_channel(written, named_here=is_review) if is_wish or _is_change(written) else None
    if channel is None and _is_change(written):  # "Telefon ist falsch" denies nothing but the number
        channel = find_channel(_strip_changes(written), named_here=False)
    is_new = channel is not form.details.reach or _is_change(written) or not _was_asked(form, FormStep.CHANNEL)
    return Correction(FormStep.CHANNEL, channel.value) if channel and is_new else None


def _find_kind(form: Form, written: str) -> Correction | None:
    """Return the correction of the kind in the summary: "Wir sind doch eine Stiftung"."""
    is_about_self = re.match(rf"(?i)(?:{_words('typed_self')})\b", written) or len(written.split()) <= MAX_KIND_WORDS
    if form.at is not FormStep.REVIEW or not is_about_self:
        return None
    phrases = ((phrase, kind) for kind in REQUESTER_KINDS for phrase in _phrases(f"typed_kind_{kind}"))
    kind = find_named_option(phrases, without_denied(written))
    is_new = kind and kind != form.details.kind
    return Correction(FormStep.KIND, format_label(f"kind_{kind}", "de")) if is_new else None


def _may_be_wish(written: str) -> bool:
    """Return whether a question may ask for another channel: "Geht auch per Mail?"."""
    words = written.split()
    is_modal = re.match(rf"(?i)(?:{_words('typed_may')})\b", written.strip())
    return is_modal is not None and len(words) <= MAX_QUESTION_WORDS


def _was_asked(form: Form, line: FormStep) -> bool:
    order = tuple(FormStep)
    is_earlier = order.index(line) < order.index(form.at)
    return is_earlier and (line is not FormStep.TIMES or form.details.asks_for_times)


def _is_change(written: str) -> bool:
    return re.search(rf"(?i)\b(?:{_words('typed_change')})\b", written) is not None


def _strip_changes(text: str) -> str:
    return re.sub(rf"(?i)\b(?:{_words('typed_change')})\b", " ", text)


def _extract_value(after: str) -> str:
    """Return the value in what follows a line's name: " ist falsch, es ist Jena" -> "Jena"."""
    value = _strip_words(_strip_changes(after), "typed_line_is")
    trailing = rf"(?i)[\s,;.!]+(?:{_words('typed_line_end')})[.!]?$"
    return re.sub(trailing, "", value).strip(' ,;!"„“”»«')


def _strip_words(text: str, label: str) -> str:
    """Return a text without punctuation and words of a label at its beginning."""
    return re.sub(rf"(?i)^(?:[\s,;:.!–-]+|(?:{_words(label)})(?!\w))+", "", text).strip()


def _last_words(text: str) -> str:
    return " ".join(text.split()[-3:])


def _phrases(label: str) -> Iterator[str]:
    for lang in SUPPORTED_LANGUAGES:
        yield from format_label(label, lang).split(", ")


@cache
def _denied_part() -> re.Pattern[str]:
    """Return the expression of a negation, the words that make no difference, and the word denied with them."""
    fillers = _words("typed_fillers", " ")
    negations = f"{_words('typed_denials')}|{_words('typed_negations', ' ')}"
    return re.compile(rf"(?i)\b(?:{negations})((?: (?:{fillers}))* [\w-]+)")


@cache
def _words(label: str, separator: str = ", ") -> str:
    """Return a label's wordings in all languages as alternatives of a regular expression, the longest first."""
    wordings = {
        wording for lang in SUPPORTED_LANGUAGES for wording in format_label(label, lang).split(separator) if wording
    }
    return "|".join(re.escape(wording) for wording in sorted(wordings, key=len, reverse=True))
