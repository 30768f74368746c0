"""All that the simulated provider does beside chat."""

from baton.upstream.providers.simulated.errands.deed import Deeds
from baton.upstream.providers.simulated.errands.embeddings import EMBEDDINGS
from baton.upstream.providers.simulated.errands.images import IMAGES
from baton.upstream.providers.simulated.errands.moderations import MODERATIONS
from baton.upstream.providers.simulated.errands.transcriptions import TRANSCRIPTIONS

_DEEDS = (EMBEDDINGS, IMAGES, TRANSCRIPTIONS, MODERATIONS)


def deeds_for(path: str) -> Deeds | None:
    """The service whose route this path is."""
    return next((deeds for deeds in _DEEDS if path.endswith(deeds.path_end)), None)
