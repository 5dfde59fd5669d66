"""Region and endpoint: whether there is one, whether it is the right one, whether it answers, and what time it has."""

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import msgspec

from extension import edges, light
from extension.certificates import REGIONS
from extension.doctor import Level, Remark
from extension.doctor.setup import Setup
from extension.overtime import Workers
from extension.verdict import clean

STEP_S, WHOLE_S = 3.0, 8.0
"""Most that each step of a connection may take, and all of them."""

REFUSED, LATE = timedelta(minutes=15), timedelta(minutes=1)
"""From here on the platform refuses calls, and we refuse what EventBridge signs.

Source: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
and https://www.alibabacloud.com/help/en/eventbridge/user-guide/signature-algorithm
"""

_OF_A_REGION = re.compile(r"dataworks(?:-public|-vpc)?\.([a-z0-9-]+)\.aliyuncs\.com(?::[0-9]+)?")


def region(setup: Setup) -> Iterator[Remark]:
    """What is wrong with the region, and with an endpoint that is of another one."""
    name, deployed = setup.region, setup.function
    endpoint = setup.environment.endpoint.host
    if not name and not endpoint:
        yield Remark(
            id="region.missing",
            level=Level.ERROR,
            what="the region is not known: neither FC_REGION, nor a region in s.yaml, nor DATAWORKS_ENDPOINT is set",
            why="Without it nobody knows which DataWorks to call: no verdict can be posted.",
            do="Set FC_REGION to the region of the workspaces, such as cn-shanghai (Function Compute sets it itself).",
        )
    elif name and name not in REGIONS:
        yield Remark(
            id="region.without-extensions",
            level=Level.ERROR,
            what=f"region {clean(name)}: is none of those that have extensions",
            why="DataWorks sends no events for extensions there, and takes no verdict.",
            do=f"Set FC_REGION (for `s`: DEPLOY_REGION in .env) to the region of the workspaces: {', '.join(REGIONS)}.",
        )
    elif name:
        place = setup.source("FC_REGION") if setup.given("FC_REGION") else str(setup.file or "")
        yield Remark(id="region.known", level=Level.OK, what=f"{place}: {name}")
    if deployed and deployed.region and name != deployed.region:
        yield Remark(
            id="region.deployment",
            level=Level.WARNING,
            what=f"FC_REGION is {clean(name)}, and {setup.file} deploys to {clean(deployed.region)}",
            why="A verdict is posted to DataWorks in the region of the function: what is found here is of another one.",
            do="Set FC_REGION and DEPLOY_REGION (or region in s.yaml) to the region of the workspaces.",
        )
    of_another = _OF_A_REGION.fullmatch(endpoint)
    if of_another and name and of_another[1] != name:
        yield Remark(
            id="endpoint.other-region",
            level=Level.WARNING,
            what=f"{setup.source('DATAWORKS_ENDPOINT')} is that of {of_another[1]}, and the region is {clean(name)}",
            why="DataWorks of a region knows the events and extensions of that region alone.",
            do="Take DATAWORKS_ENDPOINT out, or set it to the endpoint of the region of the workspaces.",
        )


