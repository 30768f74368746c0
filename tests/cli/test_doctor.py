"""`baton doctor`: what is there, what is missing, what is broken; and nothing is changed by looking."""

import json
import os
from pathlib import Path
from typing import Any

from tests.cli.conftest import Run, Start

KEY = "sk-0123456789abcdefWXYZ"


def diagnosed(run: Run, *arguments: str, **env: str) -> tuple[int, dict[tuple[str, str], dict[str, Any]]]:
    """Exit code, and the findings by area and name."""
    ran = run("doctor", "--json", *arguments, env=env)
    told = json.loads(ran.out)
    assert told["ok"] is (ran.code == 0)
    return ran.code, {(found["area"], found["name"]): found for found in told["findings"]}


def test_a_fresh_place_is_sound_and_stays_untouched(run: Run, data_dir: Path) -> None:
    """Where nothing was started nothing is broken, every provider names what to set, and nothing is made."""
    code, found = diagnosed(run)
    assert code == 0
    assert found["data folder", str(data_dir)]["state"] == "off"
    assert found["providers", "openai"]["fix"] == "OPENAI_API_KEY"
    assert found["providers", "azure"]["state"] == "off"
    assert not data_dir.exists()
    told = run("doctor").out
    assert "simulated" in told
    assert told.endswith("Nothing is broken.\n")


def test_the_table_can_be_read(run: Run) -> None:
    """At 100 columns no word is cut, and the providers that nobody wants take one entry."""
    ran = run("doctor", "--offline", env={"COLUMNS": "100", "GROQ_API_KEY": KEY, "BATON_DATA_DIR": "here"})
    head, *lines = ran.out.splitlines()
    assert head.split() == ["state", "area", "name", "finding", "fix"]
    assert all(len(line) <= 100 for line in lines)
    assert "…" not in ran.out.replace("…WXYZ", "")
    assert sum(line.startswith("off") and "providers" in line for line in lines) == 1
    assert any(line.startswith("ok") and "groq" in line for line in lines)


def test_an_installation_in_use_is_sound(run: Run, start: Start, data_dir: Path) -> None:
    """Beside a running server database, journal, folder and secrets are well."""
    start("serve", "--port", "0").wait_for("listens at")
    code, found = diagnosed(run)
    assert code == 0
    checked = [entry for (area, _), entry in found.items() if area != "providers"]
    assert {entry["area"] for entry in checked} == {"data folder", "secrets", "database", "journal"}
    assert {entry["state"] for entry in checked} == {"ok"}
    assert "1 running process," in found["journal", str(data_dir / "journal")]["what"]


def test_a_killed_server_leaves_a_trace_until_the_next_start(run: Run, start: Start, data_dir: Path) -> None:
    """A journal that nobody closed is a warning, and still there after looking."""
    serving = start("serve", "--port", "0")
    serving.wait_for("listens at")
    serving.process.kill()
    serving.process.wait()
    journal = data_dir / "journal"
    for _ in range(2):
        code, found = diagnosed(run)
        assert (code, found["journal", str(journal)]["state"]) == (0, "warning")
    assert len(list(journal.iterdir())) == 1


def test_secrets_that_others_can_read_are_broken(run: Run, data_dir: Path) -> None:
    """A key file that others may read ends with exit code 1 and the command that mends it."""
    run("keys", "create", "x")
    os.chmod(data_dir / "first-admin-key", 0o644)
    code, found = diagnosed(run)
    assert code == 1
    assert found["secrets", "first-admin-key"]["fix"] == f"chmod 600 {data_dir / 'first-admin-key'}"
    assert found["secrets", "secret.key"]["state"] == "ok"


def test_a_folder_and_a_database_that_cannot_be_used(run: Run, tmp_path: Path, data_dir: Path) -> None:
    """A data folder under a file, and a database file that is none, are broken; passwords stay hidden."""
    (tmp_path / "file").write_text("")
    code, found = diagnosed(run, "--data-dir", str(tmp_path / "file" / "data"))
    assert (code, found["data folder", str(tmp_path / "file" / "data")]["state"]) == (1, "broken")
    data_dir.mkdir()
    (data_dir / "baton.db").write_text("no database at all " * 50)
    code, found = diagnosed(run)
    assert code == 1
    assert "not a database" in found["database", f"sqlite:///{data_dir}/baton.db"]["what"]


