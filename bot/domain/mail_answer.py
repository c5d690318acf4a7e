"""What came back by e-mail: an answer to a request's e-mail, and how far a mailbox has been read."""

from dataclasses import dataclass
from enum import StrEnum


class MailFinding(StrEnum):
    """What an e-mail about a request is."""

    ANSWER = "answer"
    STRANGER = "stranger"  # from an address that does not belong to the advisers
    ASIDE = "aside"  # written to others, with us as one more reader
    AUTOMATIC = "automatic"  # an out-of-office reply or the like
    BOUNCE = "bounce"  # our e-mail could not be delivered
    TOO_LARGE = "too_large"
    EMPTY = "empty"  # neither text nor file


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file that came with an e-mail; ``content`` is Base64."""

    name: str
    content: str


@dataclass(frozen=True, slots=True)
class MailAnswer:
    """An e-mail about a request.

    Attributes:
        sender: the address that it came from.
        name: the sender's name.
        text: what they wrote, without quotation and signature; only of an answer.
        left_out: names of the files that are too large, or too many, to be sent on.
    """

    reference: str
    finding: MailFinding
    sender: str = ""
    name: str = ""
    text: str = ""
    files: tuple[MailFile, ...] = ()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mailbox:
    """How far a mailbox has been read.

    Attributes:
        uid_validity: while the server names the same one, its numbers of e-mails stay valid (RFC 9051, 2.3.1.1).
        last_uid: the highest number that is dealt with.
        unassigned: number of e-mails that belong to no request and that the advisers have not been told of.
        reported: when they were last told of such (Unix time).
    """

    name: str
    uid_validity: int
    last_uid: int
    unassigned: int = 0
    reported: float = 0.0
