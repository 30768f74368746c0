"""`/api/admin/ai/classes`: each provider's default, cheap and premium model."""

from fastapi import FastAPI, Response
from pydantic import ConfigDict

from baton.api.admin.editing import Editing
from baton.api.admin.revisions import IfMatch
from baton.api.bodies import Asked, Shown
from baton.api.callers import AdminActor, AdminCaller
from baton.catalog.classes import ProviderClasses
from baton.catalog.live import LiveCatalog
from baton.core.errors import Invalid, NotFound
from baton.records.kind import Record
from baton.records.store import Records

PATH = "/api/admin/ai/classes"
_ONE = PATH + "/{provider}"
_TAG = "Admin: models"


class ClassesAsked(Asked):
    """Names of the provider's models, without the provider's."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"default": "small-1", "cheap": "small-1", "premium": "large-1"},
        }
    )

    default: str
    cheap: str
    premium: str


class ClassesShown(Shown):
    """One provider's; `revision` is what a change wants as `If-Match`."""

    provider: str
    default: str
    cheap: str
    premium: str
    revision: int
    deleted: bool


class ClassesList(Shown):
    """All providers that have any."""

    classes: list[ClassesShown]


class ClassRoutes:
    """The routes; admins only."""

    def __init__(self, classes: Records[ProviderClasses], catalog: LiveCatalog) -> None:
        self._classes = classes
        self._editing = Editing(classes)
        self._catalog = catalog

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=ClassesList, tags=[_TAG])
        to.add_api_route(_ONE, self.put, methods=["PUT"], response_model=ClassesShown, tags=[_TAG])
        to.add_api_route(
            _ONE + "/undo", self.undo, methods=["POST"], response_model=ClassesShown, tags=[_TAG]
        )

    async def list(self, _: AdminCaller) -> ClassesList:
        """List every provider's classes; a provider's bare name means its default model."""
        return ClassesList(classes=[_shown(record) for record in self._classes.list()])

    async def put(
        self,
        actor: AdminActor,
        provider: str,
        asked: ClassesAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> ClassesShown:
        """Name a provider's models; `If-Match` needed where it has any."""
        value = self._checked(provider, asked)
        return _shown(await self._editing.put(value.provider, value, actor, if_match, response))

    async def undo(
        self, actor: AdminActor, provider: str, response: Response, if_match: IfMatch = None
    ) -> ClassesShown:
        """Go back to how they were before their current revision; undoing twice does it again."""
        return _shown(await self._editing.undo(provider, actor, if_match, response))

    def _checked(self, provider: str, asked: ClassesAsked) -> ProviderClasses:
        catalog = self._catalog.current()
        spec = catalog.provider(provider)
        if spec is None or spec.name != provider:
            raise NotFound(f"There is no provider '{provider[:80]}'.")
        theirs = {offer.model.name for offer in catalog.offers if offer.model.provider == provider}
        for field, name in (("default", asked.default), ("cheap", asked.cheap), ("premium", asked.premium)):
            if name not in theirs:
                raise Invalid(f"{provider} has no model '{name[:80]}' in the catalog.", param=field)
        return ProviderClasses(
            provider=provider, default=asked.default, cheap=asked.cheap, premium=asked.premium
        )


def _shown(record: Record[ProviderClasses]) -> ClassesShown:
    value = record.value
    return ClassesShown(
        provider=value.provider,
        default=value.default,
        cheap=value.cheap,
        premium=value.premium,
        revision=record.revision,
        deleted=record.deleted,
    )
