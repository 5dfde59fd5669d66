"""What the service counts, for Prometheus."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from extension import __version__, catalogue
from extension.records import Judgement

_PREFIX = "dataworks_extension"
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters of a service. Any number of threads can count at the same time."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._verdicts = Counter(
            f"{_PREFIX}_verdicts", "Verdicts, by event and result", ["event", "result"], registry=self._registry
        )
        self._findings = Counter(
            f"{_PREFIX}_findings",
            "Findings, by event, rule, what they give, and whether they count",
            ["event", "rule", "result", "mode"],
            registry=self._registry,
        )
        self._callbacks = Counter(
            f"{_PREFIX}_callbacks", "Callbacks, by API and outcome", ["action", "outcome"], registry=self._registry
        )
        self._requests = Counter(
            f"{_PREFIX}_requests", "Requests with events, by status", ["path", "status"], registry=self._registry
        )
        self._judged = Histogram(
            f"{_PREFIX}_judging_seconds",
            "Time from the arrival of an event until its verdict is posted, by event",
            ["event"],
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._answered = Histogram(
            f"{_PREFIX}_request_seconds",
            "Time until a request with an event is answered",
            ["path"],
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        self._registry.register(_Constant("version", "Version of the package", {"version": __version__}))

    def judged(self, judgement: Judgement) -> None:
        """Count a verdict. Codes that the catalogue does not know are one, for they are without number."""
        event = judgement.event.code if judgement.event.code in catalogue.BY_CODE else "unknown"
        verdict, callback = judgement.verdict, judgement.callback
        self._verdicts.labels(event, verdict.result.value).inc()
        for rule, result, mode in {(each.rule, each.result.value, each.mode.value) for each in verdict.findings}:
            self._findings.labels(event, rule, result, mode).inc()
        self._callbacks.labels(callback.action, callback.outcome).inc()
        self._judged.labels(event).observe(judgement.total_ms / 1000)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count a request to one of the paths that take events."""
        self._requests.labels(path, str(status)).inc()
        self._answered.labels(path).observe(seconds)

    def watch(self, name: str, about: str, values: Callable[[], dict[str, float]], *, counts: bool) -> None:
        """Show numbers that somebody else keeps, by kind, read when they are asked for; `counts` if they only grow."""
        self._registry.register(_Kept(name, about, values, counts=counts))

    def text(self) -> bytes:
        """All of it, in Prometheus' text format."""
        return generate_latest(self._registry)


class _Constant(Collector):
    def __init__(self, name: str, about: str, labels: dict[str, str]) -> None:
        self._metric = GaugeMetricFamily(f"{_PREFIX}_{name}", about, labels=[*labels])
        self._metric.add_metric([*labels.values()], 1)

    def collect(self) -> Iterator[Metric]:
        """The one metric."""
        yield self._metric


class _Kept(Collector):
    def __init__(self, name: str, about: str, values: Callable[[], dict[str, float]], *, counts: bool) -> None:
        self._name, self._about, self._values, self._counts = f"{_PREFIX}_{name}", about, values, counts

    def describe(self) -> Iterator[Metric]:
        """Nothing: it is only known once it is asked for."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """A sample of each kind."""
        family = (CounterMetricFamily if self._counts else GaugeMetricFamily)(self._name, self._about, labels=["kind"])
        for kind, value in self._values().items():
            family.add_metric([kind], value)
        yield family
