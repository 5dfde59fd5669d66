"""Checks on data that leaves or enters: downloads of results, uploads into tables.

Each check has its text and its function side by side, and its settings, where it does not share them. The functions are
pure: event and settings in, findings out. `Passes` and `Hits` in a docstring are run by a test.
"""

from collections.abc import Iterator

from extension.checks import row
from extension.checks.lists import compare
from extension.events import Event, Fact, Reason, Unknown
from extension.payloads import Download, DownloadExecution, Upload
from extension.settings import (
    Guids,
    Ids,
    Known,
    Listed,
    Maximum,
    MaximumSize,
    Named,
    Names,
    Networks,
    Protected,
    address,
    bytes_text,
)
from extension.verdict import Finding, Text, hit, unread

TOO_MANY_ROWS = Text(
    en="The download has {rows} rows; at most {max} are allowed. Narrow the query with a filter, or download less at"
    " a time.",
    zh="本次下载共 {rows} 行，最多允许 {max} 行。请增加过滤条件，或减少单次下载量。",
)


def download_rows(event: Event[Download], settings: Maximum) -> Iterator[Finding]:
    """Rows of a download: at most `max`.

    A large result is what leaves when data is taken away; small ones are daily work.

    Passes: {dataRowSize: "100000"} with {max: 100000}
    Hits: {dataRowSize: "100001"} with {max: 100000}
    """
    rows = event.payload.row_count
    if isinstance(rows, Unknown):
        yield unread(rows)
    elif rows > settings.max:
        yield hit(TOO_MANY_ROWS, rows=rows, max=settings.max)


TOO_LARGE_DOWNLOAD = Text(
    en="The file to download is {size}; at most {max} is allowed. Select fewer columns or rows.",
    zh="待下载文件大小为 {size}，上限为 {max}。请减少查询的列数或行数。",
)


def download_size(event: Event[Download], settings: MaximumSize) -> Iterator[Finding]:
    """Size of the file to download: at most `max`.

    Few rows can be heavy: documents and images in a column leave without many rows.

    Passes: {fileSize: 10000000} with {max: 10MB}
    Hits: {fileSize: 10000001} with {max: 10MB}
    """
    yield from _weigh(event.payload.file_size_bytes, settings, TOO_LARGE_DOWNLOAD)


TOO_LARGE_UPLOAD = Text(
    en="The file to upload is {size}; at most {max} is allowed. Split it, or use Data Integration for a load of this"
    " size.",
    zh="待上传文件大小为 {size}，上限为 {max}。请拆分文件，或使用数据集成导入。",
)


def upload_size(event: Event[Upload], settings: MaximumSize) -> Iterator[Finding]:
    """Size of the file to upload: at most `max`.

    Loads by hand have no schedule, no lineage and no owner; a large one belongs into a sync job.

    Passes: {fileSize: "1073741824"} with {max: 1GiB}
    Hits: {fileSize: "1073741825"} with {max: 1GiB}
    """
    yield from _weigh(event.payload.file_size_bytes, settings, TOO_LARGE_UPLOAD)


def _weigh(size: Fact[int], settings: MaximumSize, text: Text) -> Iterator[Finding]:
    if isinstance(size, Unknown):
        yield unread(size)
    elif size > settings.max:
        yield hit(text, size=bytes_text(size), max=settings.max)


SOURCE_REFUSED = Text(
    en='Downloads from "{source}" are not allowed. Use an allowed source, or ask the owner of the extension.',
    zh="不允许从“{source}”下载数据。请改用允许的来源，或联系扩展程序负责人。",
)


class DownloadSources(Known):
    """Where the data of a download comes from, as the platform documents it."""

    KNOWN = ("entity_transfer", "develop_query", "sqlx_query", "dw_excel")


def download_source(event: Event[Download], settings: Listed[DownloadSources]) -> Iterator[Finding]:
    """Where the data is downloaded from (`moduleType`): entity_transfer, develop_query, sqlx_query, dw_excel.

    A spreadsheet or the data catalog can hand out data that no query shows.

    Passes: {moduleType: sqlx_query} with {deny: [dw_excel]}
    Hits: {moduleType: dw_excel} with {deny: [dw_excel]}
    """
    yield from compare(settings, SOURCE_REFUSED, "source", event.payload.source)


DATASOURCE_REFUSED = Text(
    en='Downloads from the data source "{datasource}" are not allowed. Use another data source, or ask its owner.',
    zh="不允许从数据源“{datasource}”下载数据。请改用其他数据源，或联系该数据源的负责人。",
)


def download_datasource(event: Event[Download], settings: Listed[Names]) -> Iterator[Finding]:
    """Data source of a download, by name or by id.

    Production and personal data often sit in data sources of their own.

    Passes: {datasourceName: odps_first, datasourceId: "1111"} with {deny: ["*_pii"]}
    Hits: {datasourceName: crm_pii, datasourceId: "1112"} with {deny: ["*_pii"]}
    """
    payload = event.payload
    yield from compare(settings, DATASOURCE_REFUSED, "datasource", payload.datasource_name, payload.datasource_id)


