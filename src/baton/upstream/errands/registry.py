"""All errands that Baton runs."""

from collections.abc import Mapping

from baton.core.provider import Service
from baton.upstream.errands.embeddings import EMBEDDINGS
from baton.upstream.errands.errand import Task
from baton.upstream.errands.images import IMAGES
from baton.upstream.errands.moderations import MODERATIONS
from baton.upstream.errands.transcriptions import TRANSCRIPTIONS

TASKS: Mapping[Service, Task] = {
    task.service: task for task in (EMBEDDINGS, IMAGES, TRANSCRIPTIONS, MODERATIONS)
}
