"""Events over HTTP: who sent them is proven, each is answered once, and nothing is lost."""

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from extension import catalogue, envelopes, pipeline, service, signatures, storage
from extension.dataworks import READS
from extension.faults import Fault, Outage
from extension.local import DataWorks
from extension.storage import ROOT
from tests.conftest import EVENTS, key
from tests.eventbridge import BAD, Answer
from tests.fakes import answering
from tests.services import ADMIN, LINK_KEY, TOKEN, Running, event

SAMPLES = sorted(EVENTS.glob("*.eventbridge.json"))
BIG = {"dataRowSize": "5000000", "fileSize": 1, "operatorUid": "4711", "queryDwProjectId": "90214"}
"""A download that policy.yaml blocks."""


@pytest.fixture
def stopped(
    dataworks: DataWorks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Running:
    """A service that is not started yet, against `dataworks`."""
    caplog.set_level("INFO", "extension")
    return Running(dataworks, tmp_path, monkeypatch)


@pytest.fixture
def running(stopped: Running) -> Iterator[Running]:
    """A service that is started."""
    with stopped:
        yield stopped


def log(caplog: pytest.LogCaptureFixture, kind: str) -> list[dict[str, Any]]:
    """Lines of the log of a kind."""
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "extension"]
    return [line for line in lines if line["event"] == kind]


def callbacks(dataworks: DataWorks) -> list[tuple[str, str, str]]:
    """What was posted: API, message and verdict."""
    return [
        (call.action, call.parameters["MessageId"], call.parameters["CheckResult"])
        for call in dataworks.received
        if call.action not in READS
    ]


# pushes


def test_every_event_is_accepted_once(running: Running, dataworks: DataWorks) -> None:
    policy = storage.load(ROOT / "policy.yaml")
    expected: list[tuple[str, str, str]] = []
    for sample in SAMPLES:
        body = sample.read_bytes()
        sent = envelopes.parse(body)
        answer, again = running.take(body), running.take(body)  # delivered again, with a signature of its own
        assert (answer.status, again.status, again.body) == (200, 200, answer.body), sample.name
        verdict = pipeline.judge(sent, policy, running.pusher.now())
        assert json.loads(answer.body)["checkResult"] == verdict.result
        assert (sent.callback is not None) == (catalogue.BY_CODE[sent.code].callback is not None)
        if sent.callback and (sent.message_id, sent.callback) not in {(each[1], each[0]) for each in expected}:
            expected.append((sent.callback.value, sent.message_id, verdict.result.value))
    assert len(SAMPLES) > 50
    assert callbacks(dataworks) == expected