WORKSPACE_REFUSED = Text(
    en='Downloads from the workspace "{workspace}" are not allowed. Ask its administrator.',
    zh="不允许从工作空间“{workspace}”下载数据。请联系该工作空间的管理员。",
)


def download_workspace(event: Event[Download], settings: Listed[Names]) -> Iterator[Finding]:
    """Workspace of a download, by name or by id.

    Passes: {queryDwProjectName: sandbox, queryDwProjectId: "90214"} with {allow: [sandbox]}
    Hits: {queryDwProjectName: finance, queryDwProjectId: "90215"} with {allow: [sandbox]}
    """
    payload = event.payload
    yield from compare(settings, WORKSPACE_REFUSED, "workspace", payload.workspace_name, payload.workspace_id)


OPERATOR_REFUSED = Text(
    en="Downloads are not allowed for your account ({operator}). Ask the owner of the extension for permission.",
    zh="您的账号（{operator}）无权下载数据。请向扩展程序负责人申请权限。",
)


def download_operator(event: Event[Download], settings: Listed[Ids]) -> Iterator[Finding]:
    """User of a download, by UID (`operatorUid`) or by base id (`operatorBaseId`): one of them in a list is enough.

    Passes: {operatorUid: "1", operatorBaseId: "10"} with {allow: ["10"]}
    Hits: {operatorUid: "2", operatorBaseId: "20"} with {allow: ["10"]}
    """
    payload = event.payload
    yield from compare(settings, OPERATOR_REFUSED, "operator", payload.operator_uid, payload.operator_base_id)


FILE_NAME_REFUSED = Text(
    en='The file name "{file}" is not of the form {pattern}. Rename the file.',
    zh="文件名“{file}”不符合规定的格式 {pattern}。请修改文件名。",
)


def download_file_name(event: Event[Download], settings: Named) -> Iterator[Finding]:
    """Name of the file to download: all of it matches `pattern`.

    A ticket number in the name is the cheapest audit trail that a download can have.

    Passes: {fileName: DATA-42_orders.csv} with {pattern: 'DATA-[0-9]+_.*[.]csv'}
    Hits: {fileName: orders.csv} with {pattern: 'DATA-[0-9]+_.*[.]csv'}
    """
    name = event.payload.file_name
    if isinstance(name, Unknown):
        yield unread(name)
    elif not settings.pattern.matches(name):
        yield hit(FILE_NAME_REFUSED, file=name, pattern=settings.pattern)


IP_REFUSED = Text(
    en="Downloads from your IP address ({ip}) are not allowed. Use the company's network.",
    zh="不允许从您的 IP 地址（{ip}）下载数据。请使用公司网络。",
)


def download_ip(event: Event[DownloadExecution], settings: Listed[Networks]) -> Iterator[Finding]:
    """Address that a generated file is fetched from; DataWorks tells it at that step only.

    Passes: {ip: 10.1.2.3} with {allow: [10.0.0.0/8, "fd00::/8"]}
    Hits: {ip: 198.51.100.7} with {allow: [10.0.0.0/8, "fd00::/8"]}
    """
    fact = event.payload.ip
    if isinstance(fact, Unknown):
        yield unread(fact)
        return
    ip = address(fact)
    if ip is None:
        yield unread(Unknown("ip", Reason.UNREADABLE))
    elif (settings.deny and ip in settings.deny) or (settings.allow and ip not in settings.allow):
        yield hit(IP_REFUSED, ip=str(ip))


TARGET_REFUSED = Text(
    en='Uploads into the table "{table}" are not allowed. Choose a table that is meant for it, or ask its owner.',
    zh="不允许向表“{table}”上传数据。请选择允许上传的表，或联系表负责人。",
)


def upload_target(event: Event[Upload], settings: Listed[Guids]) -> Iterator[Finding]:
    """Table that an upload writes into, by its GUID: `odps.project.table`, `emr_hive.cluster.schema.table`,
    `holo.instance.database`.

    Passes: {tableGuid: odps.sandbox.tmp_orders} with {allow: ["odps.sandbox.*", "holo.*.scratch"]}
    Hits: {tableGuid: odps.finance.ledger} with {allow: ["odps.sandbox.*", "holo.*.scratch"]}
    """
    yield from compare(settings, TARGET_REFUSED, "table", _guid(event.payload))


UPLOAD_SOURCE_REFUSED = Text(
    en='Uploads from "{source}" are not allowed. Use an allowed source, or ask the owner of the extension.',
    zh="不允许从“{source}”上传数据。请改用允许的来源，或联系扩展程序负责人。",
)


class UploadSources(Known):
    """Where the data of an upload comes from, as the platform documents it."""

    KNOWN = ("LOCAL", "OSS", "DW_EXCEL", "HTTP")


