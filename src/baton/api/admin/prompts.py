"""`/api/admin/ai/prompts`: what models are told, in versions that stay as they are."""

from typing import Annotated

from fastapi import FastAPI, Path, Query, Request, Response
from msgspec.structs import replace

from baton.api.admin.editing import Editing
from baton.api.admin.model_tests import TrialShown, tried
from baton.api.admin.prompt_shapes import (
    DifferenceShown,
    LabelAsked,
    PromptAsked,
    PromptDetail,
    PromptList,
    PromptShown,
    RenderAsked,
    RenderedShown,
    VersionAsked,
    VersionShown,
    difference_shown,
    prompt_shown,
    version_shown,
)
from baton.api.admin.revisions import IfMatch
from baton.api.callers import AdminActor, AdminCaller
from baton.api.native.chat_body import ChatBody, MessageAsked
from baton.catalog.chains import id_of
from baton.catalog.live import LiveCatalog
from baton.core.clock import Clock
from baton.core.errors import Conflict, Invalid, NotFound
from baton.gateway.gateway import Gateway
from baton.ledger.wordings import Wordings
from baton.prompts.difference import difference
from baton.prompts.library import Library
from baton.prompts.prompt import NAME, PRODUCTION, Prompt, PromptVersion, reference
from baton.quality.queue.figures import Figures
from baton.records.kind import Record
from baton.records.store import Records

PATH = "/api/admin/ai/prompts"
_ONE = PATH + "/{name}"
_VERSIONS = _ONE + "/versions"
_LABEL = _ONE + "/labels/{label}"
_TAG = "Admin: prompts"
_NOTHING_SAID = "Begin."
"""What a test says where it is not told what to."""

_DAYS_MS = 30 * 86_400_000

Name = Annotated[str, Path(pattern=NAME)]
_Which = Annotated[str, Path(max_length=64, description="A version's number, or a label.")]
_Said = Annotated[str, Query(max_length=64, description="A version's number, or a label.")]


