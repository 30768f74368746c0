"""Azure OpenAI. `AZURE_BASE_URL` is the resource's, in either of its shapes (Azure's API reference):
`https://NAME.openai.azure.com/openai/v1`, or with deployments and a version:
`https://NAME.openai.azure.com/openai/deployments/{model}?api-version=2024-10-21`."""

from baton.core.dialect import Dialect
from baton.core.failures import Kind
from baton.core.provider import Auth, LimitHeaders, ProviderSpec, Quirks, Service, WaitForm

SPEC = ProviderSpec(
    name="azure",
    title="Azure OpenAI",
    base_url="",
    also=frozenset({Dialect.OPENAI_RESPONSES}),
    services=frozenset({Service.EMBEDDINGS, Service.IMAGES, Service.TRANSCRIPTIONS}),
    key_names=("AZURE_OPENAI_API_KEY",),
    auth=Auth(header="api-key", scheme=""),
    quirks=Quirks(limit_name="max_completion_tokens"),
    only_objects=True,
    limits=(LimitHeaders(reset_form=WaitForm.SECONDS),),
    # "Resource not found": microsoft/autogen#3953. An unknown deployment is `DeploymentNotFound`.
    errors={(404, "404"): Kind.SERVER},
    waits={r"retry after (\d+) seconds?": "microsoft/sample-app-aoai-chatGPT#406"},
)
