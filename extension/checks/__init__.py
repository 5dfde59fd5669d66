"""The registry of checks, written out by hand: id, function, settings, the events it judges, the texts of its hits."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from extension.checks import transfers
from extension.events import Event, Payload
from extension.settings import Guids, Ids, Listed, Maximum, MaximumSize, Named, Names, Networks, Protected
from extension.verdict import Finding, Text

P = TypeVar("P", bound=Payload | None)
S = TypeVar("S", bound=msgspec.Struct)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check: what a rule names with `check:`."""

    id: str
    judge: Callable[[Event[Any], Any], Iterator[Finding]]
    settings: type[msgspec.Struct]
    events: frozenset[str]
    texts: tuple[Text, ...]

    @property
    def placeholders(self) -> frozenset[str]:
        """Placeholders that every hit of the check has a value for."""
        return frozenset.intersection(*(text.fields for text in self.texts))


_DOWNLOADS = ("download-resources", "download-resources-execute")
_DOWNLOAD = ("download-resources-execute",)
_UPLOAD = ("upload-data-to-table",)


def _check(
    check: str,
    judge: Callable[[Event[P], S], Iterator[Finding]],
    settings: type[S],
    events: tuple[str, ...],
    *texts: Text,
) -> Check:
    return Check(id=check, judge=judge, settings=settings, events=frozenset(events), texts=texts)


# A table, one check a line.
# fmt: off
_CHECKS = (
    _check("download.rows", transfers.download_rows, Maximum, _DOWNLOADS, transfers.TOO_MANY_ROWS),
    _check("download.size", transfers.download_size, MaximumSize, _DOWNLOADS, transfers.TOO_LARGE_DOWNLOAD),
    _check("download.source", transfers.download_source, Listed[transfers.DownloadSources], _DOWNLOADS, transfers.SOURCE_REFUSED),
    _check("download.datasource", transfers.download_datasource, Listed[Names], _DOWNLOADS, transfers.DATASOURCE_REFUSED),
    _check("download.workspace", transfers.download_workspace, Listed[Names], _DOWNLOADS, transfers.WORKSPACE_REFUSED),
    _check("download.operator", transfers.download_operator, Listed[Ids], _DOWNLOADS, transfers.OPERATOR_REFUSED),
    _check("download.file_name", transfers.download_file_name, Named, _DOWNLOADS, transfers.FILE_NAME_REFUSED),
    _check("download.ip", transfers.download_ip, Listed[Networks], _DOWNLOAD, transfers.IP_REFUSED),
    _check("upload.size", transfers.upload_size, MaximumSize, _UPLOAD, transfers.TOO_LARGE_UPLOAD),
    _check("upload.target", transfers.upload_target, Listed[Guids], _UPLOAD, transfers.TARGET_REFUSED),
    _check("upload.source", transfers.upload_source, Listed[transfers.UploadSources], _UPLOAD, transfers.UPLOAD_SOURCE_REFUSED),
    _check("upload.overwrite", transfers.upload_overwrite, Protected, _UPLOAD, transfers.OVERWRITE_REFUSED),
    _check("upload.engine", transfers.upload_engine, Listed[transfers.Engines], _UPLOAD, transfers.ENGINE_REFUSED),
)
# fmt: on

BY_ID = {check.id: check for check in _CHECKS}
