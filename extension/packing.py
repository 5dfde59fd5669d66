"""The folders that are deployed, and zips of them: `make package`, `make package SERVICE=1`. Never deployed itself.

What goes in is written here, and nothing else does: the policy and the custom checks beside it, the modules that the
function or the service runs, and their dependencies for the platform and Python, whatever this machine is, without
what neither loads. The same input gives the same bytes. Nothing is kept before it was tried: a sample event must come
out of the function's zip with its verdict posted and returned, and the service must start and say that it is well.
"""

import platform
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from http.client import HTTPConnection, HTTPException
from importlib.metadata import distributions
from pathlib import Path
from secrets import token_hex
from typing import Any

import click
import msgspec
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from extension import storage
from extension.dataworks import Credentials
from extension.errors import PolicyError
from extension.local import EXTENSION_CODE, DataWorks
from extension.storage import ROOT

PYTHON = "3.12"
"""The one of s.yaml: the byte code and the shared objects are of no use to another one."""

PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_28_x86_64")
"""The runtimes are Debian 11, with glibc 2.31."""

MOUNT = "/code"
"""Where Function Compute has the folder: what byte code says of its source, wherever it was made."""

PYTHONPATH = ("python", "python/later.zip")
"""Where in the folder dependencies are looked for: PYTHONPATH in s.yaml."""

TOP = ("handler.py", "policy.yaml", "policy.compiled", "checks", "extension", "python", "__pycache__")
"""All that can be at the top of a folder."""

NOT_RUN = (
    *("__main__", "cases", "commands", "deployment", "descriptions", "doctor", "evidence", "examples", "faults"),
    *("local", "logs", "options", "packing", "pages.report", "reference", "registration", "replay", "review"),
    *("schema", "screen", "splitting", "usage", "verbs", "welcome"),
)
"""Modules of extension/ for the command line alone."""

OF_SERVICE = ("metrics", "notices", "pages", "service", "stores.database", "titles")
"""Modules of extension/ that the service has and the function has not, each with what is below it."""

SHOWN = (".jinja", ".css")
"""What pages are made of besides modules, by the ends of their names."""

OF_SDK = ("alibabacloud-dataworks-public20200518", "alibabacloud-tea-openapi")
"""Dependencies of pyproject.toml that a light package is without, and with them all that only they need."""

KEPT = ("certifi",)
"""What only the SDK says that it needs, and a light package has all the same: certificates where the image has none."""

ZIPPED = ("holidays", "dateutil", "six.pyc")
"""What hardly a policy has: public holidays. In python/later.zip they are a fifth as large."""

ZIPPED_IN_LIGHT = ("tzdata", "sqlglot", "sqlglot_maxcompute")
"""What no start loads, but for timezones where the image has none.

The first SQL of an instance takes 20 ms longer for it, and a start without timezones 10 ms.
"""

_SQL = "__init__|dialect|base|clickhouse|hive|mysql|postgres|presto|spark|spark2"
_OPTIMIZER = "__init__|annotate_types|normalize_identifiers|scope|simplify"

