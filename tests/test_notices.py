"""Notices to a group, through a robot on loopback that verifies what it is sent; only the time is made."""

import base64
import hashlib
import hmac
import json
import logging
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from extension import notices
from extension.errors import ConfigurationError
from extension.notices import BATCH_S, LIMITED_S, MAX_BYTES, MAX_WAITING, Notice, Notices
from extension.verdict import Language
from tests import test_tls
from tests.fakes import LEFT_TO_THE_COLLECTOR, Behaviour, Stub, answering

pytestmark = LEFT_TO_THE_COLLECTOR

TOKEN = "d0c9+e8/b7=of-tests"
SECRET = "SECofTests0123456789"
MOMENT = datetime(2026, 11, 27, 8, 30, 15, 250_000, UTC)
OK = {"errcode": 0, "errmsg": "ok"}
TOO_FAST = {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}


class Time:
    """Time that passes when the test says so; `waits` are the seconds that were waited for."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._passed = threading.Semaphore(0)

    def pause(self, closing: threading.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        while not closing.is_set() and not self._passed.acquire(timeout=0.005):
            pass
        return closing.is_set()

    def passes(self) -> None:
        self._passed.release()


class Group:
    """The messages that a robot took, each with what it was asked for; it answers in turn, at last always the same."""

    def __init__(self, *answers: object, behave: Behaviour | None = None) -> None:
        self.answers = list(answers) or [OK]
        self.stub = Stub(behave or self._behave)

    def _behave(self, connection: socketserver.StreamRequestHandler, stub: Stub) -> None:
        answer = self.answers[min(len(stub.requests), len(self.answers)) - 1]
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.wfile.write(f"HTTP/1.1 {status} S\r\ncontent-length: {len(content)}\r\n\r\n".encode() + content)

    @property
    def webhook(self) -> str:
        return f"http://{self.stub.endpoint}/robot/send?access_token={TOKEN.replace('+', '%2B')}"

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(body) for body in self.stub.bodies]

    @property
    def texts(self) -> list[str]:
        return [message["markdown"]["text"] for message in self.messages]

    @property
    def queries(self) -> list[dict[str, list[str]]]:
        return [parse_qs(urlsplit(head.split(" ")[1]).query) for head in self.stub.requests]


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


PLAIN = Notice(
    code="download-resources",
    operator="1902847365091735",
    workspace="90214",
    rules=("bulk-download",),
    message="[bulk-download] 123,456 rows are more than 100,000.",
    link="https://checks.example.com/v/20261127T083015250000-1a2b3c4d5e6f?s=ab-_",
    language=Language.EN,
    at=MOMENT.astimezone(timezone(timedelta(hours=8))),
)


def notice(**changes: object) -> Notice:
    return msgspec.structs.replace(PLAIN, **changes)


class Running:
    """Notices to a group, with the time in the hands of the test."""

    def __init__(self, group: Group, secret: str = SECRET) -> None:
        self.group, self.time = group, Time()
        self.notices = Notices(group.webhook, secret, now=lambda: MOMENT, pause=self.time.pause)

    def add(self, *added: Notice) -> None:
        for each in added:
            self.notices.add(each)

    def round(self) -> None:
        """Let the time of a batch pass, and wait for what comes of it."""
        already = len(self.group.stub.requests)
        self.time.passes()
        until(lambda: len(self.group.stub.requests) > already)
        until(lambda: self.group.stub.hung_up.acquire(blocking=False))

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.notices.sent, self.notices.dropped, self.notices.failed

    def counted(self, *counts: int) -> None:
        until(lambda: self.counts == counts)


@pytest.fixture
def group() -> Iterator[Group]:
    group = Group()
    with group.stub:
        yield group


@pytest.fixture
def running(group: Group) -> Iterator[Running]:
    running = Running(group)
    yield running
    running.notices.close(5)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Callable[[], list[tuple[str, dict[str, Any]]]]:
    caplog.set_level(logging.INFO, "extension")
    return lambda: [(record.levelname, json.loads(record.getMessage())) for record in caplog.records]


def test_what_was_blocked_is_told_when_the_time_of_a_batch_is_over(running: Running, group: Group) -> None:
    running.add(notice())
    until(lambda: running.time.waits == [BATCH_S])
    assert group.messages == []
    running.round()
    assert group.messages == [
        {
            "msgtype": "markdown",
            "markdown": {
                "title": "DataWorks: operations that were blocked: 1",
                "text": "#### DataWorks: operations that were blocked: 1\n\n---\n\n"
                "**download-resources** 2026-11-27 16:30:15 +0800\n\n"
                "Operator 1902847365091735, workspace 90214, rules bulk-download\n\n"
                "> ［bulk-download］ 123,456 rows are more than 100,000.\n\n"
                "[Details](https://checks.example.com/v/20261127T083015250000-1a2b3c4d5e6f?s=ab-%5F)".replace(
                    "%5F", "_"
                ),
            },
        }
    ]
    running.counted(1, 0, 0)


def test_a_message_is_signed_as_the_robot_verifies_it(running: Running, group: Group) -> None:
    running.add(notice())
    running.round()
    (query,) = group.queries
    assert query.keys() == {"access_token", "timestamp", "sign"}
    assert query["access_token"] == [TOKEN]
    assert query["timestamp"] == ["1795768215250"]
    signed = hmac.new(SECRET.encode(), f"1795768215250\n{SECRET}".encode(), hashlib.sha256).digest()
    assert query["sign"] == [base64.b64encode(signed).decode()]
    assert group.stub.requests[0].startswith("POST /robot/send?")
    assert "content-type: application/json; charset=utf-8" in group.stub.requests[0]


def test_a_robot_without_a_secret_gets_no_signature(group: Group) -> None:
    running = Running(group, secret="")
    running.add(notice())
    running.round()
    running.notices.close(5)
    assert group.queries == [{"access_token": [TOKEN]}]


def test_what_comes_together_is_one_message_and_the_next_one_is_a_batch_later(running: Running, group: Group) -> None:
    running.add(notice(), notice(code="commit-file"))
    running.round()
    running.add(notice(code="delete-file"))
    running.round()
    assert [text.count("**") // 2 for text in group.texts] == [2, 1]
    assert "operations that were blocked: 2" in group.texts[0]
    assert running.time.waits == [BATCH_S, BATCH_S]
    running.counted(3, 0, 0)


def test_no_thread_is_started_before_there_is_something_to_tell(group: Group) -> None:
    before = threading.active_count()
    quiet = Running(group).notices
    assert threading.active_count() == before
    quiet.close(5)


def test_a_group_reads_chinese_where_the_policy_speaks_it(running: Running, group: Group) -> None:
    running.add(notice(language=Language.ZH, message="下载行数 123,456 超过上限。"), notice(language=Language.EN))
    running.round()
    (text,) = group.texts
    assert text.startswith("#### DataWorks：2 项操作被拦截\n")
    assert "操作人 1902847365091735，工作空间 90214，规则 bulk-download\n\n> 下载行数 123,456 超过上限。" in text
    assert "[查看详情](https://checks" in text
    assert "[Details](https://checks" in text


def test_what_is_not_known_is_a_dash_and_what_is_not_there_is_left_out(running: Running, group: Group) -> None:
    running.add(notice(operator="", workspace="", rules=(), message="", link=""))
    running.round()
    assert group.texts[0].rpartition("---\n\n")[2] == (
        "**download-resources** 2026-11-27 16:30:15 +0800\n\nOperator -, workspace -, rules -"
    )


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("# big", "＃ big"),
        ("[click](https://evil.example)", "［click］(https∶//evil.example)"),
        ("![](http://evil.example/x.png)", "!［］(http∶//evil.example/x.png)"),
        ("dingtalk://dingtalkclient/page", "dingtalk∶//dingtalkclient/page"),
        ("@all @13800000000", "＠all ＠13800000000"),
        ("**bold** `code` ~~gone~~", "∗∗bold∗∗ ˋcodeˋ ～～gone～～"),
        ("<font color=red>x</font>", "‹font color=red›x‹/font›"),
        ("a|b&lt;\\", "a｜b＆lt;＼"),
        ("turned \u202e text\x1b", "turned \ufffd text"),
        ("half \ud83d of one", "half \ufffd of one"),
    ],
)
def test_text_of_a_user_is_only_text(hostile: str, shown: str, running: Running, group: Group) -> None:
    running.add(notice(code=hostile, operator=hostile, workspace=hostile, rules=(hostile,), message=hostile))
    running.round()
    code, who, message, _ = group.texts[0].split("---\n\n")[1].split("\n\n")
    assert code == f"**{shown}** 2026-11-27 16:30:15 +0800"
    assert who == f"Operator {shown}, workspace {shown}, rules {shown}"
    assert message == f"> {shown}"


def test_the_lines_of_a_message_stay_one_quotation(running: Running, group: Group) -> None:
    running.add(notice(message="one\n# two\n\n> three"))
    running.round()
    assert "\n\n> one\n>\n> ＃ two\n>\n> › three\n\n" in group.texts[0]


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("https://x.example/a) [b](http://evil", "](https://x.example/a%29%20%5Bb%5D%28http://evil)"),
        ("https://x.example/\ud83d", "](https://x.example/?)"),
    ],
)
def test_a_link_ends_where_it_ends(link: str, shown: str, running: Running, group: Group) -> None:
    running.add(notice(link=link))
    running.round()
    assert group.texts[0].endswith(shown)


def test_a_link_that_is_too_long_is_left_out(running: Running, group: Group) -> None:
    running.add(notice(link=f"https://x.example/{'a' * 1000}"))
    running.round()
    assert "Details" not in group.texts[0]


def test_a_message_that_would_be_too_long_says_how_many_more_there_are(running: Running, group: Group) -> None:
    running.add(*(notice(code=f"event-{number}", message="数据" * 400) for number in range(40)))
    running.round()
    (body,), (text,) = group.stub.bodies, group.texts
    told = text.count("**event-")
    assert MAX_BYTES * 3 / 4 < len(body) <= MAX_BYTES
    assert text.startswith("#### DataWorks: operations that were blocked: 40\n")
    assert text.endswith(f"\n\n---\n\nand {40 - told} more")
    assert [f"**event-{number}**" in text for number in (0, told - 1, told)] == [True, True, False]
    running.counted(40, 0, 0)


@pytest.mark.parametrize("letter", ["x", "数", "😀", "\\", '"', "\n", "@"])
def test_the_largest_notice_fits_into_a_message(letter: str, running: Running, group: Group) -> None:
    long = letter * 5000
    running.add(notice(code=long, operator=long, workspace=long, rules=(long,) * 20, message=long, link="/" * 1000))
    running.round()
    assert len(group.stub.bodies[0]) <= MAX_BYTES
    assert "more" not in group.texts[0].rpartition("---")[2]


def test_what_there_is_no_room_for_is_counted_and_told_as_a_number(running: Running, group: Group) -> None:
    running.add(*(notice() for _ in range(MAX_WAITING + 7)))
    assert running.counts == (0, 7, 0)
    running.round()
    assert group.texts[0].startswith(f"#### DataWorks: operations that were blocked: {MAX_WAITING + 7}\n")
    running.counted(MAX_WAITING, 7, 0)
    running.add(notice())
    running.round()
    assert group.texts[1].startswith("#### DataWorks: operations that were blocked: 1\n")


def test_many_threads_can_add(running: Running) -> None:
    def add() -> None:
        running.add(*(notice() for _ in range(50)))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    running.round()
    running.counted(400, 0, 0)


@pytest.mark.parametrize("code", [130101, 410100])
def test_a_robot_that_was_sent_too_much_is_left_alone_for_ten_minutes(
    code: int, log: Callable[[], list[tuple[str, dict[str, Any]]]]
) -> None:
    group = Group({"errcode": code, "errmsg": "too fast"}, OK)
    with group.stub:
        running = Running(group)
        running.add(notice(code="first"))
        running.round()
        until(lambda: running.time.waits == [BATCH_S, LIMITED_S])
        running.add(notice(code="second"))
        running.round()
        running.counted(2, 0, 0)
        running.add(notice(code="third"))
        running.round()
        running.notices.close(5)
        assert running.time.waits == [BATCH_S, LIMITED_S, BATCH_S, *running.time.waits[3:]]
    assert ["**first**" in text for text in group.texts] == [True, True, False]
    assert "**second**" in group.texts[1]
    waiting = {"event": "notices", "state": "waiting", "reason": f"{code}: too fast", "waiting": 1, "dropped": 0}
    sending = {"event": "notices", "state": "sending", "reason": "", "waiting": 0, "dropped": 0}
    assert log() == [("WARNING", waiting), ("INFO", sending)]


@pytest.mark.parametrize(
    "answer",
    [
        {"errcode": -1, "errmsg": "busy"},
        (503, {"errcode": 40035, "errmsg": "?"}),
        (502, b"<html>bad gateway</html>"),
        (302, b""),
        {"status": 1111, "wait": 5, "punish": "deny"},
        {"errcode": "0"},
        b"\xff",
        [],
    ],
)
def test_what_may_go_well_later_is_sent_again_ever_more_seldom(
    answer: object, log: Callable[[], list[tuple[str, dict[str, Any]]]]
) -> None:
    group = Group(*[answer] * 6, OK)
    with group.stub:
        running = Running(group)
        running.add(notice())
        for _ in range(7):
            running.round()
        running.counted(1, 0, 0)
        running.notices.close(5)
    assert running.time.waits[:7] == [30, 60, 120, 240, 480, 600, 600]
    assert [(level, line["state"]) for level, line in log()] == [("WARNING", "waiting"), ("INFO", "sending")]


def test_a_redirect_is_not_followed(group: Group) -> None:
    with answering(307, "", {"location": group.webhook}) as elsewhere:
        time_ = Time()
        told = Notices(
            f"http://{elsewhere.endpoint}/robot/send?access_token=x", SECRET, now=lambda: MOMENT, pause=time_.pause
        )
        told.add(notice())
        told.close(5)
        assert (len(elsewhere.requests), group.messages, told.failed) == (1, [], 1)


REFUSED = "ConnectionRefusedError: Connection refused"


def test_a_robot_that_is_not_there_is_said_once_and_costs_nothing(
    log: Callable[[], list[tuple[str, dict[str, Any]]]],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    time_ = Time()
    told = Notices(f"http://127.0.0.1:{port}/?access_token={TOKEN}", SECRET, now=lambda: MOMENT, pause=time_.pause)
    told.add(notice())
    for number in range(1, 4):
        until(lambda number=number: len(time_.waits) == number)  # type: ignore[misc]  # bound at once
        time_.passes()
    until(lambda: len(time_.waits) == 4)
    ((level, line),) = log()
    assert (level, line["state"], line["reason"]) == (
        "WARNING",
        "waiting",
        "ConnectionRefusedError: Connection refused",
    )
    told.close(5)
    assert (told.sent, told.dropped, told.failed) == (0, 0, 1)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (310000, "keywords not in content, more: ‹https://open.dingtalk.com›"),
        (310000, "sign not match"),
        (300001, "token is not exist"),
        (400102, "机器人已停用"),
        (460101, "message too long, exceed 20000 bytes"),
    ],
)
def test_what_a_robot_refuses_is_dropped_and_said_once(
    code: int, problem: str, log: Callable[[], list[tuple[str, dict[str, Any]]]]
) -> None:
    refused = {"errcode": code, "errmsg": problem}
    group = Group(refused, refused, OK)
    with group.stub:
        running = Running(group)
        for number in range(3):
            running.add(notice(code=f"event-{number}"))
            running.round()
        running.counted(1, 0, 2)
        running.notices.close(5)
    assert running.time.waits[:3] == [BATCH_S] * 3
    assert [f"**event-{number}**" in text for number, text in enumerate(group.texts)] == [True] * 3
    assert [text.count("**event-") for text in group.texts] == [1] * 3
    lines = log()
    assert [(level, line["state"]) for level, line in lines] == [("WARNING", "refused"), ("INFO", "sending")]
    assert lines[0][1]["reason"] == f"{code}: {problem}"


def test_no_secret_reaches_the_log(log: Callable[[], list[tuple[str, dict[str, Any]]]]) -> None:
    def echo(connection: socketserver.StreamRequestHandler, stub: Stub) -> None:
        target = stub.requests[-1].split(" ")[1]
        values = [value for each in parse_qs(urlsplit(target).query).values() for value in each]
        body = json.dumps({"errcode": 310000, "errmsg": " ".join([SECRET, *values])}).encode()
        connection.wfile.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)

    group = Group(behave=echo)
    with group.stub:
        running = Running(group)
        running.add(notice())
        running.round()
        running.counted(0, 0, 1)
        running.notices.close(5)
        ((_, line),) = log()
        assert line["reason"] == "310000: *** *** *** ***"
        assert [each for each in (TOKEN, SECRET) if each in f"{running.notices!r}"] == []


@pytest.mark.parametrize(
    "webhook",
    [
        "",
        "oapi.dingtalk.com/robot/send?access_token=t0ken",
        "http://oapi.dingtalk.com/robot/send?access_token=t0ken",
        "ftp://127.0.0.1/robot/send?access_token=t0ken",
        "https://oapi.dingtalk.com.evil.example/robot/send?access_token=t0ken",
        "https://evil.example/robot/send?access_token=t0ken",
        "https://oapi.dingtalk.com:8443/robot/send?access_token=t0ken",
        "https://oapi.dingtalk.com:t0ken/robot/send?access_token=t0ken",
        "https://t0ken:t0ken@oapi.dingtalk.com/robot/send?access_token=t0ken",
        "https://oapi.dingtalk.com/robot/send?access_token=",
        "https://oapi.dingtalk.com/robot/send?token=t0ken",
        "https://[t0ken/robot/send?access_token=t0ken",
    ],
)
def test_a_webhook_that_is_none_is_refused_without_being_quoted(webhook: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Notices(webhook, SECRET, now=lambda: MOMENT)
    assert raised.value.variable == "DINGTALK_WEBHOOK"
    assert "t0ken" not in str(raised.value)
    assert raised.value.__context__ is None


@pytest.mark.parametrize("host", ["oapi.dingtalk.com", "OAPI.dingtalk.com:443", "127.0.0.1:8080", "[::1]:80"])
def test_a_webhook_leads_to_the_robots_or_to_this_machine(host: str) -> None:
    sent: list[str] = []

    def send(path: str, body: bytes) -> tuple[int, bytes]:
        assert body
        sent.append(path)
        return 200, msgspec.json.encode(OK)

    told = Notices(f" https://{host}/robot/send?access_token=t&x=1\n", "", now=lambda: MOMENT, send=send)
    told.add(notice())
    told.close(5)
    assert sent == ["/robot/send?access_token=t&x=1"]


def test_what_is_waiting_is_sent_at_the_end(running: Running, group: Group) -> None:
    running.add(notice(), notice())
    running.notices.close(5)
    assert len(group.messages) == 1
    running.counted(2, 0, 0)
    running.add(notice())
    running.counted(2, 1, 0)


def hang(connection: socketserver.StreamRequestHandler, stub: Stub) -> None:
    del connection
    stub.ended.wait(10)


def test_the_end_does_not_wait_for_a_robot_that_hangs() -> None:
    released = threading.Event()

    def send(path: str, body: bytes) -> tuple[int, bytes]:
        del path, body
        released.wait(10)
        return 200, msgspec.json.encode(OK)

    told = Notices("https://oapi.dingtalk.com/?access_token=t", "", now=lambda: MOMENT, send=send)
    told.add(notice())
    started = time.monotonic()
    told.close(0.05)
    assert time.monotonic() - started < 2
    assert (told.sent, told.failed) == (0, 1)
    released.set()
    assert told._thread
    told._thread.join(5)
    assert (told.sent, told.failed) == (0, 1)


def test_a_robot_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "SEND_S", 0.05)
    with Stub(hang) as stub:
        told = Notices(f"http://{stub.endpoint}/?access_token=t", "", now=lambda: MOMENT)
        told.add(notice())
        told.close(5)
        assert (told.sent, told.failed) == (0, 1)


def test_a_machine_that_has_no_more_threads_drops_notices(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError(thread.name)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        running.add(notice())
        assert running.counts == (0, 1, 0)
    running.add(notice())
    running.round()
    running.counted(1, 1, 0)


@pytest.mark.parametrize("trusted", [False, True])
def test_a_robot_whose_certificate_nobody_trusts_is_sent_nothing(
    trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Callable[[], list[tuple[str, dict[str, Any]]]]
) -> None:
    file = test_tls.certificate(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
    for server in test_tls.serve(file):
        told = Notices(f"https://{server.endpoint}/robot/send?access_token=t", SECRET, now=lambda: MOMENT)
        told.add(notice())
        told.close(5)
        assert server.requests == int(trusted)
    ((_, line),) = log()
    assert line["reason"].startswith("ValidationError: " if trusted else "SSLCertVerificationError: ")
