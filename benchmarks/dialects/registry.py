"""All four."""

from benchmarks.dialects.chat import CHAT
from benchmarks.dialects.dialect import Dialect
from benchmarks.dialects.generation import GENERATION
from benchmarks.dialects.messages import MESSAGES
from benchmarks.dialects.responses import RESPONSES

DIALECTS: tuple[Dialect, ...] = (CHAT, MESSAGES, GENERATION, RESPONSES)
