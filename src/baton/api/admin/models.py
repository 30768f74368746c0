"""`/api/admin/ai/models`: the catalog's rows, edited at run time.

A model's id holds slashes (`provider/name`, and names may hold more); it stands in the path as it is, or
percent-encoded: `/api/admin/ai/models/acme/small-1`, with `/history` or `/undo` behind it.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI, Query
from starlette.responses import JSONResponse, Response

from baton.api.admin.revisions import IfMatch, guarded, wanted_revision
from baton.api.bodies import moment
from baton.api.callers import AdminActor, AdminCaller
from baton.api.paging import Cursor, Limit, page
from baton.api.problems import Mistaken, Wrong
from baton.catalog import admin_body
from baton.catalog.classes import ProviderClasses
from baton.catalog.model import Model
from baton.catalog.tiers import Tiers
from baton.core.errors import Conflict, Invalid, NotFound, Outdated
from baton.records.audit.entry import Actor
from baton.records.kind import Record
from baton.records.store import Records

PATH = "/api/admin/ai/models"
ALIAS = "/api/v1/admin/models"
_TAG = "Admin: models"
_MADE: dict[int | str, dict[str, Any]] = {201: {"description": "Made"}}
_READ_ONLY = frozenset({"id", "revision", "origin", "changedAt", "changedBy"})
"""What is shown of a row and is not the row's own; ignored where it comes back."""

