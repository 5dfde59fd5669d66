"""The rule of EventBridge that brings events to the service: its pattern, its target, and what is verified of a push.

Source: https://www.alibabacloud.com/help/en/eventbridge/user-guide/event-patterns and
https://help.aliyun.com/en/eventbridge/user-guide/route-events-to-https-endpoints
"""

from collections.abc import Iterable

import msgspec

from extension.edges import Environment
from extension.registration.form import Bridge, Point, Target

BUS = "default"
SOURCE = "acs.dataworks"


def pattern(points: Iterable[Point]) -> dict[str, list[str]]:
    """The pattern that lets through the events of these points, and nothing else."""
    return {"source": [SOURCE], "type": list(dict.fromkeys(point.event_type for point in points))}


def bridge(points: Iterable[Point], region: str, environment: Environment) -> Bridge:
    """The rule, with its target as the service is told."""
    found = pattern(points)
    url, query, _ = environment.eventbridge_url.partition("?")
    return Bridge(
        region=region,
        bus=BUS,
        pattern=found,
        pattern_text=msgspec.json.format(msgspec.json.encode(found), indent=2).decode(),
        target=Target(
            service_type="HTTP" if url.startswith("http://") else "HTTPS",
            url=f"{url}{query and f'?{HIDDEN}'}",
            body="Complete Event",
            network_type="Internet",
            token_set=bool(environment.eventbridge_token),
            retry_policy="Exponential decay",
            dead_letter_queue=True,
        ),
        signature=(*_SIGNATURE, _CERTIFICATES[bool(environment.certificates)]),
    )


HIDDEN = "..."
"""What stands for the query of an address: there can be a token in it."""

_SIGNATURE = (
    "Nothing is to be switched on: EventBridge signs every push, and the service verifies it.",
    "The URL is signed. It must be EVENTBRIDGE_URL to the letter: EXTENSION_URL with /events, where that is not set.",
    "The token is signed, too, and must be EVENTBRIDGE_TOKEN. Without one, everybody's EventBridge could send events.",
    "A push whose time is more than 60 seconds off is refused: the clock of the service must be right.",
)
_CERTIFICATES = {
    False: "Certificates are fetched from EventBridge; where that cannot be, EVENTBRIDGE_CERTIFICATES is their folder.",
    True: "Certificates are those in the folder EVENTBRIDGE_CERTIFICATES: renew them there.",
}
