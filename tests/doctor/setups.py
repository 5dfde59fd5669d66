"""A set-up in which all is well, made for real: a DataWorks on loopback, an environment, a policy. Tests break it."""

import json
import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from extension.__main__ import main
from extension.commands.diagnosing import Report
from extension.dataworks import Credentials
from extension.doctor import Level, Remark
from extension.local import DataWorks
from tests.conftest import EVENTS

DOWNLOADS = """\
version: 1
language: en
rules:
  - {id: bulk, on: download-resources, check: download.rows, with: {max: 100000},
     options: {max: maxRows, result: response}}
"""
"""A policy whose events Function Compute hosting covers."""

OPTIONS: dict[str, dict[str, Any]] = {
    "maxRows": {"type": "number", "title": "Most rows", "x-component": "Input", "x-decorator": "FormItem"},
    "response": {
        "type": "string",
        "title": "What a hit gives",
        "x-component": "Radio.Group",
        "x-decorator": "FormItem",
        "x-component-props": {"dataSource": [{"value": "FAIL", "label": "Block"}, {"value": "WARN", "label": "Warn"}]},
    },
}
"""The options that its rule reads."""

FILES = """\
version: 1
language: en
rules:
  - {id: functions, on: [commit-file, deploy-file], check: file.functions, with: {deny: [max_pt]}}
  - {id: owners, on: backfill-data, when: '"role_project_owner" in operator.roles'}
  - {id: nodes, on: pre-kill-instance, check: instance.protected, with: {names: [daily]}}
"""
"""A policy whose events come through EventBridge, and whose rules ask all that can be asked."""

CHECKED = ("commit-file", "deploy-file", "backfill-data", "pre-kill-instance")
"""Its events."""

SECRETS = {
    "EVENTBRIDGE_TOKEN": "token-of-the-target-0123456789abcdef",
    "EXTENSION_LINK_KEY": "link-key-0123456789abcdef0123456789abcdef",
    "EXTENSION_ADMIN_TOKEN": "admin-token-0123456789abcdef0123456789abcdef",
    "DINGTALK_WEBHOOK": "https://robot.example.com/send?access_token=robot-0123456789",
    "DINGTALK_SECRET": "SEC-robot-0123456789",
}

CODE = "ext-4711"

_READ = (
    *("ALIBABA_CLOUD_", "DATAWORKS_", "EXTENSION_", "EVENTBRIDGE_", "DINGTALK_", "FC_", "DEPLOY_", "SERVICE_"),
    *("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"),
)
"""What variables begin with that say something of a set-up."""


class SetUp:
    """All is well with it, until something is changed."""

    def __init__(self, dataworks: DataWorks, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dataworks = dataworks
        self.folder = folder
        self._monkeypatch = monkeypatch
        monkeypatch.chdir(folder)
        for name in list(_environment()):
            if name.startswith(_READ):
                monkeypatch.delenv(name)
        self._key = next(iter(dataworks.keys.values()))
        self.sign_with(self._key)
        self.set(
            **SECRETS,
            DATAWORKS_ENDPOINT=dataworks.url,
            DATAWORKS_EXTENSION_CODE=CODE,
            EXTENSION_POLICY=str(folder / "policy.yaml"),
            FC_REGION="cn-shanghai",
        )
        self.policy(DOWNLOADS)
        self.register(["download-resources"], options=OPTIONS)

    def try_rules(self) -> None:
        """Have cases that touch each rule."""
        event = json.loads((EVENTS / "download-resources.json").read_text(encoding="utf-8"))
        self.write("cases/event.json", json.dumps(event))
        self.write(
            "cases/cases.yaml",
            "cases: [{name: many, event: event.json, data: {dataRowSize: 100001}, options: {},"
            " expect: {result: FAIL, findings: bulk}}]",
        )

    def set(self, **variables: str) -> None:
        """Set variables; an empty text unsets one."""
        for name, value in variables.items():
            if value:
                self._monkeypatch.setenv(name, value)
            else:
                self._monkeypatch.delenv(name, raising=False)

    def sign_with(self, key: Credentials) -> None:
        """Give it credentials."""
        self.set(
            ALIBABA_CLOUD_ACCESS_KEY_ID=key.access_key_id,
            ALIBABA_CLOUD_ACCESS_KEY_SECRET=key.access_key_secret,
            ALIBABA_CLOUD_SECURITY_TOKEN=key.security_token,
        )

    @property
    def key(self) -> Credentials:
        """The key that DataWorks knows."""
        return self._key

    @property
    def secrets(self) -> frozenset[str]:
        """What must be in no output: all of it is in the environment."""
        return frozenset({*SECRETS.values(), self.key.access_key_secret, self.key.security_token, "pass-word"})

    def write(self, name: str, text: str) -> Path:
        """A file in the folder where the command runs."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def policy(self, text: str) -> None:
        """Have another policy."""
        self.write("policy.yaml", text)

    def register(self, events: Iterable[str], *, options: Mapping[str, object] | None = None, **said: object) -> None:
        """Register the extension for other events, with other options, and whatever else GetExtension says."""
        self.dataworks.registration = {
            "ExtensionName": "checks",
            "Status": 1,
            "BindEventList": [{"EventCode": code} for code in events],
            "ProjectTesting": 90214,
            "OptionSetting": json.dumps({"type": "object", "properties": options}) if options else "",
            **said,
        }

    def deploy(self, resource: str, role: str = "", **variables: str) -> None:
        """Have an s.yaml that deploys a function with a role and variables."""
        properties = {"functionName": "f", "region": "cn-shanghai", "environmentVariables": variables}
        properties |= {"role": role} if role else {}
        self.write("s.yaml", json.dumps({"resources": {resource: {"component": "fc3", "props": properties}}}))

    def of_files(self) -> None:
        """Have the policy that asks everything, registered and behind a service, all well."""
        self.policy(FILES)
        self.register(CHECKED)
        self.set(EXTENSION_URL="https://checks.example.com", EXTENSION_RECORDS=str(self.folder / "verdicts"))

    def shown(self, *arguments: str) -> Result:
        """Run `doctor`. What it raises is raised: nobody shall see a stack trace."""
        shown = CliRunner().invoke(main, ["doctor", *arguments], env={"COLUMNS": "200"})
        if shown.exception and not isinstance(shown.exception, SystemExit):
            raise shown.exception
        return shown

    def report(self, *arguments: str) -> Report:
        """What `doctor --json` says; its exit code must be as it says."""
        shown = self.shown("--json", *arguments)
        assert not [secret for secret in self.secrets if secret in shown.output]
        report = msgspec.json.decode(shown.stdout, type=Report)
        assert shown.exit_code == (1 if report.summary[Level.ERROR] else 0)
        return report


OF_FILES = ("rule.", "cases.", "shadow.", "package.", "versions.")
"""What ids of remarks begin with that are about rules and packages: other tests are about those."""


def found(report: Report) -> Sequence[Remark]:
    """What is wrong with the set-up: errors and warnings."""
    wrong = [remark for remark in report.remarks if remark.level in (Level.ERROR, Level.WARNING)]
    return [remark for remark in wrong if not remark.id.startswith(OF_FILES)]


def free_port() -> int:
    """A port where nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port: int = free.getsockname()[1]
        return port


def _environment() -> Mapping[str, str]:
    import os  # noqa: PLC0415  for this alone

    return os.environ