LEFT_OUT: Sequence[tuple[str, str]] = (
    (r"(\.\./)*bin/.*|(.*/)?__main__\.py|(cel|idna)/cli\.py|charset_normalizer/cli/.*", "command lines"),
    (r"cel/stdlib\.py", "functions that our conditions do not have: of cel, only the shared object is loaded"),
    (r"(.*/)?tests/.*|aiohttp/(test_utils|pytest_plugin)\.py|multidict/_testcapi.*", "tests, and help for them"),
    (r".*\.pyi|(.*/)?py\.typed", "types, for who writes code"),
    (r".*\.(c|h|cpp|pyx|pxd|pxi|hash)", "sources of shared objects"),
    (r"[^/]+\.dist-info/(?!METADATA$|licen[cs]es/|LICEN[CS]E).*", "notes of pip; some look themselves up in METADATA"),
    (r"aiohttp/(web(_\w+)?|worker)\.py|urllib3/contrib/emscripten/.*", "a web server, and a client inside browsers"),
    (r"(cffi|pycparser)/.*", "they make bindings: those of cryptography are made, and need _cffi_backend alone"),
    (r"dateutil/(rrule|tzwin|tz/win|zoneinfo/.*)(\.py)?", "recurrences, and timezones of its own"),
    (r"holidays/((financial|deprecations)/.*|generate_ics\.py|ical\.py)", "stock exchanges and calendar files"),
    (r"holidays/locale/.*", "names of holidays in other languages than the country's own"),
    (rf"sqlglot/(dialects|generators|parsers|typing)/(?!({_SQL})\.py$).*", "grammars of engines that are not ours"),
    (rf"sqlglot/optimizer/(?!({_OPTIMIZER})\.py$).*", "rewrites SQL: we only read it"),
    (r"sqlglot/(executor/.*|(anonymize|lineage|planner)\.py)", "runs SQL, or rewrites it"),
    (r"tenacity/tornadoweb\.py", "for a web server"),
    (r"tzdata/zoneinfo/(\w+\.tab|tzdata\.zi|leapseconds)", "what the timezones are made from"),
)
"""Files of the dependencies that are left out, by their paths, and why."""

LEFT_OUT_OF_SERVICE: Sequence[tuple[str, str]] = (
    (r"(anyio/pytest_plugin|starlette/testclient)\.py", "help for tests"),
    (r"sqlalchemy/(testing/.*|dialects/\w+/provision\.py)", "tests of itself"),
    (r"prometheus_client/(aiohttp|bridge|django|twisted)/.*|uvicorn/workers\.py", "for other servers"),
    (r"sqlalchemy/dialects/(mssql|oracle)/.*", "databases that are not ours"),
)
"""The same of what only the service needs."""


class NoPackage(click.ClickException):
    """Why there is no package."""

    exit_code = 2

    def show(self, file: Any = None) -> None:  # noqa: ANN401  as in click
        """Say what is wrong as the command line does, a line a problem."""
        del file
        for line in self.message.splitlines():
            click.echo(f"error: {line}", err=True)


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """What one package has, and how it is tried."""

    name: str
    """Of its folder in build/."""
    requirements: str
    """File beside pyproject.toml that pins its dependencies."""
    extra: str = ""
    """Which of the optional dependencies of pyproject.toml it needs."""
    files: tuple[str, ...] = ()
    """Files of ours beside extension/."""
    suffixes: tuple[str, ...] = (".py",)
    """Ends of the names of what it takes from extension/."""
    not_run: tuple[str, ...]
    """Modules of extension/ that it does without."""
    left_out: Sequence[tuple[str, str]]
    """See LEFT_OUT."""
    tried: Callable[[str, Path, bool], Iterator[str]]
    """Tries a zip with a Python, and says what that proves, a line each; whether it is light. Raises NoPackage."""

    def runs(self, file: Path) -> bool:
        """Whether it has a file of extension/."""
        module = ".".join(file.relative_to(ROOT / "extension").with_suffix("").parts).removesuffix(".__init__")
        without = any(f"{module}.".startswith(f"{name}.") for name in self.not_run)
        return file.suffix in self.suffixes and not without


def install(requirements: Path, cache: Path) -> Path:
    """The dependencies as pip installs them for the platform, in a folder of the cache: once for each requirements.txt.

    No package of them is built and none is asked what it needs: requirements.txt has all of them, with hashes and
    without markers, which pip would judge by this machine.
    """
    arguments = ["--no-compile", "--no-deps", "--require-hashes", "--only-binary=:all:", "--ignore-requires-python"]
    arguments += ["--implementation", "cp", "--python-version", PYTHON]
    arguments += [part for name in PLATFORMS for part in ("--platform", name)]
    key = sha256(requirements.read_bytes() + " ".join(arguments).encode()).hexdigest()[:16]
    if not (cache / key).is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            _run([*pip, "--target", f"{folder}/python", *arguments, "-r", str(requirements)], "pip")
            Path(folder, "python").rename(cache / key)
    return cache / key


