"""A handler that makes each mistake that the load run is there to find, once."""

import json
import time
from typing import Any

import handler as careful

initialize = careful.initialize

WRONG, LATE, LOST, RAISES, DOUBLED = (f"load-{number:06}" for number in (0, 1, 2, 5, 13))
"""The events that they are made with: downloads all of them, but for a commit that raises."""

FAILS = {"sqlText": "select phone from hr.users"}


def handler(event: bytes, context: object) -> str:
    """Answer as it should be, but for these."""
    envelope: dict[str, Any] = json.loads(event)
    message_id = envelope.get("messageId") or envelope["id"]
    if message_id == WRONG:
        return careful.handler(_saying(envelope, "messageBody", FAILS), context)
    if message_id == LATE:
        time.sleep(3)
    if message_id == LOST:
        return '{"checkResult": "WARN", "errorMessage": "nobody hears of it"}'
    if message_id == RAISES:
        raise LookupError(message_id)
    if message_id == DOUBLED:
        careful.handler(_saying(envelope, "data", FAILS), context)
    return careful.handler(event, context)


def _saying(envelope: dict[str, Any], name: str, facts: dict[str, str]) -> bytes:
    """An event that says something else."""
    return json.dumps({**envelope, name: {**envelope[name], **facts}}).encode()
