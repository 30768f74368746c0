"""What the documentation says is so."""

import re
import tomllib
from pathlib import Path

from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from baton.settings import Settings, load
from baton.upstream.directory import declared

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def test_every_setting_is_documented_with_its_default() -> None:
    """The table names each setting as a variable and as a field, and no setting that does not exist."""
    text = (DOCS / "configuration.md").read_text()
    rows = dict(re.findall(r"^\| `BATON_(\w+)`.*?\| `(\w+)` \|", text, re.MULTILINE))
    fields = set(Settings.model_fields) - {"providers", "flags"}
    assert {name.lower() for name in rows} == fields
    assert {field for name, field in rows.items() if name.lower() != field} == set()
    for name, field in Settings.model_fields.items():
        default = field.default
        if (
            name != "providers"
            and isinstance(default, str | int)
            and not isinstance(default, bool)
            and default
        ):
            row = next(line for line in text.splitlines() if f"| `{name}` |" in line)
            assert f"| `{default}` |" in row, name


def test_the_example_file_is_accepted(tmp_path: Path) -> None:
    """The TOML of the documentation passes the check that a start makes."""
    [example] = re.findall(r"```toml\n(.*?)```", (DOCS / "configuration.md").read_text(), re.DOTALL)
    assert tomllib.loads(example)
    config = tmp_path / "baton.toml"
    config.write_text(example)
    settings = load({}, declared(), config)
    assert settings.providers["openai"].keys == ("sk-first", "sk-second")


def test_the_table_of_providers_is_true() -> None:
    """Each row names a declaration, and where its calls go; `baton doctor` lists them all."""
    text = (DOCS / "providers.md").read_text()
    specs = {spec.name: spec for spec in declared()}
    rows = re.findall(r"^\| `(\w+)`.*$", text, re.MULTILINE)
    assert len(rows) >= 13
    for name in rows:
        [row] = re.findall(rf"^\| `{name}`.*$", text, re.MULTILINE)
        if specs[name].base_url.startswith("https://"):
            assert f"`{specs[name].base_url}`" in row


def test_every_model_that_a_newcomer_reads_of_can_be_had() -> None:
    """The README and the command line name models of the catalog that nobody is about to switch off."""
    models = {f"{model.provider}/{model.name}": model for model in packaged_models(DEFAULT_TIERS)}
    text = (ROOT / "README.md").read_text() + (DOCS / "cli.md").read_text()
    named = set(re.findall(r"(?:openai|anthropic|google)/[a-z0-9][a-z0-9.-]*[a-z0-9]", text))
    assert len(named) >= 3
    for name in named:
        assert name in models, name
        assert models[name].deprecated_at is None, name


def test_every_link_inside_the_documentation_leads_somewhere() -> None:
    """Relative links of the README and the docs name files that are there."""
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md")):
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
