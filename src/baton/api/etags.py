"""Revisions as HTTP entity tags (RFC 9110, section 8.8.3)."""


def etag(revision: int) -> str:
    """What is sent as `ETag`, and wanted back as `If-Match`."""
    return f'"{revision}"'
