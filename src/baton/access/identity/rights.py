"""What a caller may do at all; whose things they may do it to is `ownership`'s."""

import re

from baton.core.caller import Caller, Scope
from baton.core.errors import Forbidden, NotFound

_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""How projects' ids look; any other word is a label of the caller's own."""

_MEANT_AS_ID = re.compile(r"(urn:uuid:)?[{(]?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}[})]?", re.IGNORECASE)
"""The same in other forms, which nobody uses for a label."""


def require_scope(caller: Caller, scope: Scope) -> None:
    """Let no key by that is not for this.

    Raises:
        Forbidden: it is for other things (`scope_required`).
    """
    if scope not in caller.scopes:
        raise Forbidden(
            f"This key may not be used for it: it lacks the scope {scope}.", code="scope_required"
        )


def require_current(caller: Caller) -> None:
    """Let no earlier secret by: whoever found it could take the key over from who has the new one.

    Raises:
        Forbidden: the key was rotated since (`secret_replaced`).
    """
    if caller.replaced:
        raise Forbidden(
            "This key has a new secret. The earlier one still serves requests; use the new one for this.",
            code="secret_replaced",
        )


def require_project(caller: Caller, project: str) -> None:
    """Let nobody ask for a project in that they do not work; a word that is no project's id is a label.

    Raises:
        NotFound: there is none of that id, it is archived, or the caller is neither owner nor member
            (`project_not_found`, the same words for each).
    """
    if project not in caller.projects and _MEANT_AS_ID.fullmatch(project) is not None:
        raise NotFound(
            f"This key may ask for no project {project}: there is none, it is archived, or its user does not "
            "work in it.",
            code="project_not_found",
            param="project",
        )


def is_id(project: str) -> bool:
    """Whether a word is a project's id, and no label."""
    return _ID.fullmatch(project) is not None
