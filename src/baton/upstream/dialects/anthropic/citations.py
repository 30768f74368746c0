"""Where a text has something from ⇄ core."""

from typing import Any

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import Citation
from baton.upstream.dialects.wire import as_object, as_text, raw


def read_citation(note: object) -> Citation:
    """One citation. The characters that some of them count are the document's, not the text's."""
    fields = as_object(note)
    source = as_text(fields.get("source"))
    return Citation(
        url=as_text(fields.get("url")) or (source if source and "://" in source else None),
        title=as_text(fields.get("title")) or as_text(fields.get("document_title")),
        quote=as_text(fields.get("cited_text")) or None,
        origin=Dialect.ANTHROPIC,
        raw=raw(note),
    )


def write_citation(citation: Citation, losses: Losses) -> Any | None:
    """One citation, for a caller; a link of another dialect is told as a web search's. None: it cannot be."""
    if citation.origin is Dialect.ANTHROPIC and citation.raw is not None:
        return citation.raw
    if citation.url is None:
        losses.drop(Feature.CITATIONS)
        return None
    if citation.start is not None or citation.end is not None:
        losses.adjust(Feature.CITATIONS)
    return {
        "type": "web_search_result_location",
        "cited_text": citation.quote or "",
        "encrypted_index": "",
        "title": citation.title,
        "url": citation.url,
    }
