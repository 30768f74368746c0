"""Alembic's way in: collects every room's tables and runs the migrations on the connection handed to it."""

from alembic import context

import baton.access.idempotency.tables
import baton.access.identity.tables
import baton.access.preferences.tables
import baton.access.signin.tables
import baton.gateway.cache.exact.tables
import baton.ledger.health.tables
import baton.ledger.tables
import baton.pipelines.documents.tables
import baton.pipelines.engine.tables
import baton.pipelines.itinerary.tables
import baton.pipelines.outputs.tables
import baton.quality.queue.tables
import baton.records.audit.tables
import baton.records.tables
import baton.storage.tables
import baton.watch.alerts.tables  # noqa: F401  the imports declare the tables on METADATA
from baton.storage.metadata import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
