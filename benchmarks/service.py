"""The service under load, and what is lost when it is killed: `python -m benchmarks.service --help`.

Events are signed and pushed over real sockets to the service in a process of its own, which posts to an embedded
DataWorks. Then the same while the service is told to stop (SIGTERM) and is killed (SIGKILL) in the middle, and started
again at once: what fails is pushed again, as EventBridge does, until it is answered. Ratios are within one run.
"""

import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from queue import Empty, Queue

import click
import msgspec

from extension.dataworks import Credentials
from extension.local import EXTENSION_CODE, DataWorks
from extension.storage import ROOT
from extension.stores.opening import open_store
from tests.eventbridge import V1, Pusher, publish

URL, TOKEN = "http://127.0.0.1/events", "token of the target"
AGAIN_S = 0.2
"""How long a push that failed waits for its next attempt; EventBridge waits 10 to 20 seconds."""

SAMPLE = (ROOT / "events" / "download-resources.eventbridge.json").read_bytes()


class Service:
    """The service in a process, which can be ended and started again on the same port."""

    def __init__(self, dataworks: DataWorks, folder: Path, *, records: bool) -> None:
        key = next(iter(dataworks.keys.values()))
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        certificates = folder / "certificates"
        certificates.mkdir(exist_ok=True)
        self.records = folder / f"verdicts-{self.port}"
        ours = {
            "DATAWORKS_ENDPOINT": dataworks.url,
            "DATAWORKS_EXTENSION_CODE": EXTENSION_CODE,
            "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
            "ALIBABA_CLOUD_SECURITY_TOKEN": key.security_token,
            "EVENTBRIDGE_URL": URL,
            "EVENTBRIDGE_TOKEN": TOKEN,
            "EVENTBRIDGE_CERTIFICATES": str(publish(certificates)),
            "EXTENSION_LISTEN": f"127.0.0.1:{self.port}",
            "EXTENSION_RECORDS": str(self.records) if records else f"sqlite:///{self.records}.db",
        }
        kept = ("PATH", "HOME", "LANG", "VIRTUAL_ENV")
        self._environment = {**{name: os.environ[name] for name in kept if name in os.environ}, **ours}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "extension.service"], env=self._environment, cwd=ROOT, stdout=subprocess.DEVNULL
        )
        while True:
            try:
                with closing(HTTPConnection("127.0.0.1", self.port, timeout=5)) as connection:
                    connection.request("GET", "/healthz")
                    connection.getresponse().read()
                    return
            except OSError:
                if self._process.poll() is not None:
                    raise click.ClickException("the service does not start") from None
                time.sleep(0.05)

    def end(self, how: signal.Signals) -> None:
        """Send a signal, and wait until it is gone."""
        if self._process:
            self._process.send_signal(how)
            self._process.wait(60)


class Pushed(msgspec.Struct):
    """What became of a push."""

    message_id: str
    ms: float
    """From the first attempt to the answer."""
    attempts: int


class Load:
    """Pushes from several threads, each again until it is answered with 2xx."""

    def __init__(self, service: Service, threads: int) -> None:
        self._service = service
        self._threads = threads
        self._pusher = Pusher(URL, TOKEN, schemes=(V1,))
        self.done: list[Pushed] = []

    def run(self, prefix: str, number: int) -> float:
        """Push so many events; how many seconds it took."""
        self.done = []
        waiting: Queue[str] = Queue()
        for count in range(number):
            waiting.put(f"{prefix}-{count}")
        threads = [threading.Thread(target=self._work, args=(waiting,)) for _ in range(self._threads)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - started

    def _work(self, waiting: "Queue[str]") -> None:
        connection = HTTPConnection("127.0.0.1", self._service.port, timeout=30)
        while True:
            try:
                message_id = waiting.get_nowait()
            except Empty:
                connection.close()
                return
            envelope = msgspec.json.decode(SAMPLE)
            body = msgspec.json.encode({**envelope, "id": message_id})
            started, attempts = time.perf_counter(), 0
            while True:
                attempts += 1
                push = self._pusher.push(body)
                try:
                    headers = {name: value.decode("latin-1") for name, value in push.headers}
                    connection.request("POST", push.path, push.body, headers)
                    response = connection.getresponse()
                    response.read()
                    if response.status == 200:  # noqa: PLR2004  the status that ends it
                        break
                except (OSError, HTTPException):
                    connection.close()
                time.sleep(AGAIN_S)
            self.done.append(Pushed(message_id, (time.perf_counter() - started) * 1000, attempts))


def _hundredths(pushed: list[Pushed]) -> list[float]:
    return statistics.quantiles([each.ms for each in pushed], n=100, method="inclusive")


@contextmanager
def _ending(service: Service, how: signal.Signals, times: int, every_s: float) -> Iterator[None]:
    """End the service some times while the block runs, and start it again at once."""

    def work() -> None:
        for _ in range(times):
            time.sleep(every_s)
            service.end(how)
            service.start()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join()


@click.command()
@click.option("--events", default=3000, show_default=True, help="Events of each run.")
@click.option("--threads", default=8, show_default=True, help="Pushes at the same time.")
@click.option("--times", default=3, show_default=True, help="How often the service is ended in a run.")
def main(events: int, threads: int, times: int) -> None:
    """Measure the service, and end it in the middle. Exits 1 if anything is lost, or answered in two ways."""
    key = Credentials(f"LOAD{secrets.token_hex(8)}", secrets.token_hex(16), secrets.token_hex(32))
    with (
        tempfile.TemporaryDirectory() as folder,
        DataWorks(keys=[key], extension_code=EXTENSION_CODE, remembers=1000) as dataworks,
    ):
        bad = 0
        rates: list[float] = []
        for name, records in (("warm-up", True), ("SQLite", False), ("folder", True)):
            service = Service(dataworks, Path(folder), records=records)
            service.start()
            load = Load(service, threads)
            seconds = load.run(name.replace(" ", "-"), events)
            service.end(signal.SIGTERM)
            rates.append(events / seconds)
            if name != "warm-up":
                at = _hundredths(load.done)
                click.echo(f"{name:12}  {rates[-1]:6.0f} events/s   p50 {at[49]:6.1f} ms   p99 {at[98]:6.1f} ms")
        click.echo(f"{'':12}  the verdict log in a folder / in SQLite: {rates[2] / rates[1]:.2f} of the events/s")
        for how in (signal.SIGTERM, signal.SIGKILL):
            service = Service(dataworks, Path(folder), records=True)
            service.start()
            load = Load(service, threads)
            with _ending(service, how, times, every_s=events / rates[2] / (times + 1)):
                load.run(how.name, events)
            service.end(signal.SIGTERM)
            ids = {f"{how.name}-{count}" for count in range(events)}
            verdicts = {message_id: dataworks.verdicts.get(message_id, []) for message_id in ids}
            lost = sum(not each for each in verdicts.values())
            twice = sum(len(each) > 1 for each in verdicts.values())
            differing = sum(len(set(each)) > 1 for each in verdicts.values())
            again = sum(each.attempts > 1 for each in load.done)
            with open_store(str(service.records)) as store:
                recorded = len({each.message_id for each in store.read()} & ids)
            click.echo(
                f"{how.name} x {times}   {events} events, pushed again {again}: lost {lost}, posted twice {twice},"
                f" in two ways {differing}; in the verdict log {recorded}"
            )
            bad += lost + differing
        sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