def test_providers_are_asked_with_their_keys(run: Run, start: Start) -> None:
    """One that answers is reached, one that refuses the key or is away is broken."""
    url = start("simulate", "--port", "0").wait_for(r"listens at (\S+)")[1]
    code, found = diagnosed(run, OPENAI_API_KEY=KEY, OPENAI_BASE_URL=f"{url}/v1", OPENAI_FREE_TIER="true")
    assert code == 0
    said = found["providers", "openai"]["what"]
    assert "…WXYZ, free tier, reached in" in said
    code, found = diagnosed(run, GROQ_API_KEY=f"bad{KEY}", GROQ_BASE_URL=f"{url}/v1")
    assert (code, found["providers", "groq"]["fix"]) == (1, "GROQ_API_KEY")
    for name in ("anthropic", "google"):
        variables = {f"{name.upper()}_API_KEY": f"bad{KEY}", f"{name.upper()}_BASE_URL": url}
        code, found = diagnosed(run, **variables)
        assert (code, found["providers", name]["fix"]) == (1, f"{name.upper()}_API_KEY")
    code, found = diagnosed(run, XAI_API_KEY=KEY, XAI_BASE_URL="http://127.0.0.1:9/v1")
    assert (code, found["providers", "xai"]["state"]) == (1, "broken")
    code, found = diagnosed(run, "--offline", XAI_API_KEY=KEY, XAI_BASE_URL="http://127.0.0.1:9/v1")
    assert (code, found["providers", "xai"]["state"]) == (0, "ok")


def test_a_key_without_an_address_is_told(run: Run) -> None:
    """A provider with a key that lacks its address is a warning that names the address."""
    code, found = diagnosed(run, AZURE_API_KEY=KEY)
    assert (code, found["providers", "azure"]["state"]) == (0, "warning")
    assert found["providers", "azure"]["fix"] == "AZURE_BASE_URL"


def test_a_variable_in_vain_is_told(run: Run) -> None:
    """A misspelt variable is a warning."""
    code, found = diagnosed(run, "--offline", OPNAI_API_KEY=KEY)
    assert code == 0
    assert "OPENAI_API_KEY" in found["environment", "OPNAI_API_KEY"]["what"]


def test_a_provider_at_batons_own_address_is_broken(run: Run) -> None:
    """It is told with what to unset, before a start refuses it."""
    env = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://127.0.0.1:8123/v1", "BATON_PORT": "8123"}
    code, found = diagnosed(run, "--offline", **env)
    assert code == 1
    assert "unset OPENAI_BASE_URL" in found["environment", "OPENAI_BASE_URL"]["fix"]


def test_no_key_is_ever_shown(run: Run) -> None:
    """Neither the table nor the JSON holds more of a key than its end, nor a password of a URL."""
    env = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "BATON_MASTER_KEY": "master-key-0123456789",
        "BATON_SECRET_KEY": "secret-key-0123456789",
        "DATABASE_URL": "postgresql://baton:hunter22@127.0.0.1:9/baton",
    }
    for arguments in (("doctor",), ("doctor", "--json")):
        ran = run(*arguments, env=env)
        assert ran.code == 1
        for secret in (KEY[:10], "master-key", "secret-key", "hunter22"):
            assert secret not in ran.out + ran.err


def test_a_proxy_that_nobody_named_is_told_of(run: Run) -> None:
    """Browsers come over TLS, which Baton does not speak: who stands in between has to be named."""
    behind = {"BATON_PUBLIC_URL": "https://baton.example"}
    _, found = diagnosed(run, "--offline", **behind)
    assert found["environment", "BATON_TRUSTED_PROXIES"]["state"] == "warning"
    _, found = diagnosed(run, "--offline", **behind, BATON_TRUSTED_PROXIES="10.0.0.1")
    assert ("environment", "BATON_TRUSTED_PROXIES") not in found
