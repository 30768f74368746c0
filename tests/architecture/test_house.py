"""The house rules that no linter knows."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from baton.core.provider import ProviderSpec
from baton.upstream.directory import declared

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "baton"
PROVIDERS = SOURCE / "upstream" / "providers"

DECLARATIONS = sorted(path for path in PROVIDERS.glob("*.py") if path.name != "__init__.py")
MOST_LINES_OF_A_DECLARATION = 30
MOST_LINES = 500

VENDORS = sorted(
    {spec.name for spec in declared() if not spec.local} | {"anthropic", "claude", "gemini", "grok", "google"}
)
DIALECTS = {"openai", "anthropic", "google"}
"""Names that are wire formats too: these may be spoken of where formats are."""

VENDORLESS = ("core", "gateway", "ledger", "records", "storage", "access", "quality")


def python_files(*rooms: str) -> Iterator[Path]:
    for room in rooms:
        yield from sorted((SOURCE / room).rglob("*.py"))


def tracked() -> list[Path]:
    """Every file that is or is about to be in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def texts(paths: list[Path]) -> Iterator[tuple[Path, str]]:
    for path in paths:
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


@pytest.mark.parametrize("path", DECLARATIONS, ids=lambda path: path.stem)
def test_a_provider_is_a_short_declaration(path: Path) -> None:
    """One more provider is one file of less than thirty lines with one `SPEC`, and nothing that runs."""
    text = path.read_text()
    assert text.count("\n") < MOST_LINES_OF_A_DECLARATION
    assert len(re.findall(r"^SPEC = ProviderSpec\(", text, re.MULTILINE)) == 1
    doing = [type(node) for node in ast.parse(text).body if not isinstance(node, ast.Expr | ast.Assign)]
    assert set(doing) == {ast.ImportFrom}


@pytest.mark.parametrize("spec", declared(), ids=lambda spec: spec.name)
def test_a_message_pattern_has_a_source(spec: ProviderSpec) -> None:
    """What is known of a provider by its words only says where they were seen."""
    patterns = {known.pattern: known.source for known in spec.messages} | dict(spec.waits)
    for pattern, source in patterns.items():
        assert re.search(r"recording \S+-[0-9a-f]{6,}|https?://|[\w-]+/[\w.-]+#\d+|^refusals.py$", source)
        re.compile(pattern)
    for rule in spec.schemas:
        assert rule.source.startswith("https://"), rule
        re.compile(rule.models)


def test_vendors_are_named_in_their_own_files_only() -> None:
    """Branches on a vendor's name grow in nobody's room but the vendor's own."""
    pattern = re.compile(rf"[\"']({'|'.join(VENDORS)})[\"'/]", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in python_files(*VENDORLESS)
        for match in pattern.finditer(path.read_text())
        if not (path == SOURCE / "core" / "dialect.py" and match[1] in DIALECTS)
    ]
    assert found == []


def test_no_file_holds_a_whole_house() -> None:
    """At five hundred lines a file has a second thing in it."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCE.rglob("*.py")
        if (lines := path.read_text().count("\n")) >= MOST_LINES
    }
    assert long == {}


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "misc", "manager", "handlers"])
def test_no_file_is_a_drawer(word: str) -> None:
    """A file is named by what it is about."""
    assert [path for path in SOURCE.rglob("*.py") if path.stem == word or path.parent.name == word] == []


def test_no_machine_and_no_registry_is_written_down() -> None:
    """What is cloned builds anywhere: no path of a maker's machine, no host of a package registry."""
    # Put together here, so that this file does not name them either.
    hosts = "|".join(("python" + "hosted", r"npm" + r"js\.(?:org|com)", "py" + r"pi\.org"))
    here = re.compile(rf"(?<![\w.])/(?:work|root|home/\w+|Users/\w+)/[\w.]|{hosts}|--(?:extra-)?index-url")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path, text in texts(tracked())
        if path != Path(__file__)
        for match in here.finditer(text)
    ]
    assert found == []
