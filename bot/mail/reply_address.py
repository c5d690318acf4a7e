"""Sign the addresses and Message-IDs of requests' e-mails, so that answers to them can be told from forged ones."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from email.utils import getaddresses, parseaddr

from bot.domain.contact_details import to_ascii_address
from bot.settings import Settings

_PURPOSE = b"answers by e-mail"  # the token signs nothing else with the key derived from it
_SIGNATURE_BYTES = 10  # 80 bits; they are 16 letters
_SIGNED_REFERENCE = re.compile(r"(?<![A-Z0-9])([A-Z0-9]{4}-[A-Z0-9]{4})\.([A-Z2-7]{16})(?![A-Z0-9])", re.I)


class ReplySigner:
    """Signs references of requests with a secret."""

    def __init__(self, secret: str, reply_to: str) -> None:
        """``reply_to`` is the address for answers; if it ends in + before the @, each request has its own."""
        self._key = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)
        self._reply_to = reply_to

    def sign_reference(self, reference: str) -> str:
        """Return a reference with its signature."""
        digest = hmac.digest(self._key, reference.encode(), hashlib.sha256)
        return f"{reference}.{base64.b32encode(digest[:_SIGNATURE_BYTES]).decode().lower()}"

    def make_address(self, reference: str) -> str:
        """Return the address for answers to the e-mail about a request."""
        local, _, domain = self._reply_to.rpartition("@")
        return f"{local}{self.sign_reference(reference).lower() if local.endswith('+') else ''}@{domain}"

    def is_addressed(self, recipients: str) -> bool:
        """Return whether the address for answers, signed or not, is among these."""
        local, _, domain = self._reply_to.lower().rpartition("@")
        for _, address in getaddresses([recipients]):
            their_local, _, their_domain = address.lower().rpartition("@")
            if their_domain == domain and their_local.partition("+")[0] == local.rstrip("+"):
                return True
        return False

    def find_reference(self, texts: Iterable[str]) -> str:
        """Return the first reference with a valid signature in addresses or Message-IDs; "" if there is none."""
        for text in texts:
            for reference, signature in _SIGNED_REFERENCE.findall(text):
                signed = f"{reference.upper()}.{signature.lower()}"
                if hmac.compare_digest(signed, self.sign_reference(reference.upper())):
                    return str(reference.upper())
        return ""


def make_reply_signer(settings: Settings) -> ReplySigner | None:
    """Return what signs for the bot of these settings; None if answers by e-mail are off."""
    reply_to = settings.mail_reply_to or settings.mail_from
    if settings.imap_url is None or settings.telegram_token is None or reply_to is None:
        return None
    return ReplySigner(settings.telegram_token.get_secret_value(), parse_mailbox(reply_to))


def parse_mailbox(text: str) -> str:
    """Return the address of ``Name <address>``, with its domain in Punycode."""
    return to_ascii_address(parseaddr(text)[1])