_RUNTIME = {"python_version": PYTHON, "python_full_version": f"{PYTHON}.0", "sys_platform": "linux"}


def needed(installed: Path, package: Package, *, light: bool) -> frozenset[str]:
    """Names of the dependencies that are packed: what is required, and installed.

    requirements.txt is without the command line of common-expression-language.
    """
    there = {canonicalize_name(each.name) for each in distributions(path=[str(installed)])}
    return required(installed, package, light=light) & there


def required(installed: Path, package: Package, *, light: bool) -> frozenset[str]:
    """Names of all dependencies: what pyproject.toml names, and what each that is installed says that it needs."""
    requires = {canonicalize_name(each.name): each.requires or [] for each in distributions(path=[str(installed)])}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *project["optional-dependencies"].get(package.extra, ()), *KEPT]
    wanted = [Requirement(text) for text in named]
    found: set[str] = set(OF_SDK) if light else set()
    while wanted:
        one = wanted.pop()
        name = canonicalize_name(one.name)
        if name not in found:
            found.add(name)
            needs = [Requirement(text) for text in requires.get(name, ())]
            wanted += [each for each in needs if any(_applies(each, extra) for extra in ("", *one.extras))]
    return frozenset(found - set(OF_SDK) if light else found)


def _applies(one: Requirement, extra: str) -> bool:
    return one.marker is None or one.marker.evaluate({**_RUNTIME, "extra": extra})


def dependencies(installed: Path, names: frozenset[str], package: Package, dest: Path) -> None:
    """Copy what a package loads of some dependencies."""
    left_out = re.compile("|".join(f"(?:{pattern})" for pattern, _ in package.left_out))
    for each in distributions(path=[str(installed)]):
        for file in each.files or () if canonicalize_name(each.name) in names else ():
            path = file.as_posix()
            if not left_out.fullmatch(path):
                (dest / path).parent.mkdir(parents=True, exist_ok=True)
                (dest / path).write_bytes(_lightened(path, (installed / path).read_bytes()))


def _lightened(path: str, content: bytes) -> bytes:
    """A file without what is only for people: the README in METADATA, and the symbols in a shared object."""
    if path.endswith(".dist-info/METADATA"):
        return content.partition(b"\n\n")[0] + b"\n"
    return trimmed(content)


