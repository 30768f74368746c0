"""The whole HTTP surface of a Baton, built from its parts."""

from fastapi import FastAPI

from baton.api.compat.openai import ChatCompletions
from baton.api.front import Asgi, Front
from baton.app import App

_MIB = 1024 * 1024


def build(app: App) -> Asgi:
    """What the server calls for each request."""
    store = app.store
    chat = ChatCompletions(
        app.gateway,
        app.keyring.authenticate,
        store.new_id,
        store.clock,
        int(store.settings.max_body_mib * _MIB),
    )
    others = FastAPI(title="Baton", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    return Front({"/v1/chat/completions": chat}, others)