class PromptRoutes:
    """The routes; admins only."""

    def __init__(
        self,
        prompts: Records[Prompt],
        versions: Records[PromptVersion],
        library: Library,
        wordings: Wordings,
        figures: Figures,
        catalog: LiveCatalog,
        gateway: Gateway,
        clock: Clock,
    ) -> None:
        self._prompts = prompts
        self._versions = versions
        self._editing = Editing(prompts)
        self._library = library
        self._wordings = wordings
        self._figures = figures
        self._catalog = catalog
        self._gateway = gateway
        self._clock = clock

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=PromptList, tags=[_TAG])
        to.add_api_route(_ONE, self.one, methods=["GET"], response_model=PromptDetail, tags=[_TAG])
        for path, route, method in (
            (_ONE, self.put, "PUT"),
            (_ONE + "/undo", self.undo, "POST"),
            (_LABEL, self.label, "PUT"),
            (_LABEL, self.unlabel, "DELETE"),
        ):
            to.add_api_route(path, route, methods=[method], response_model=PromptShown, tags=[_TAG])
        to.add_api_route(_ONE, self.delete, methods=["DELETE"], status_code=204, tags=[_TAG])
        to.add_api_route(
            _VERSIONS, self.add, methods=["POST"], status_code=201, response_model=VersionShown, tags=[_TAG]
        )
        to.add_api_route(
            _VERSIONS + "/{which}", self.version, methods=["GET"], response_model=VersionShown, tags=[_TAG]
        )
        to.add_api_route(
            _ONE + "/diff", self.diff, methods=["GET"], response_model=DifferenceShown, tags=[_TAG]
        )
        to.add_api_route(
            _VERSIONS + "/{which}/render",
            self.render,
            methods=["POST"],
            response_model=RenderedShown,
            tags=[_TAG],
        )
        to.add_api_route(
            _VERSIONS + "/{which}/test", self.test, methods=["POST"], response_model=TrialShown, tags=[_TAG]
        )

    async def list(self, _: AdminCaller) -> PromptList:
        """List all prompts with their labels; requests name one by `x-baton-prompt`."""
        latest: dict[str, int] = {}
        for record in self._versions.list():
            version = record.value
            latest[version.name] = max(version.version, latest.get(version.name, 0))
        return PromptList(
            prompts=[prompt_shown(record, latest.get(record.key)) for record in self._prompts.list()]
        )

    async def one(self, _: AdminCaller, name: Name, response: Response) -> PromptDetail:
        """One prompt with all its versions, and what came of each; its `ETag` is what a change wants."""
        record = self._editing.one(name, response)
        since_ms = int(self._clock.wall() * 1000) - _DAYS_MS
        served = await self._wordings.of(name, since_ms)
        quality = await self._figures.of_prompt(name, since_ms)
        versions = self._of(name)
        shown = prompt_shown(record, versions[0].value.version if versions else None)
        return PromptDetail(
            **dict(shown),
            versions=[
                version_shown(
                    each,
                    record.value.labels,
                    served.get(each.value.reference),
                    quality.get(each.value.reference),
                )
                for each in versions
            ],
        )

    async def put(
        self,
        actor: AdminActor,
        name: Name,
        asked: PromptAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> PromptShown:
        """Make a prompt, or change what it is for and what its labels mean; `If-Match` needed where it is."""
        value = self._checked(asked.value(name))
        return self._shown(await self._editing.put(name, value, actor, if_match, response))

    async def delete(
        self, actor: AdminActor, name: Name, response: Response, if_match: IfMatch = None
    ) -> None:
        """Take a prompt away; its versions are kept, and `undo` with this answer's `ETag` brings it back."""
        await self._editing.delete(name, actor, if_match, response)

    async def undo(
        self, actor: AdminActor, name: Name, response: Response, if_match: IfMatch = None
    ) -> PromptShown:
        """Go back to how it was before its current revision: labels too. Undoing twice does it again."""
        history = await self._prompts.history(name)
        if len(history) > 1 and not history[1].deleted:
            self._checked(history[1].value)
        return self._shown(await self._editing.undo(name, actor, if_match, response))

    async def label(
        self,
        actor: AdminActor,
        name: Name,
        label: Name,
        asked: LabelAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> PromptShown:
        """Have a label mean a version, from the next request on; going back is moving it back."""
        prompt = self._prompts.get(name).value
        value = self._checked(replace(prompt, labels=prompt.labels | {label: asked.version}))
        return self._shown(await self._editing.put(name, value, actor, if_match, response))

    async def unlabel(
        self, actor: AdminActor, name: Name, label: Name, response: Response, if_match: IfMatch = None
    ) -> PromptShown:
        """Take a label away; who asks for it is refused from then on."""
        prompt = self._prompts.get(name).value
        if label not in prompt.labels:
            raise NotFound(f"The prompt {name} has no label '{label}'.")
        left = {word: number for word, number in prompt.labels.items() if word != label}
        value = self._checked(replace(prompt, labels=left))
        return self._shown(await self._editing.put(name, value, actor, if_match, response))

    async def add(self, actor: AdminActor, name: Name, asked: VersionAsked) -> VersionShown:
        """Make the next version of a prompt. Nobody is served with it until a label means it."""
        labels = self._prompts.get(name).value.labels
        there = self._of(name)
        number = there[0].value.version + 1 if there else 1
        model = None if asked.model is None else id_of(self._catalog.current(), "model", asked.model)
        try:
            record = await self._versions.put(asked.value(name, number, model), actor, None)
        except Conflict:  # somebody else was quicker
            raise Conflict(
                f"Another version {number} of {name} was made meanwhile. Look at it, then ask again.",
                code="revision_conflict",
            ) from None
        return version_shown(record, labels, None)

    async def version(self, _: AdminCaller, name: Name, which: _Which) -> VersionShown:
        """One version, by number or label."""
        found = self._library.version(f"{name}@{which}")
        return version_shown(self._versions.get(found.reference), self._prompts.get(name).value.labels, None)

    async def diff(
        self, _: AdminCaller, name: Name, before: _Said, after: _Said = PRODUCTION
    ) -> DifferenceShown:
        """What is different between two versions of a prompt."""
        one, other = self._library.version(f"{name}@{before}"), self._library.version(f"{name}@{after}")
        return difference_shown(one.version, other.version, difference(one, other))

    async def render(self, _: AdminCaller, name: Name, which: _Which, asked: RenderAsked) -> RenderedShown:
        """Both texts of a version as a model would be told them; variables that are not said have samples."""
        version = self._library.version(f"{name}@{which}")
        rendered = version.rendered(_samples(version) | asked.variables)
        return RenderedShown(prompt=version.reference, system=rendered.system, user=rendered.user)

    async def test(
        self, request: Request, caller: AdminCaller, name: Name, which: _Which, asked: RenderAsked
    ) -> TrialShown:
        """Ask a model once with a version, on the admin's bill: the simulated one unless another is named.

        Variables that are not said have samples; a provider's failure is an answer too: 200 with `ok` false.
        """
        version = self._library.version(f"{name}@{which}")
        body = ChatBody(
            model=asked.model, messages=[MessageAsked(role="user", content=asked.input or _NOTHING_SAID)]
        )
        return await tried(
            self._gateway,
            self._clock,
            request,
            caller,
            body,
            prompt=version.reference,
            variables=_samples(version) | asked.variables,
        )

    def _of(self, name: str) -> "list[Record[PromptVersion]]":
        """A prompt's versions, the newest first."""
        found = [record for record in self._versions.list() if record.value.name == name]
        return sorted(found, key=lambda record: record.value.version, reverse=True)

    def _shown(self, record: Record[Prompt]) -> PromptShown:
        versions = self._of(record.key)
        return prompt_shown(record, versions[0].value.version if versions else None)

    def _checked(self, prompt: Prompt) -> Prompt:
        """Fails where a label means no version, or requests of a bound use case could not be served."""
        versions = self._versions.snapshot
        for label, number in prompt.labels.items():
            if reference(prompt.name, number) not in versions:
                raise Invalid(f"{prompt.name} has no version {number}.", param=f"labels.{label}")
        if prompt.use_cases:
            self._check_bound(prompt)
        return prompt

    def _check_bound(self, prompt: Prompt) -> None:
        number = prompt.labels.get(PRODUCTION)
        if number is None:
            raise Invalid(
                f"{prompt.name} is bound to use cases, so a version must be in production.", param="labels"
            )
        wanted = sorted(self._versions.get(reference(prompt.name, number)).value.wanted)
        if wanted:
            raise Invalid(
                f"Version {number} of {prompt.name} wants {', '.join(wanted)}, which requests of a use case"
                " do not say by themselves: give a default.",
                param="useCases",
            )
        for other in self._prompts.list():
            both = sorted(set(other.value.use_cases) & set(prompt.use_cases))
            if both and other.key != prompt.name:
                raise Invalid(f"The prompt {other.key} is bound to {both[0]} already.", param="useCases")


def _samples(version: PromptVersion) -> dict[str, str]:
    return {each.name: each.sample or each.default or each.name for each in version.variables}