def trimmed(content: bytes) -> bytes:
    """A shared object without what lies behind its last segment: symbol tables and the like, which no loader reads.

    Anything else is given back as it is: what is no ELF of 64 bits, or has the table of its sections between segments.
    Source: https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html
    """
    if content[:6] != b"\x7fELF\x02\x01":
        return content
    segments, sections = struct.unpack_from("<QQ", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    places = (struct.unpack_from("<Q16xQ", content, segments + size * number + 8) for number in range(count))
    end = max(sum(place) for place in places)
    if sections < end:
        return content
    head = bytearray(content[:end])
    struct.pack_into("<Q", head, 40, 0)  # where the table of sections is
    struct.pack_into("<HH", head, 60, 0, 0)  # how many there are, and which has their names
    return bytes(head)


def own(package: Package, policy: Path, dest: Path) -> None:
    """Copy what a package has of ours, and the policy with the custom checks beside it.

    Raises PolicyError before anything is copied.
    """
    storage.compiled_form(policy)
    ours = [file for file in sorted((ROOT / "extension").rglob("*")) if package.runs(file)]
    for file in (*(ROOT / name for name in package.files), *ours):
        path = dest / file.relative_to(ROOT)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, path)
    shutil.copyfile(policy, dest / "policy.yaml")
    if (checks := policy.parent / "checks").is_dir():
        shutil.copytree(checks, dest / "checks", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (dest / "policy.compiled").write_bytes(storage.compiled_form(dest / "policy.yaml"))


def byte_code(python: str, folder: Path, *, light: bool) -> None:
    """Make the byte code of a package: beside the sources of ours, in the place of those of the dependencies.

    /code is read-only, so an instance cannot keep its own. It is valid whatever the dates of the files, since fc3 gives
    all of them the same one. Custom checks have none: they are run from their text.
    """
    make = [python, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s", str(folder)]
    make += ["-p", MOUNT]
    _run([*make, *(str(path) for path in sorted(folder.glob("*.py"))), str(folder / "extension")], "compileall")
    packages = folder / "python"
    _run([*make, "-b", str(packages)], "compileall")
    for source in packages.rglob("*.py"):
        source.unlink()
    zipped = (*ZIPPED, *ZIPPED_IN_LIGHT) if light else ZIPPED
    later = {path: file for path, file in contents(packages).items() if path.partition("/")[0] in zipped}
    archive(later, packages / "later.zip")
    for path in (packages / name for name in zipped):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def archive(files: Mapping[str, bytes], dest: Path) -> None:
    """Zip files, so that the same ones give the same bytes."""
    with zipfile.ZipFile(dest, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(path)  # its date is 1980-01-01
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # Unix, and a file that all may read
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, content)


def contents(folder: Path) -> dict[str, bytes]:
    """What a folder holds, by the paths in it."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


_INSTANCE = """
import sys
from types import SimpleNamespace as Some
sys.path.insert(0, sys.argv[1])
import handler
context = Some(request_id="package", region="cn-shanghai", function=Some(timeout=60))
handler.initialize(context)
print(handler.handler(sys.stdin.buffer.read(), context))
"""
"""What Function Compute does with the folder."""

SAMPLE = ROOT / "events" / "download-resources.json"


def prove(python: str, file: Path, variables: Mapping[str, str]) -> str:
    """Run the sample event in what a zip has, as Function Compute would, in a folder that nobody can write to.

    The verdict, whichever it is; it was posted to a DataWorks on loopback, and returned. Raises NoPackage where it was
    not, or where the run has left something in the folder.
    """
    with _unpacked(file, "the sample event") as folder, _dataworks() as (dataworks, environment):
        instance = [python, "-sSP", "-c", _INSTANCE, str(folder)]
        returned = _run(
            instance,
            "the sample event",
            environment={**_paths(folder), **environment, **variables},
            given=SAMPLE.read_bytes(),
        )
        posted = [verdict for each in dataworks.verdicts.values() for verdict in each]
        verdict = str(msgspec.json.decode(returned.splitlines()[-1])["checkResult"])
        if posted != [verdict]:
            raise NoPackage(f"the sample event: {verdict} was returned and {', '.join(posted) or 'nothing'} posted")
    return verdict


@contextmanager
def _unpacked(file: Path, what: str) -> Iterator[Path]:
    """What a zip has, in a folder that nobody can write to. Raises NoPackage where it has changed all the same."""
    with tempfile.TemporaryDirectory() as parent, zipfile.ZipFile(file) as packed:
        folder = Path(parent, "code")
        packed.extractall(folder)
        before = contents(folder)
        _lock(folder)
        yield folder
        if contents(folder) != before:  # as byte code, say, where the package has none
            raise NoPackage(f"{what}: the package writes to its own folder, which is read-only where it runs")


@contextmanager
def _dataworks() -> Iterator[tuple[DataWorks, Mapping[str, str]]]:
    """A DataWorks on loopback, and the environment that leads to it."""
    key = Credentials(f"PACKAGE{token_hex(8)}", token_hex(16), token_hex(32))
    with DataWorks(keys=[key], extension_code=EXTENSION_CODE) as dataworks:
        yield (
            dataworks,
            {
                "DATAWORKS_ENDPOINT": dataworks.url,
                "DATAWORKS_EXTENSION_CODE": EXTENSION_CODE,
                "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
                "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
                "ALIBABA_CLOUD_SECURITY_TOKEN": key.security_token,
            },
        )


def _paths(folder: Path) -> Mapping[str, str]:
    return {"PYTHONPATH": ":".join(f"{folder}/{part}" for part in PYTHONPATH)}


HEALTH = "/healthz"
"""What answers 200 as soon as the service runs."""

START_S, END_S = 60.0, 20.0
"""How long the service may take to start, and to end when it is told to."""

_LOOK_S = 0.05


def serve(python: str, file: Path) -> None:
    """Start the service of a zip in a folder that nobody can write to, see that it is well, and have it end.

    Raises NoPackage where it is not well in time, or has left something in the folder.
    """
    what = "the service"
    with (
        _unpacked(file, what) as folder,
        _dataworks() as (_, environment),
        tempfile.TemporaryDirectory() as records,
        tempfile.TemporaryFile() as said,
    ):
        port = _free_port()
        variables = {
            **_paths(folder),
            **environment,
            "EXTENSION_LISTEN": f"127.0.0.1:{port}",
            "EXTENSION_URL": f"http://127.0.0.1:{port}",
            "EXTENSION_RECORDS": records,
            "EXTENSION_LINK_KEY": token_hex(32),
            "EXTENSION_ADMIN_TOKEN": token_hex(32),
            "FC_REGION": "cn-shanghai",
        }
        process = subprocess.Popen(  # noqa: S603  the Python that was found, and no shell
            [python, "-sS", "-m", "extension.service"], cwd=folder, env=variables, stdout=said, stderr=said
        )
        try:
            well = _is_well(process, port)
            process.terminate()
            process.wait(END_S)
        except subprocess.TimeoutExpired as error:
            raise NoPackage(f"{what}: does not end when it is told to") from error
        finally:
            process.kill()
            process.wait()
        said.seek(0)
        if not well:
            raise NoPackage(f"{what}: {said.read().decode(errors='replace').strip() or 'says nothing'}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _is_well(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Whether a service comes to say that it is well. False where it ends before, or takes too long."""
    for _ in range(int(START_S / _LOOK_S)):
        if process.poll() is not None:
            break
        connection = HTTPConnection("127.0.0.1", port, timeout=1)
        with suppress(OSError, HTTPException), closing(connection):
            connection.request("GET", HEALTH)
            if connection.getresponse().status == _OK:
                return True
        time.sleep(_LOOK_S)
    return False


_OK = 200


def _lock(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def _run(
    command: Sequence[str], what: str, *, environment: Mapping[str, str] | None = None, given: bytes = b""
) -> bytes:
    """What a program prints. Raises NoPackage with what it said where it fails."""
    try:
        run = subprocess.run(  # noqa: S603  programs of ours, and no shell
            command, env=environment, input=given, capture_output=True, check=False, timeout=600
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoPackage(f"{what}: {error}") from error
    if run.returncode:
        said = (run.stderr or run.stdout).decode(errors="replace").strip()
        raise NoPackage(f"{what}: {said or 'failed'}")
    return run.stdout


def interpreter(named: str, pyenv: Path) -> str | None:
    """A Python of the function's version: the one that is named, this one, that on the PATH, pyenv's; None for none."""
    candidates = [named] if named else [sys.executable, f"python{PYTHON}"]
    candidates += [] if named else map(str, sorted(pyenv.glob(f"versions/{PYTHON}*/bin/python")))
    for candidate in filter(None, map(shutil.which, candidates)):
        asked = [candidate, "-I", "-c", "import sys; print(sys.implementation.cache_tag)"]
        told = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603  the one to be asked
        if told.stdout.strip() == f"cpython-{PYTHON.replace('.', '')}":
            return candidate
    return None


def _of_function(python: str, packed: Path, light: bool) -> Iterator[str]:  # noqa: FBT001  as in the table
    """Try the function with each client that it has."""
    for client in ({},) if light else ({}, {"DATAWORKS_CLIENT": "sdk"}):
        setting = "".join(f" with {name}={value}" for name, value in client.items())
        verdict = prove(python, packed, client)
        yield f"proved{setting}: the verdict on a sample event, {verdict}, is posted and returned"


def _of_service(python: str, packed: Path, light: bool) -> Iterator[str]:  # noqa: FBT001  as in the table
    del light
    serve(python, packed)
    yield f"proved: the service starts, answers {HEALTH} and ends"


FUNCTION = Package(
    name="function",
    requirements="requirements.txt",
    files=("handler.py",),
    not_run=(*NOT_RUN, *OF_SERVICE),
    left_out=LEFT_OUT,
    tried=_of_function,
)
SERVICE = Package(
    name="service",
    requirements="requirements-service.txt",
    extra="service",
    suffixes=(".py", *SHOWN),
    not_run=NOT_RUN,
    left_out=(*LEFT_OUT, *LEFT_OUT_OF_SERVICE),
    tried=_of_service,
)


def build(  # noqa: PLR0913  what `make package` is told
    dest: Path, policy: Path, package: Package = FUNCTION, *, light: bool, python: str | None, cache: Path
) -> Iterator[str]:
    """Make the folder `dest` and `dest`.zip, and say what was made and what was proved of it.

    Raises NoPackage and PolicyError; what was there before is then still there.
    """
    if dest.exists() and not {each.name for each in dest.iterdir()} <= {*TOP}:
        raise NoPackage(f"{dest}: has in it what no package has, and is left as it is")
    dest.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dest.parent) as parent:
        folder, packed = Path(parent, package.name), Path(parent, f"{package.name}.zip")
        folder.mkdir()
        own(package, policy, folder)
        installed = install(ROOT / package.requirements, cache)
        dependencies(installed, needed(installed, package, light=light), package, folder / "python")
        if python:
            byte_code(python, folder, light=light)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        archive(contents(folder), packed)
        proofs = list(_proofs(package, python, packed, light=light))
        if dest.exists():
            shutil.rmtree(dest)
        folder.rename(dest)
        packed.replace(f"{dest}.zip")
    files = [path.stat().st_size for path in dest.rglob("*") if path.is_file()]
    yield f"{dest}: {len(files)} files, {sum(files) / 1e6:.1f} MB"
    yield f"{dest}.zip: {Path(f'{dest}.zip').stat().st_size / 1e6:.1f} MB"
    yield from proofs


def _proofs(package: Package, python: str | None, packed: Path, *, light: bool) -> Iterator[str]:
    """Try a package."""
    if python is None:
        yield f"warning: without byte code, for want of a Python {PYTHON}: a cold start takes three times as long"
        yield f"warning: install one, or say where it is: make package PACKAGE_PYTHON=/usr/bin/python{PYTHON}"
    if python is None or (sys.platform, platform.machine()) != ("linux", "x86_64"):
        yield f"not proved: that needs Python {PYTHON} on Linux and x86_64"
    else:
        yield from package.tried(python, packed, light)


_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--dest", type=_PATH, help="Folder to make; its zip is beside it. build/function, or build/service.")
@click.option("--policy", type=_PATH, default=ROOT / "policy.yaml", help="Policy that is packed as policy.yaml.")
@click.option("--service", is_flag=True, envvar="SERVICE", help="The self-managed service, and not the function.")
@click.option("--light", is_flag=True, envvar="LIGHT", help="Without the SDK.")
@click.option("--python", "named", envvar="PACKAGE_PYTHON", default="", help=f"A Python {PYTHON}, for the byte code.")
@click.option("--pyenv", type=_PATH, envvar="PYENV_ROOT", default=Path.home() / ".pyenv", help="Where else to look.")
def main(  # noqa: PLR0913  an argument for each option
    dest: Path | None, policy: Path, *, service: bool, light: bool, named: str, pyenv: Path
) -> None:
    """Build the folder that is deployed, and a zip of it. Exits 0, or 2 for an error."""
    python = interpreter(named, pyenv)
    if named and not python:
        raise NoPackage(f"PACKAGE_PYTHON: {named} is no Python {PYTHON}")
    package = SERVICE if service else FUNCTION
    dest = (dest or ROOT / "build" / package.name).resolve()
    try:
        for line in build(dest, policy.resolve(), package, light=light, python=python, cache=ROOT / "build/.cache"):
            click.echo(line)
    except (PolicyError, OSError) as error:
        raise NoPackage(str(error)) from error


if __name__ == "__main__":
    main()
