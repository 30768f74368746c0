"""The two cookies: a session's, and the mark of a browser that has signed in before.

Scripts cannot read them, other sites' pages cannot have them sent, and over TLS no other host of the domain
can put one in their place (the prefix `__Host-`, RFC 6265bis, section 4.1.3.2).
"""

from starlette.responses import Response

SESSION = "baton_session"
DEVICE = "baton_device"

_DEVICE_S = 180 * 86_400
"""How long a browser is known."""


def cookie_name(name: str, *, secure: bool) -> str:
    """What a cookie is called: over TLS with the prefix by which browsers hold it to this host."""
    return f"__Host-{name}" if secure else name


class Cookies:
    """Puts cookies on one answer."""

    def __init__(self, response: Response, *, secure: bool) -> None:
        self._response = response
        self._secure = secure

    def keep_session(self, token: str) -> None:
        """Until the browser is closed; the session ends by itself on the server."""
        self._keep(SESSION, token, None)

    def keep_device(self, mark: str | None) -> None:
        """Know this browser again; None: it keeps the mark that it has."""
        if mark is not None:
            self._keep(DEVICE, mark, _DEVICE_S)

    def drop_session(self) -> None:
        """The session has ended."""
        self._keep(SESSION, "", 0)

    def _keep(self, name: str, value: str, max_age_s: int | None) -> None:
        self._response.set_cookie(
            cookie_name(name, secure=self._secure),
            value,
            max_age=max_age_s,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )
