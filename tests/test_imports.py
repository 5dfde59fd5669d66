"""What a cold start loads: for a plain download with its verdict posted, and what comes to it with other policies."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from extension import storage
from extension.local import EXTENSION_CODE, DataWorks
from extension.storage import ROOT
from tests.conftest import key

PROGRAM = """
import sys
from types import SimpleNamespace as Some
sys.path.insert(0, sys.argv[1])
from extension import storage
storage.ROOT = storage.Path(sys.argv[2])
import handler
context = Some(request_id="r", region="cn-shanghai", function=Some(timeout=60))
handler.initialize(context)
returned = handler.handler(sys.stdin.buffer.read(), context)
print(returned)
print(*sorted(sys.modules), sep=" ")
"""

OURS = {
    *("handler", "extension", "extension.bounds", "extension.catalogue", "extension.checks", "extension.checks.lists"),
    *("extension.checks.transfers", "extension.compiled", "extension.completion", "extension.dataworks"),
    *("extension.deliveries", "extension.edges", "extension.envelopes", "extension.errors", "extension.events"),
    *("extension.journal", "extension.light", "extension.overtime", "extension.parameters", "extension.payloads"),
    *("extension.pipeline", "extension.queries", "extension.rules", "extension.settings", "extension.sql"),
    *("extension.sql.facts", "extension.storage", "extension.verdict"),
}
"""Modules of ours that a download under rules on downloads needs: whoever adds one says what it costs."""

THEIRS = {"msgspec"}
"""Packages of others."""

STANDARD = {
    *("__future__", "_abc", "abc", "array", "atexit", "base64", "binascii", "bisect", "builtins", "calendar", "codecs"),
    *("collections", "contextlib", "copyreg", "datetime", "decimal", "email", "encodings", "enum", "errno", "fnmatch"),
    *("functools", "genericpath", "hashlib", "heapq", "hmac", "http", "importlib", "io", "ipaddress", "itertools"),
    *("keyword", "linecache", "locale", "logging", "marshal", "math", "msgspec", "ntpath", "numbers", "operator", "os"),
    *("pathlib", "platform", "posix", "posixpath", "queue", "quopri", "random", "re", "reprlib", "select", "selectors"),
    *(
        "signal",
        "socket",
        "ssl",
        "stat",
        "string",
        "struct",
        "stringprep",
        "sys",
        "sysconfig",
        "textwrap",
        "threading",
        "time",
    ),
    *("token", "tokenize", "traceback", "types", "typing", "unicodedata", "urllib", "uuid", "warnings", "weakref"),
    *("zipimport", "zlib", "zoneinfo", "glob", "grp", "nturl2path", "opcode", "stringprep"),
}
"""Packages of the standard library, which the others bring along."""


def run(policy: str, folder: Path, *, event: dict[str, object] | None = None) -> set[str]:
    """Modules that are loaded when a verdict under a policy was posted: compiled, and in a process of its own.

    The policy is in the folder that is deployed, as far as the process knows.
    """
    path = folder / "policy.yaml"
    path.write_text(policy, encoding="utf-8")
    path.with_suffix(".compiled").write_bytes(storage.compiled_form(path))
    credentials = key()
    with DataWorks(keys=[credentials], extension_code=EXTENSION_CODE) as dataworks:
        done = subprocess.run(  # noqa: S603  our own interpreter and our own program
            [sys.executable, "-c", PROGRAM, str(ROOT), str(folder)],
            input=json.dumps(event or DOWNLOAD).encode(),
            env={
                "DATAWORKS_ENDPOINT": dataworks.url,
                "DATAWORKS_EXTENSION_CODE": EXTENSION_CODE,
                "EXTENSION_POLICY": str(path),
                "ALIBABA_CLOUD_ACCESS_KEY_ID": credentials.access_key_id,
                "ALIBABA_CLOUD_ACCESS_KEY_SECRET": credentials.access_key_secret,
                "ALIBABA_CLOUD_SECURITY_TOKEN": credentials.security_token,
            },
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        returned, modules = done.stdout.decode().splitlines()
        assert list(dataworks.verdicts.values()) == [[json.loads(returned)["checkResult"]]]
    return set(modules.split())


DOWNLOAD: dict[str, object] = json.loads((ROOT / "events/download-resources.json").read_bytes())
PLAIN = "version: 1\nrules:\n" + "".join(
    f"  - {{id: r{number}, on: download-resources, check: {check}}}\n"
    for number, check in enumerate(
        (
            "download.rows, with: {max: 1000}",
            "download.size, with: {max: 10MB}",
            "download.source, with: {deny: [dw_excel]}",
            'download.datasource, with: {deny: ["hr*"]}',
            "download.operator, with: {deny: [42]}",
            "download.workspace, with: {allow: [test_project]}",
        )
    )
)


def test_a_plain_download_loads_what_is_listed_and_nothing_else(tmp_path: Path) -> None:
    loaded = run(PLAIN, tmp_path)
    ours = {name for name in loaded if name.partition(".")[0] in {"extension", "handler"}}
    assert ours == OURS
    others = {name.partition(".")[0] for name in loaded - ours - {"__main__"}}
    command = [sys.executable, "-c", "import sys; print(*sys.modules)"]
    before = subprocess.run(command, capture_output=True, text=True, check=True, env={}).stdout.split()  # noqa: S603  our own interpreter
    # What begins with an underscore is how the standard library is made, or the machine's own.
    packages = {name for name in others if not name.startswith("_")} - {name.partition(".")[0] for name in before}
    assert packages - STANDARD - THEIRS == set()
    assert packages >= THEIRS
    assert set(sys.stdlib_module_names) >= STANDARD - THEIRS - {"nturl2path"}


@pytest.mark.parametrize(
    ("rule", "brings"),
    [
        ("check: download.file_name, with: {pattern: '[a-z]+'}", "re2"),
        ("check: sql.limit, with: {max: 10}", "sqlglot"),
        ("when: 'event.dataRowSize > 10'", "extension.conditions"),
        ("check: calendar.freeze, with: {holidays: CN}", "holidays"),
        ("check: workspace.id, with: {deny: [7]}", "extension.checks.workspaces"),
    ],
)
def test_what_a_rule_needs_comes_with_the_first_that_needs_it(rule: str, brings: str, tmp_path: Path) -> None:
    event = {**DOWNLOAD, "messageBody": {**DOWNLOAD["messageBody"], "sqlText": "select 1"}}  # type: ignore[dict-item]  # a mapping
    loaded = run(f"version: 1\nrules: [{{id: r, on: download-resources, {rule}}}]\n", tmp_path, event=event)
    assert brings in loaded
    heavy = {"re2", "sqlglot", "cel.cel", "holidays", "yaml", "rich", "click", "alibabacloud_tea_openapi", "tenacity"}
    own = {"extension.conditions": {"cel.cel"}}.get(brings, {brings})
    assert loaded & heavy == own & heavy
    assert not {"extension.policy", "extension.cel", "extension.expressions", "extension.tree"} & loaded
