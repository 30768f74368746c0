"""Builds and closes every part, once.

Lazy imports, all of them: `storage/schema.py` loads Alembic when the tables are behind; the providers' files
are found and loaded by `upstream/directory.py` when the application is built; `gateway/shaping/validity.py`
loads the judge of JSON Schemas with the first schema that is emulated; `catalog/tokens/worker.py`, a process
of its own, loads the tokenizer with the first prompt that it counts; `pipelining.py` loads the durable
engine when there is a run.
"""

from baton.app.app import App, open_app
from baton.app.edited import SIMULATED, Edited, simulated_models
from baton.app.reaching import transport
from baton.app.storehouse import DATABASE_FILE, Storehouse, database_url, ground, open_store

__all__ = [
    "DATABASE_FILE",
    "SIMULATED",
    "App",
    "Edited",
    "Storehouse",
    "database_url",
    "ground",
    "open_app",
    "open_store",
    "simulated_models",
    "transport",
]
