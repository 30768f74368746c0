"""`/api/auth`: one's own password, second factor and recovery codes."""

from fastapi import FastAPI, Request, Response

from baton.access.signin.reception import Reception
from baton.api.auth.browser import UNSTORED, Browsers
from baton.api.auth.guards import FreshFactor, SignedIn
from baton.api.auth.outside import Outside
from baton.api.auth.shapes import (
    TAG,
    CodeShown,
    CodesShown,
    EnrolledShown,
    EnrolmentShown,
    FactorRemoval,
    FactorShown,
    PasswordChange,
    PasswordShown,
    SessionShown,
)
from baton.api.bodies import moment_or_none

PASSWORD = "/api/auth/password"  # noqa: S105 (a path)
TOTP = "/api/auth/totp"
RECOVERY_CODES = "/api/auth/recovery-codes"


class AccountRoutes:
    """The routes. After each change the session goes on under a new token, and all others have ended."""

    def __init__(self, reception: Reception, outside: Outside) -> None:
        self._account = reception.account
        self._outside = outside
        self._browsers = Browsers(reception, outside)

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        for path, method, route, model in (
            (PASSWORD, "PUT", self.change_password, SessionShown),
            (TOTP, "GET", self.factor, FactorShown),
            (TOTP, "POST", self.begin_factor, EnrolmentShown),
            (TOTP + "/confirmation", "POST", self.confirm_factor, EnrolledShown),
            (TOTP + "/removal", "POST", self.remove_factor, SessionShown),
            (RECOVERY_CODES, "POST", self.renew_codes, CodesShown),
        ):
            to.add_api_route(
                path, route, methods=[method], response_model=model, tags=[TAG], dependencies=[UNSTORED]
            )

    async def change_password(
        self, request: Request, response: Response, present: SignedIn, body: PasswordChange
    ) -> SessionShown:
        """Change one's own password: at least 12 characters, of any kind."""
        visitor = self._outside.visitor(request)
        opened = await self._account.change_password(present, body.old, body.new, visitor)
        return await self._browsers.keep(request, response, opened)

    async def factor(self, present: SignedIn) -> FactorShown:
        """Show whether there is a second factor, and how many recovery codes are left."""
        state = await self._account.factor(present.user.id)
        return FactorShown(
            enrolled_at=moment_or_none(state.enrolled_at_ms), recovery_codes=state.recovery_codes
        )

    async def begin_factor(self, request: Request, present: SignedIn, body: PasswordShown) -> EnrolmentShown:
        """Begin a second factor: a secret for an app. It counts once it was confirmed by its first code."""
        visitor = self._outside.visitor(request)
        enrolment = await self._account.begin_factor(present, body.password, visitor)
        return EnrolmentShown(secret=enrolment.secret, uri=enrolment.uri)

    async def confirm_factor(
        self, request: Request, response: Response, present: SignedIn, body: CodeShown
    ) -> EnrolledShown:
        """Confirm the second factor by its first code; the answer has the recovery codes."""
        enrolled = await self._account.confirm_factor(present, body.code, self._outside.visitor(request))
        session = await self._browsers.keep(request, response, enrolled.opened)
        return EnrolledShown(recovery_codes=list(enrolled.codes), session=session)

    async def remove_factor(
        self, request: Request, response: Response, present: SignedIn, body: FactorRemoval
    ) -> SessionShown:
        """Remove the second factor; the code may be a recovery code."""
        visitor = self._outside.visitor(request)
        opened = await self._account.remove_factor(present, body.password, body.code, visitor)
        return await self._browsers.keep(request, response, opened)

    async def renew_codes(self, request: Request, present: FreshFactor) -> CodesShown:
        """Make new recovery codes in place of those that are left; needs a second factor shown lately."""
        codes = await self._account.renew_codes(present, self._outside.visitor(request))
        return CodesShown(recovery_codes=list(codes))