def upload_source(event: Event[Upload], settings: Listed[UploadSources]) -> Iterator[Finding]:
    """Where an upload comes from (`uploadSourceType`): LOCAL, OSS, DW_EXCEL, HTTP.

    Passes: {uploadSourceType: OSS} with {deny: [HTTP]}
    Hits: {uploadSourceType: HTTP} with {deny: [HTTP]}
    """
    yield from compare(settings, UPLOAD_SOURCE_REFUSED, "source", event.payload.source)


OVERWRITE_REFUSED = Text(
    en='The upload is set to overwrite (OVERWRITE) the table "{table}". Choose to append instead.',
    zh="本次上传对表“{table}”采用覆盖写入（OVERWRITE）。请改为追加写入。",
)


def upload_overwrite(event: Event[Upload], settings: Protected) -> Iterator[Finding]:
    """Uploads that overwrite (`writeType` OVERWRITE): none, none into `deny`, or only into `allow` (table GUIDs).

    What is overwritten by hand is gone, and nobody was asked. Rows that an appending upload replaces by their key
    (`conflictMode`) are not judged.

    Passes: {writeType: APPEND, tableGuid: odps.finance.ledger} with {}
    Hits: {writeType: OVERWRITE, tableGuid: odps.finance.ledger} with {}
    """
    mode = event.payload.write_mode
    if isinstance(mode, Unknown):
        yield unread(mode)
    elif mode.strip().upper() not in ("OVERWRITE", "APPEND"):
        yield unread(Unknown("writeType", Reason.UNREADABLE))
    elif mode.strip().upper() == "OVERWRITE":
        if settings.allow is None and settings.deny is None:
            table = event.payload.table_guid
            yield hit(OVERWRITE_REFUSED, table="?" if isinstance(table, Unknown) else table)
        else:
            yield from compare(settings, OVERWRITE_REFUSED, "table", _guid(event.payload))


ENGINE_REFUSED = Text(
    en='Uploads into the engine "{engine}" are not allowed. Choose a table of another engine.',
    zh="不允许向计算引擎“{engine}”上传数据。请选择其他引擎的表。",
)


class Engines(Known):
    """Engines that data can be uploaded into, as the platform documents them."""

    KNOWN = ("MaxCompute", "EMR Hive", "Hologres")


def upload_engine(event: Event[Upload], settings: Listed[Engines]) -> Iterator[Finding]:
    """Engine that an upload writes into (`targetEngineType`): MaxCompute, EMR Hive, Hologres.

    The documents write "EMR Hive" in words and the sample writes MAXCOMPUTE, so space, `_` and `-` are as good as none.

    Passes: {targetEngineType: EMR_HIVE} with {allow: [MaxCompute, EMR Hive]}
    Hits: {targetEngineType: Hologres} with {allow: [MaxCompute, EMR Hive]}
    """
    yield from compare(settings, ENGINE_REFUSED, "engine", event.payload.engine)


_GUID_PARTS = 3


def _guid(payload: Upload) -> Fact[str]:
    """The table GUID; unreadable where it has not the engine, the place and the name that every documented one has."""
    guid = payload.table_guid
    if isinstance(guid, Unknown):
        return guid
    parts = guid.split(".")
    whole = len(parts) >= _GUID_PARTS and all(part.strip() for part in parts)
    return guid if whole else Unknown("tableGuid", Reason.UNREADABLE)


_DOWNLOADS = ("download-resources", "download-resources-execute")
_DOWNLOAD = ("download-resources-execute",)
_UPLOAD = ("upload-data-to-table",)

# A table, one check a line.
# fmt: off
CHECKS = (
    row("download.rows", download_rows, Maximum, _DOWNLOADS, TOO_MANY_ROWS),
    row("download.size", download_size, MaximumSize, _DOWNLOADS, TOO_LARGE_DOWNLOAD),
    row("download.source", download_source, Listed[DownloadSources], _DOWNLOADS, SOURCE_REFUSED),
    row("download.datasource", download_datasource, Listed[Names], _DOWNLOADS, DATASOURCE_REFUSED),
    row("download.workspace", download_workspace, Listed[Names], _DOWNLOADS, WORKSPACE_REFUSED),
    row("download.operator", download_operator, Listed[Ids], _DOWNLOADS, OPERATOR_REFUSED),
    row("download.file_name", download_file_name, Named, _DOWNLOADS, FILE_NAME_REFUSED),
    row("download.ip", download_ip, Listed[Networks], _DOWNLOAD, IP_REFUSED),
    row("upload.size", upload_size, MaximumSize, _UPLOAD, TOO_LARGE_UPLOAD),
    row("upload.target", upload_target, Listed[Guids], _UPLOAD, TARGET_REFUSED),
    row("upload.source", upload_source, Listed[UploadSources], _UPLOAD, UPLOAD_SOURCE_REFUSED),
    row("upload.overwrite", upload_overwrite, Protected, _UPLOAD, OVERWRITE_REFUSED),
    row("upload.engine", upload_engine, Listed[Engines], _UPLOAD, ENGINE_REFUSED),
)
# fmt: on
