"""One call of the Bot API, and what its outcome means for the outbox."""

from datetime import timedelta

from telegram import Bot
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.outbox import Later, Refused, Result, Sent
from bot.store.protocol import Outgoing


async def call(bot: Bot, outgoing: Outgoing, message_id: int | None = None) -> Result:
    """Make the call; ``message_id`` is the message to edit where the call itself names none."""
    target = {} if outgoing.method == "answerCallbackQuery" else {"chat_id": outgoing.chat_id}
    edited = {} if message_id is None else {"message_id": message_id}
    try:
        answer = await bot.do_api_request(outgoing.method, api_kwargs={**target, **edited, **outgoing.params})
    except RetryAfter as error:
        wait = error.retry_after
        return Later(wait.total_seconds() if isinstance(wait, timedelta) else float(wait))
    except BadRequest as error:  # a subclass of NetworkError, so it must come first
        unchanged = "message is not modified" in error.message.lower()
        return Sent(None) if unchanged else Refused(error.message)
    except (Forbidden, InvalidToken) as error:
        return Refused(error.message)
    except NetworkError:
        return Later(None)
    except TelegramError as error:
        return Refused(error.message)
    return Sent(answer.get("message_id") if isinstance(answer, dict) else None)