@pytest.mark.parametrize("name", BAD)
def test_a_bad_push_is_refused(
    running: Running, dataworks: DataWorks, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    *before, bad = BAD[name].pushes(running.pusher, event("download-resources", BIG))
    for push in before:
        assert running.push(push).status == 200
    posted = callbacks(dataworks)
    answer = running.push(bad)
    assert answer.status == BAD[name].status
    assert callbacks(dataworks) == posted
    if answer.status in (401, 409, 413):
        assert len(log(caplog, "refused-request")) == 1
    elif answer.status in (400, 503):
        assert len(log(caplog, "unanswerable")) == 1
    assert TOKEN not in caplog.text


def test_there_are_enough_kinds_of_bad_pushes() -> None:
    assert len(BAD) >= 25


def test_without_its_url_nothing_can_be_verified_and_it_comes_again(stopped: Running) -> None:
    stopped.set(EVENTBRIDGE_URL="", EXTENSION_URL="")
    with stopped:
        assert stopped.take(event("download-resources")).status == 503
        assert stopped.ask("/events", method="POST", body=b"{}").status == 401


def test_an_event_that_could_not_be_posted_comes_again_as_it_was(running: Running, dataworks: DataWorks) -> None:
    push = running.pusher.push(event("download-resources", BIG))
    dataworks.faults["*"] = Outage(Fault.INTERNAL_ERROR)
    running.monkeypatch.setattr("extension.edges.POST_S", 0.5)
    running.monkeypatch.setattr(service, "TIMEOUT_S", 2.0)
    first = running.push(push)
    assert (first.status, json.loads(first.body)) == (503, {"error": pipeline._LATER})
    dataworks.faults.clear()
    dataworks.verdicts.clear()
    assert running.push(push).status == 200
    assert dataworks.verdicts == {"m-1": ["FAIL"]}
    assert running.push(push).status == 409


def test_what_the_platform_refuses_for_what_it_says_does_not_come_again(running: Running, dataworks: DataWorks) -> None:
    dataworks.failing["CallbackExtension"] = (400, "InvalidParameter.MessageId")
    assert running.take(event("download-resources", BIG)).status == 200


def test_an_envelope_of_function_compute_comes_again_too_where_it_could_not_be_posted(
    running: Running, dataworks: DataWorks
) -> None:
    """Nobody reads what is returned."""
    body = json.dumps({"messageId": "m-1", "eventType": "download-resources", "messageBody": BIG}).encode()
    dataworks.failing["CallbackExtension"] = (403, "Forbidden.Access")
    assert running.take(body).status == 503
    dataworks.failing.clear()
    assert running.take(body).status == 200
    assert callbacks(dataworks)[-1] == ("CallbackExtension", "m-1", "FAIL")


def test_an_error_of_ours_is_a_500_that_says_nothing(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> pipeline.Response:
        raise RuntimeError("select secret from t")

    line = broken.__code__.co_firstlineno + 1
    running.monkeypatch.setattr(pipeline, "push", broken)
    answer = running.take(event("download-resources"))
    assert (answer.status, json.loads(answer.body)) == (500, {"error": "InternalError"})
    assert "secret" not in caplog.text
    assert [line["error"] for line in log(caplog, "unanswerable")] == [f"RuntimeError at {Path(__file__).name}:{line}"]


def test_events_of_one_moment_are_judged_side_by_side(running: Running, dataworks: DataWorks) -> None:
    bodies = [event("download-resources", BIG, message_id=f"m-{number % 20}") for number in range(60)]
    with ThreadPoolExecutor(12) as pool:
        assert {answer.status for answer in pool.map(running.take, bodies)} == {200}
    assert dataworks.verdicts == {f"m-{number}": ["FAIL"] for number in range(20)}


def test_all_threads_remember_the_same_pushes(stopped: Running) -> None:
    made: list[signatures.Replays] = []

    class Noted(signatures.Replays):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    stopped.monkeypatch.setattr(signatures, "Replays", Noted)
    with stopped:
        assert len(made) == 1
        with ThreadPoolExecutor(12) as pool:
            bodies = [event("download-resources", message_id=f"m-{number}") for number in range(24)]
            assert {answer.status for answer in pool.map(stopped.take, bodies)} == {200}
    assert len(made) == 1


# slow and large requests


def received(connection: Any) -> bytes:  # noqa: ANN401  a socket
    """All that comes until the other side hangs up, or resets what it does not want to read."""
    parts = []
    with suppress(ConnectionResetError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def test_a_head_that_does_not_come_is_not_waited_for(stopped: Running, caplog: pytest.LogCaptureFixture) -> None:
    stopped.monkeypatch.setattr(service, "HEAD_S", 0.3)
    with stopped:
        for start in (b"", b"POST /events HTTP/1.1\r\nx-a: "):
            with closing(stopped.connect()) as connection:
                connection.sendall(start)
                assert received(connection).startswith(b"HTTP/1.1 408 ")
        with closing(stopped.connect()) as connection:  # drop by drop, which no timeout of a socket ends
            started = time.monotonic()
            try:
                for sign in b"GET /healthz HTTP/1.1\r\nx-a: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb":
                    connection.sendall(bytes((sign,)))
                    time.sleep(0.02)
            except OSError:
                pass
            assert time.monotonic() - started < 5
        assert stopped.ask("/healthz").status == 200
    lines = log(caplog, "refused-request")
    assert [line["error"] for line in lines] == ["the head of a request did not come in 0 s"] * 3


def test_the_second_request_of_a_connection_is_not_waited_for_either(stopped: Running) -> None:
    stopped.monkeypatch.setattr(service, "HEAD_S", 0.3)
    with stopped, closing(stopped.connect()) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
        time.sleep(0.1)
        connection.sendall(b"GET /healthz HT")
        answers = received(connection)
    assert answers.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in answers


def test_a_connection_that_is_kept_serves_more_than_one_request(running: Running) -> None:
    with closing(HTTPConnection("127.0.0.1", running.port, timeout=5)) as connection:
        for _ in range(3):
            connection.request("GET", "/healthz")
            with connection.getresponse() as response:
                assert (response.status, response.read()) == (200, b'{"healthy":true}')


@pytest.mark.parametrize("length", ["content-length: 1000", "transfer-encoding: chunked"])
def test_a_body_that_does_not_come_is_not_waited_for(
    stopped: Running, caplog: pytest.LogCaptureFixture, length: str
) -> None:
    stopped.monkeypatch.setattr(service, "BODY_S", 0.3)
    with stopped, closing(stopped.connect()) as connection:
        connection.sendall(f"POST /events HTTP/1.1\r\nhost: a\r\n{length}\r\n\r\n".encode())
        assert received(connection).startswith(b"HTTP/1.1 408 ")
    assert [line["error"] for line in log(caplog, "refused-request")] == ["the body did not come in 0 s"]


def test_a_body_that_is_too_long_is_refused_before_it_has_come(running: Running) -> None:
    with closing(running.connect()) as connection:
        head = f"POST /events HTTP/1.1\r\nhost: a\r\ncontent-length: {envelopes.MAX_BODY_BYTES + 1}\r\n\r\n"
        connection.sendall(head.encode())
        assert received(connection).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_say_its_length_is_not_read_to_its_end(running: Running) -> None:
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    with closing(running.connect()) as connection:
        connection.sendall(b"POST /events HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(envelopes.MAX_BODY_BYTES // 0x10000 + 1):
            connection.sendall(chunk)
        assert received(connection).startswith(b"HTTP/1.1 413 ")


def test_who_hangs_up_in_the_middle_of_a_body_costs_nothing(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    with closing(running.connect()) as connection:
        connection.sendall(b"POST /events HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n12345")
    while b'status="499"' not in running.ask("/metrics", headers={"authorization": f"Bearer {ADMIN}"}).body:
        time.sleep(0.01)
    assert log(caplog, "unanswerable") == []


def test_a_head_that_is_too_long_is_refused(running: Running) -> None:
    """It can be too late for an answer: what is not read yet is reset."""
    try:
        status = running.ask("/healthz", headers={"x-long": "a" * 400_000}).status
    except ConnectionError:
        status = 400
    assert status == 400
    assert running.ask("/healthz").status == 200


def test_more_connections_than_there_are_places_come_again(stopped: Running) -> None:
    stopped.monkeypatch.setattr(service, "CONNECTIONS", 2)
    with stopped, closing(stopped.connect()), closing(stopped.connect()):
        time.sleep(0.1)
        assert stopped.take(event("download-resources")).status == 503


# what is shown


def test_a_service_says_that_it_lives_and_whether_it_is_ready(running: Running) -> None:
    assert running.ask("/healthz").status == 200
    ready = running.ask("/readyz")
    assert (ready.status, json.loads(ready.body)) == (200, {"ready": True, "missing": [], "stopping": False})


def test_what_keeps_a_service_from_being_ready_is_named(stopped: Running) -> None:
    stopped.set(
        DATAWORKS_EXTENSION_CODE="", ALIBABA_CLOUD_ACCESS_KEY_ID="", EVENTBRIDGE_URL="", EXTENSION_URL="", FC_REGION=""
    )
    with stopped:
        ready = stopped.ask("/readyz")
    missing = ["DATAWORKS_EXTENSION_CODE", "ALIBABA_CLOUD_ACCESS_KEY_ID", "EVENTBRIDGE_URL"]
    assert (ready.status, json.loads(ready.body)["missing"]) == (503, missing)


def numbers(running: Running, **headers: str) -> Answer:
    """The metrics, with these headers."""
    return running.ask("/metrics", headers=headers)


def test_what_happens_is_counted(running: Running) -> None:
    running.take(event("download-resources", BIG))
    running.take(event("brand-new-event", message_id="m-2"))
    running.ask("/events", method="POST", body=b"{}")
    text = numbers(running, authorization=f"Bearer {ADMIN}").body.decode()
    for line in (
        'dataworks_extension_verdicts_total{event="download-resources",result="FAIL"} 1.0',
        'dataworks_extension_verdicts_total{event="unknown",result="OK"} 1.0',
        'mode="enforce",result="FAIL",rule="bulk-download"} 1.0',
        'dataworks_extension_callbacks_total{action="CallbackExtension",outcome="posted"} 2.0',
        'dataworks_extension_requests_total{path="/events",status="401"} 1.0',
        'dataworks_extension_judging_seconds_count{event="download-resources"} 1.0',
        'dataworks_extension_request_seconds_count{path="/events"} 3.0',
    ):
        assert line in text
    assert re.search(r'dataworks_extension_version{version="[\d.]+"} 1.0', text)
    assert 'dataworks_extension_records_total{kind="dropped"} 0.0' in text


def test_metrics_are_for_who_has_the_token(running: Running) -> None:
    assert numbers(running).status == 401
    assert numbers(running, authorization="Bearer another token of the tests, as long").status == 401
    assert numbers(running, authorization=f"Basic {ADMIN}").status == 401
    assert numbers(running, authorization=f"Bearer {ADMIN}").status == 200


def test_metrics_without_a_token_are_for_this_machine(stopped: Running) -> None:
    stopped.set(EXTENSION_ADMIN_TOKEN="")
    with stopped:
        assert numbers(stopped).status == 200
        assert numbers(stopped, **{"x-forwarded-for": "198.51.100.1"}).status == 401


def test_metrics_without_a_token_are_for_nobody_on_function_compute(stopped: Running) -> None:
    stopped.set(EXTENSION_ADMIN_TOKEN="", EXTENSION_FC="on")
    with stopped:
        assert numbers(stopped).status == 401


# the verdict log, links, notices


def test_a_blocked_user_gets_a_link_that_leads_to_the_reason(running: Running, dataworks: DataWorks) -> None:
    running.take(event("download-resources", BIG))
    said = next(call for call in dataworks.received if call.action == "CallbackExtension").parameters["CheckMessage"]
    link = said.splitlines()[-1].rpartition(" ")[2].removeprefix("https://checks.example.com/dataworks")
    assert link.startswith("/verdicts/")
    while (page := running.ask(link)).status == 404:  # it is recorded behind the answer
        time.sleep(0.02)
    assert page.status == 200
    assert b"bulk-download" in page.body
    assert running.ask(link[:-1] + ("A" if link[-1] != "A" else "B")).status == 404


def test_what_was_decided_is_recorded_by_the_end(stopped: Running) -> None:
    with stopped:
        for number in range(20):
            stopped.take(event("download-resources", BIG, message_id=f"m-{number}"))
    recorded = stopped.recorded()
    assert [each.message_id for each in recorded] == [f"m-{number}" for number in reversed(range(20))]
    assert {(each.result, each.callback.outcome, each.rules[0]) for each in recorded} == {
        ("FAIL", "posted", "bulk-download")
    }


def test_a_log_that_cannot_be_written_changes_no_verdict(stopped: Running, dataworks: DataWorks) -> None:
    stopped.records.write_text("in the place of the folder", encoding="utf-8")
    with stopped:
        assert stopped.take(event("download-resources", BIG)).status == 200
    assert dataworks.verdicts == {"m-1": ["FAIL"]}


def test_a_robot_is_told_of_what_was_blocked_and_of_nothing_else(stopped: Running) -> None:
    with answering(200, {"errcode": 0, "errmsg": "ok"}) as robot:
        stopped.set(DINGTALK_WEBHOOK=f"http://{robot.endpoint}/robot/send?access_token=word")
        with stopped:
            stopped.take(event("download-resources", BIG))
            stopped.take(
                event("download-resources", {**BIG, "dataRowSize": 1, "moduleType": "sqlx_query"}, message_id="m-2")
            )
            counted = numbers(stopped, authorization=f"Bearer {ADMIN}").body
        (told,) = robot.bodies
    text = json.loads(told)["markdown"]["text"]
    assert "bulk" in text
    assert "4711" in text
    assert text.count("download") >= 1
    assert b'dataworks_extension_notices_total{kind="sent"} 0.0' in counted
    assert len(stopped.recorded()) == 2


def test_a_target_without_a_token_is_warned_of(stopped: Running, caplog: pytest.LogCaptureFixture) -> None:
    stopped.set(EVENTBRIDGE_TOKEN="")
    with stopped:
        assert stopped.ask("/healthz").status == 200
    assert [line["warning"].partition(" ")[0] for line in log(caplog, "service")] == ["EVENTBRIDGE_TOKEN"]


def test_the_page_of_a_policy_on_a_mount_shows_the_one_of_the_last_event(stopped: Running, tmp_path: Path) -> None:
    mounted = tmp_path / "policy.yaml"
    mounted.write_text('version: 1\nrules:\n  - {id: first, on: delete-project, when: "true"}\n', "utf-8")
    stopped.set(EXTENSION_POLICY=str(mounted))
    with stopped:
        mounted.write_text(mounted.read_text("utf-8").replace("first", "second-one"), "utf-8")
        before = stopped.ask("/policy").body
        stopped.take(event("delete-project"))
        after = stopped.ask("/policy").body
    assert (b"first" in before, b"second-one" in before) == (True, False)
    assert b"second-one" in after


def test_the_pages_are_there_and_what_is_not_has_a_page_too(running: Running) -> None:
    assert b"bulk-download" in running.ask("/policy").body
    missing = running.ask("/no/such/page")
    assert (missing.status, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert running.ask("/verdicts", headers={"authorization": f"Bearer {ADMIN}"}).status == 200
    assert running.ask("/verdicts/", headers={"host": "evil.example.com"}).status == 404  # no redirect to that host
    assert running.ask("/events").status == 405


# end


def test_what_was_accepted_is_finished_when_it_is_told_to_stop(stopped: Running, dataworks: DataWorks) -> None:
    dataworks.retry_after_ms = 700
    dataworks.faults["CallbackExtension"] = Outage(Fault.THROTTLED_FOR, 1)
    with ThreadPoolExecutor(1) as pool, stopped:
        answer = pool.submit(stopped.take, event("download-resources", BIG))
        while not dataworks.received:
            time.sleep(0.01)
        port = stopped.port
        stopped.stop()
        assert answer.result().status == 200
    assert dataworks.verdicts["m-1"][-1] == "FAIL"
    with pytest.raises(OSError, match="refused"), closing(HTTPConnection("127.0.0.1", port, timeout=1)) as connection:
        connection.request("GET", "/healthz")


# Function Compute


def invocation(dataworks: DataWorks, **headers: str) -> dict[str, str]:
    """The headers that Function Compute sends along."""
    key = next(iter(dataworks.keys.values()))
    return {
        "x-fc-request-id": "r-1",
        "x-fc-access-key-id": key.access_key_id,
        "x-fc-access-key-secret": key.access_key_secret,
        "x-fc-security-token": key.security_token,
        "x-fc-function-timeout": "60",
        "x-fc-control-path": "/invoke",
        **headers,
    }


@pytest.fixture
def hosted(stopped: Running) -> Iterator[Running]:
    """A service in a custom runtime of Function Compute: credentials come with each request."""
    stopped.set(EXTENSION_FC="on", ALIBABA_CLOUD_ACCESS_KEY_ID="")
    with stopped:
        yield stopped


HOSTED = json.dumps(
    {"messageId": "m-1", "eventType": "download-resources", "blockBusiness": True, "messageBody": BIG}
).encode()


def test_an_invocation_is_answered_as_by_the_handler(hosted: Running, dataworks: DataWorks) -> None:
    answer = hosted.ask("/invoke", method="POST", body=HOSTED, headers=invocation(dataworks))
    assert (answer.status, answer.headers["x-fc-status"]) == (200, "200")
    assert json.loads(answer.body)["checkResult"] == "FAIL"
    assert callbacks(dataworks) == [("CallbackExtension", "m-1", "FAIL")]
    assert [each.request_id for each in hosted.recorded()] == ["r-1"]


@pytest.mark.parametrize("path", ["/http-invoke", "", "/invoke, /invoke", "/INVOKE"])
def test_what_comes_through_the_http_trigger_is_no_invocation(hosted: Running, dataworks: DataWorks, path: str) -> None:
    headers = invocation(dataworks, **{"x-fc-control-path": path})
    assert hosted.ask("/invoke", method="POST", body=HOSTED, headers=headers).status == 404
    assert callbacks(dataworks) == []


def test_an_invocation_without_an_event_has_failed(hosted: Running, dataworks: DataWorks) -> None:
    answer = hosted.ask("/invoke", method="POST", body=b"{}", headers=invocation(dataworks))
    assert (answer.status, answer.headers["x-fc-status"]) == (404, "404")
    assert json.loads(answer.body)["errorType"] == "MessageError"


def test_a_push_through_the_http_trigger_is_signed_by_the_role_of_the_function(
    hosted: Running, dataworks: DataWorks
) -> None:
    push = hosted.pusher.push(event("download-resources", BIG))
    for name, value in invocation(dataworks, **{"x-fc-control-path": "/http-invoke"}).items():
        push = push.also(name, value)
    assert hosted.push(push).status == 200
    assert callbacks(dataworks) == [("CallbackExtension", "m-1", "FAIL")]
    assert len(hosted.recorded()) == 1


def test_elsewhere_nobody_can_invoke_and_no_header_is_believed(running: Running, dataworks: DataWorks) -> None:
    assert running.ask("/invoke", method="POST", body=HOSTED, headers=invocation(dataworks)).status == 404
    other = key()
    dataworks.keys[other.access_key_id] = other
    push = running.pusher.push(event("download-resources", BIG)).also("x-fc-access-key-id", other.access_key_id)
    assert running.push(push).status == 200
    assert {call.access_key_id for call in dataworks.received} == {next(iter(dataworks.keys))}


# the process


def test_a_line_of_the_server_is_json_and_quotes_nothing_that_was_raised() -> None:
    raised = RuntimeError("select secret from t")
    facts = type(raised), raised, None
    error = logging.LogRecord("uvicorn.error", logging.ERROR, "", 1, "Exception in <ASGI>\n", None, facts)
    lines = service._Lines()
    assert json.loads(lines.format(error)) == {
        "event": "server",
        "level": "ERROR",
        "message": "Exception in ‹ASGI›",
        "error": "RuntimeError",
    }
    plain = logging.LogRecord("uvicorn.error", logging.INFO, "", 1, "Started %s", ("it",), None)
    assert json.loads(lines.format(plain)) == {"event": "server", "level": "INFO", "message": "Started it"}
    ours = logging.LogRecord("extension", logging.INFO, "", 1, '{"event": "verdict"}', None, None)
    assert lines.format(ours) == '{"event": "verdict"}'


def test_it_runs_as_a_process_and_ends_when_it_is_told_to(stopped: Running, dataworks: DataWorks) -> None:
    """One JSON object a line on standard output, and nothing secret in it."""
    environment = {name: os.environ[name] for name in os.environ if name != "EXTENSION_LISTEN"}
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "extension.service"],
        env={**environment, "EXTENSION_LISTEN": f"127.0.0.1:{port}"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        while True:
            try:
                with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                    connection.request("GET", "/readyz")
                    with connection.getresponse() as response:
                        assert response.status == 200
                break
            except ConnectionRefusedError:
                assert process.poll() is None
                time.sleep(0.05)
        with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            push = stopped.pusher.push(event("download-resources", BIG))
            headers = {name: value.decode("latin-1") for name, value in push.headers}
            connection.request("POST", "/events?from=bridge", push.body, headers)
            with connection.getresponse() as response:
                assert response.status == 200
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["result"] for line in lines if line["event"] == "verdict"] == ["FAIL"]
    assert dataworks.verdicts == {"m-1": ["FAIL"]}
    assert len(stopped.recorded()) == 1
    secret = next(iter(dataworks.keys.values())).access_key_secret
    assert not any(word in output for word in (secret, TOKEN, ADMIN, LINK_KEY))
    assert process.returncode in (0, -signal.SIGTERM)


@pytest.mark.parametrize(
    ("variable", "value", "error"),
    [
        ("EXTENSION_LISTEN", "9000", "error: environment variable EXTENSION_LISTEN: expected host:port, found '9000'"),
        ("EXTENSION_POLICY", "/no/such.yaml", "error: /no/such.yaml: cannot be read: no such file or directory"),
        ("EXTENSION_RECORDS", "oracle://user:word@host/db", "error: environment variable EXTENSION_RECORDS: "),
        ("DINGTALK_WEBHOOK", "https://example.com/?word", "error: environment variable DINGTALK_WEBHOOK: "),
    ],
)
def test_what_it_cannot_start_with_is_said_in_a_line(
    stopped: Running, capsys: pytest.CaptureFixture[str], variable: str, value: str, error: str
) -> None:
    stopped.set(**{variable: value})
    for name, now in (("handlers", []), ("level", logging.root.level)):  # main sets both
        stopped.monkeypatch.setattr(logging.root, name, now)
    with pytest.raises(SystemExit) as ended:
        service.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith(error)
    assert said.count("\n") == 1
    assert "word" not in said
