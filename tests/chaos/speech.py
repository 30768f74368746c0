"""The same request in each dialect, and what comes back, judged in its own shape."""

import json
from dataclasses import dataclass
from typing import Any

from baton.core.dialect import Dialect
from tests.chaos.conftest import KEY, TRANSLATED
from tests.chaos.wire import Reply, post
from tests.shapes import error_in


@dataclass(frozen=True)
class Speech:
    """How callers of one dialect ask for a chat."""

    dialect: Dialect
    path: str
    """`{}` stands for the model."""
    fields: dict[str, Any]
    """Of a good request, but for the model where the path has it."""
    streams_by_path: bool = False
    ends: tuple[str, ...] = ()
    """What only a finished stream holds."""

    def where(self, model: str = TRANSLATED, *, stream: bool = False) -> str:
        """The path of a request."""
        path = self.path.format(model)
        if not (stream and self.streams_by_path):
            return path
        return path.replace(":generateContent", ":streamGenerateContent?alt=sse")

    def body(self, model: str = TRANSLATED, **fields: Any) -> bytes:
        """The body of a request; `fields` replace or add, and leave out where they are `...`."""
        said = {**self.fields, **fields}
        if not self.streams_by_path:
            said = {"model": model, **said}
        return json.dumps({name: value for name, value in said.items() if value is not ...}).encode()

    def request(self, key: str, *headers: str, stream: bool = False) -> bytes:
        """A whole good request."""
        by_body = stream and not self.streams_by_path
        body = self.body(stream=True) if by_body else self.body()
        return post(key, body, *headers, path=self.where(stream=stream))

    def refused(self, reply: Reply, status: int) -> str:
        """The message of an error in the dialect's shape; fails where it is none, or shows too much."""
        assert reply.status == status, (reply.status, reply.body[:500])
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["x-request-id"]
        _, message = error_in(self.dialect, reply.json)
        assert 10 < len(message) <= 2100
        assert len(reply.body) < 20_000
        for told in (b"Traceback", b".py", KEY.encode()):
            assert told not in reply.body
        return message

    def broken(self, reply: Reply) -> str:
        """The message of the error that ends a stream; fails where the stream claims to be finished."""
        assert reply.status == 200, reply.body[:500]
        for end in self.ends:
            assert end not in reply.body.decode(), reply.body[-500:]
        told = json.loads(reply.events[-1])
        if self.dialect is Dialect.OPENAI_RESPONSES:  # an event of its own, with the error in it
            assert told.pop("type") == "error"
            assert told["message"] == told["error"]["message"]
        return error_in(self.dialect, told)[1]

    def finished(self, reply: Reply) -> bool:
        """Whether a stream has its end."""
        return reply.status == 200 and any(end in reply.body.decode() for end in self.ends)


USER = {"role": "user", "content": "Hello there"}
OPENAI = Speech(Dialect.OPENAI, "/v1/chat/completions", {"messages": [USER]}, ends=("[DONE]",))
RESPONSES = Speech(
    Dialect.OPENAI_RESPONSES,
    "/v1/responses",
    {"input": "Hello there"},
    ends=("response.completed", "response.incomplete"),
)
ANTHROPIC = Speech(
    Dialect.ANTHROPIC, "/v1/messages", {"messages": [USER], "max_tokens": 50}, ends=("message_stop",)
)
GOOGLE = Speech(
    Dialect.GOOGLE,
    "/v1beta/models/{}:generateContent",
    {"contents": [{"role": "user", "parts": [{"text": "Hello there"}]}]},
    streams_by_path=True,
    ends=("finishReason",),
)
SPEECHES = {speech.dialect.value: speech for speech in (OPENAI, RESPONSES, ANTHROPIC, GOOGLE)}
OTHERS = {name: speech for name, speech in SPEECHES.items() if speech is not OPENAI}