_EXAMPLE = {
    "provider": "acme",
    "name": "small-1",
    "displayName": "Acme Small",
    "capabilities": ["text", "streaming", "tools"],
    "contextWindow": 128_000,
    "quality": 0.6,
    "tierAccess": ["free", "pro", "expert", "master"],
    "pricePer": "1M",
    "prices": {"input": "0.15", "output": "0.60", "cachedRead": "0.075"},
}
ModelBody = Annotated[
    dict[str, Any],
    Body(
        description="Prices in USD per `pricePer` tokens (`1M` or `1K`); null or absent: unpriced, 0: free.",
        openapi_examples={"model": {"value": _EXAMPLE}},
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which models are asked for."""

    provider: Annotated[str | None, Query(description="Of one provider.")] = None
    enabled: Annotated[bool | None, Query(description="Only those switched on, or off.")] = None
    search: Annotated[str | None, Query(description="In id, display name or an alias.")] = None

    def holds(self, model: Model) -> bool:
        """Whether a model is one of them."""
        return (
            (self.provider is None or model.provider == self.provider)
            and (self.enabled is None or model.is_enabled is self.enabled)
            and (not self.search or _mentions(model, self.search.lower()))
        )


class ModelRoutes:
    """The routes; admins only."""

    def __init__(self, models: Records[Model], classes: Records[ProviderClasses], tiers: Tiers) -> None:
        self._models = models
        self._classes = classes
        self._tiers = tiers

    def attach(self, to: FastAPI) -> None:
        """Add them; those with a fixed last word first, the id would swallow it."""
        one = PATH + "/{model_id:path}"
        for path, route, method in (
            (PATH, self.list, "GET"),
            (PATH, self.create, "POST"),
            (one + "/history", self.history, "GET"),
            (one + "/undo", self.undo, "POST"),
            (one, self.one, "GET"),
            (one, self.replace, "PUT"),
            (one, self.change, "PATCH"),
            (one, self.delete, "DELETE"),
        ):
            told = _MADE if route in (self.create, self.replace) else None
            to.add_api_route(path, route, methods=[method], tags=[_TAG], response_model=None, responses=told)
        to.add_api_route(
            ALIAS,
            self.create,
            methods=["POST"],
            tags=[_TAG],
            response_model=None,
            responses=_MADE,
            name="create_alias",
        )

    async def list(
        self,
        _: AdminCaller,
        wanted: Annotated[Wanted, Depends()],
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Response:
        """List models, ordered by id."""
        found = [record for record in self._models.list() if wanted.holds(record.value)]
        shown, following = page(found, lambda record: record.key, limit, cursor)
        body = {"models": [_shown(record) for record in shown], "count": len(found), "nextCursor": following}
        return JSONResponse(body)

    async def one(self, _: AdminCaller, model_id: str) -> Response:
        """One model; its `ETag` is what a change wants as `If-Match`."""
        return _answer(self._models.get(model_id))

    async def create(self, actor: AdminActor, body: ModelBody, if_match: IfMatch = None) -> Response:
        """Create a model (201; there already: 409), or with `If-Match` replace it (200)."""
        value = self._read(body)
        if if_match is None:
            return _answer(await self._models.put(value, actor, None), 201)
        return await self._replace(value, actor, if_match)

    async def replace(
        self, actor: AdminActor, model_id: str, body: ModelBody, if_match: IfMatch = None
    ) -> Response:
        """Replace a model whole (`If-Match` needed), or create it under this id (201)."""
        value = self._read(_under(model_id, body))
        if if_match is None and model_id not in self._models.snapshot:
            return _answer(await self._models.put(value, actor, None), 201)
        return await self._replace(value, actor, if_match)

    async def change(
        self, actor: AdminActor, model_id: str, body: ModelBody, if_match: IfMatch = None
    ) -> Response:
        """Change the fields that are named, and no others; `If-Match` needed.

        A named field is replaced whole. So are `prices`: name every entry that shall be in force, and the
        unit with them, e.g. `{"pricePer": "1M", "prices": {"input": "0.20", "output": "0.80"}}`; a
        `cachedRead` that the model had before is then gone. `{"prices": null}` makes it unpriced.
        """
        record = self._models.get(model_id)
        if wanted_revision(if_match, record.revision) != record.revision:
            raise Outdated(f"'{model_id}' is at revision {record.revision}. Read it again first.")
        value = self._read(_under(model_id, body), record.value)
        with guarded():
            return _answer(await self._models.put(value, actor, record.revision))

    async def delete(self, actor: AdminActor, model_id: str, if_match: IfMatch = None) -> Response:
        """Take a model away; `undo` with the `ETag` of this answer brings it back.

        One that its provider's classes name stays: 409 `model_in_use`.
        """
        record = self._models.get(model_id)
        self._check_unused(record.value)
        with guarded():
            revision = await self._models.delete(model_id, actor, wanted_revision(if_match, record.revision))
        return Response(status_code=204, headers={"etag": f'"{revision}"'})

    async def undo(self, actor: AdminActor, model_id: str, if_match: IfMatch = None) -> Response:
        """Go back to how it was before its current revision; undoing twice does it again.

        Where nobody has changed the model since it came there is nothing to undo: 409 `nothing_to_undo`.
        """
        current, *earlier = await self._models.history(model_id)
        if earlier and earlier[0].deleted:
            self._check_unused(current.value)
        with guarded():
            return _answer(
                await self._models.undo(model_id, actor, wanted_revision(if_match, current.revision))
            )

    async def history(self, _: AdminCaller, model_id: str) -> Response:
        """Every revision, newest first."""
        revisions = await self._models.history(model_id)
        return JSONResponse({"history": [{**_shown(each), "deleted": each.deleted} for each in revisions]})

    async def _replace(self, value: Model, actor: Actor, if_match: str | None) -> Response:
        record = self._models.snapshot.get(value.id)
        revision = wanted_revision(if_match, None if record is None else record.revision)
        with guarded():
            return _answer(await self._models.put(value, actor, revision))

    def _check_unused(self, model: Model) -> None:
        """Raises Conflict where the provider's bare name, or a class of it, would mean nothing any more."""
        record = self._classes.snapshot.get(model.provider)
        if record is None:
            return
        named = [
            name for name in ("default", "cheap", "premium") if getattr(record.value, name) == model.name
        ]
        if named:
            raise Conflict(
                f"'{model.id}' is the {' and '.join(named)} model of {model.provider}; name another first.",
                code="model_in_use",
            )

    def _read(self, body: dict[str, Any], existing: Model | None = None) -> Model:
        return admin_body.read(_own(body), self._tiers, existing)


class ModelTransfer:
    """Export and import of the whole catalog; admins only."""

    def __init__(self, models: Records[Model], tiers: Tiers) -> None:
        self._models = models
        self._tiers = tiers

    def attach(self, to: FastAPI) -> None:
        """Add the routes."""
        to.add_api_route(PATH + "/export", self.export, methods=["GET"], tags=[_TAG], response_model=None)
        to.add_api_route(PATH + "/import", self.read, methods=["POST"], tags=[_TAG], response_model=None)

    async def export(self, _: AdminCaller) -> Response:
        """Every model, as import takes them."""
        return JSONResponse({"models": [admin_body.write(model) for model in self._models.export()]})

    async def read(
        self,
        actor: AdminActor,
        models: Annotated[list[dict[str, Any]], Body(description="As export gives them.")],
        dry_run: Annotated[bool, Body(alias="dryRun", description="Only tell what would happen.")] = False,
    ) -> Response:
        """Put many models over what is there, all or nothing; those not named stay as they are."""
        values: list[Model] = []
        wrong: list[Wrong] = []
        for index, body in enumerate(models):
            try:
                values.append(admin_body.read(_own(body), self._tiers))
            except Invalid as error:
                wrong.append(
                    Wrong(
                        f"models[{index}].{error.param}" if error.param else f"models[{index}]", error.message
                    )
                )
        if wrong:
            raise Mistaken(wrong)
        diff = await self._models.import_all(values, actor, dry_run=dry_run)
        return JSONResponse(
            {
                "dryRun": dry_run,
                "created": diff.created,
                "changed": diff.changed,
                "unchanged": diff.unchanged,
            }
        )


def _mentions(model: Model, word: str) -> bool:
    return any(word in name.lower() for name in (model.id, model.display_name, *model.aliases))


def _own(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in _READ_ONLY}


def _under(model_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body with the id of the path, which it need not repeat and must not contradict."""
    provider, slash, name = model_id.partition("/")
    if not slash:
        raise NotFound(f"'{model_id}' is no model's id: those are `provider/name`.")
    for field, meant in (("provider", provider), ("name", name)):
        if body.get(field, meant) != meant:
            raise Invalid(f"The path says {meant!r}.", param=field)
    return {**body, "provider": provider, "name": name}


def _shown(record: Record[Model]) -> dict[str, Any]:
    return {
        "id": record.key,
        **admin_body.write(record.value),
        "revision": record.revision,
        "origin": record.origin.value,
        "changedAt": moment(record.changed_at_ms).isoformat().replace("+00:00", "Z"),
        "changedBy": record.changed_by,
    }


def _answer(record: Record[Model], status: int = 200) -> Response:
    body = _shown(record)
    if record.deleted:
        body["deleted"] = True
    return JSONResponse(body, status, headers={"etag": record.etag})