def host(setup: Setup) -> str:
    """Where calls go, `host[:port]`; empty where that is not known."""
    if any(fault.variable == "DATAWORKS_ENDPOINT" for fault in setup.faults):
        return ""
    return setup.environment.endpoint.host or (light.host_of(setup.region) if edges.is_region(setup.region) else "")


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of the endpoint."""

    ahead: timedelta | None
    """How far its clock is ahead of ours, None where it does not say."""
    took_ms: float


class UnreachableError(Exception):
    """Why there was no answer, as the id of a remark has it, with what the system says of it."""

    def __init__(self, identity: str, problem: str) -> None:
        super().__init__(problem)
        self.identity = identity


def reach(setup: Setup, workers: Workers) -> Reached:
    """Send a request that is not signed, and see when it is answered. Raises UnreachableError."""
    try:
        return workers.run(lambda: _asked(host(setup), setup.environment.endpoint.protocol == "https"), WHOLE_S)
    except TimeoutError as error:
        raise UnreachableError("timeout", "it did not answer in time") from error
    except (socket.gaierror, UnicodeError) as error:
        raise UnreachableError("unresolved", "there is no address for this name") from error
    except ConnectionRefusedError as error:
        raise UnreachableError("refused", "it refuses the connection") from error
    except ssl.SSLCertVerificationError as error:
        raise UnreachableError("certificate", f"its certificate is not trusted: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise UnreachableError("tls", f"no TLS: {(error.reason or 'it failed').lower()}") from error
    except (OSError, HTTPException, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else ""
        raise UnreachableError("unreachable", (reason or "it does not speak HTTP").lower()) from error


def _asked(place: str, secure: bool) -> Reached:  # noqa: FBT001  a protocol
    socket.getaddrinfo(urlsplit(f"//{place}").hostname, None)  # so that a name without address is told from the rest
    with closing(
        HTTPSConnection(place, timeout=STEP_S, context=light.trust())
        if secure
        else HTTPConnection(place, timeout=STEP_S)
    ) as connection:
        connection.connect()
        began, sent = edges.now(), edges.seconds()
        connection.request("POST", "/", headers={"content-length": "0"})
        with connection.getresponse() as response:
            took_s = edges.seconds() - sent
            date = response.headers.get("date", "")
    try:
        theirs: datetime | None = parsedate_to_datetime(date)
    except (ValueError, OverflowError):  # the latter for a year or a zone of many digits
        theirs = None
    ahead = theirs - (began + timedelta(seconds=took_s / 2)) if theirs and theirs.tzinfo else None
    return Reached(ahead=ahead, took_ms=took_s * 1000)


_ADVICE = {
    "timeout": "Let the function reach the internet (internetAccess in s.yaml, or a NAT gateway of its VPC)",
    "unresolved": "See that the name is right, and that this machine has a DNS server",
    "refused": "See that the port is right, and that no firewall is between",
    "certificate": "See that the clock is right, that nothing between replaces certificates, and that those of the"
    " machine are up to date",
    "tls": "See that the port is the one of https",
    "unreachable": "See that there is a way to the host, and that it is DataWorks",
}


def is_wrong(found: Reached) -> bool:
    """Whether our clock is so far off that no call is taken."""
    return found.ahead is not None and abs(found.ahead) > REFUSED


def remarks(setup: Setup, found: Reached | UnreachableError) -> Iterator[Remark]:
    """What came of an unsigned request, and what its date says of our clock."""
    place = host(setup)
    if isinstance(found, UnreachableError):
        variable = "DATAWORKS_ENDPOINT" if setup.environment.endpoint.host else "FC_REGION"
        yield Remark(
            id=f"endpoint.{found.identity}",
            level=Level.ERROR,
            what=f"{place}: {clean(str(found))}",
            why="DataWorks cannot be asked, and no verdict be posted: operations wait, and rules give their on_error.",
            do=f"{_ADVICE[found.identity]}; {setup.source(variable)} says where calls go.",
        )
        return
    yield Remark(id="endpoint.reached", level=Level.OK, what=f"{place} answers in {found.took_ms:.0f} ms")
    yield from _clock(place, found)


def _clock(place: str, found: Reached) -> Iterator[Remark]:
    if found.ahead is None:
        yield Remark(
            id="clock.unknown",
            level=Level.NOTE,
            what=f"{place} does not say what time it is",
            why="A clock that is wrong has calls refused; here that could not be seen.",
            do="Compare the clock of the machine with another one.",
        )
        return
    seconds = abs(found.ahead).total_seconds()
    said = f"our clock is {seconds:,.0f} s {'behind' if found.ahead > timedelta(0) else 'ahead of'} that of {place}"
    spent = f"the request took {found.took_ms:.0f} ms"
    if is_wrong(found):
        yield Remark(
            id="clock.wrong",
            level=Level.ERROR,
            what=f"{said} ({spent})",
            why="DataWorks refuses calls whose date is more than 15 minutes off (InvalidTimeStamp.Expired).",
            do="Set the clock of the machine, and have NTP keep it.",
        )
    elif abs(found.ahead) > LATE:
        yield Remark(
            id="clock.off",
            level=Level.WARNING,
            what=f"{said} ({spent})",
            why="What EventBridge signed more than 60 seconds ago is refused, so that events are not judged in"
            " time; from 15 minutes on DataWorks refuses our calls.",
            do="Set the clock of the machine, and have NTP keep it.",
        )
    else:
        yield Remark(id="clock.right", level=Level.OK, what=f"{said} ({spent})")
