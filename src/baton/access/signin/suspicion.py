"""What each attempt to sign in is counted under."""

from baton.access.signin.entities import Login, Visitor
from baton.access.signin.network import network
from baton.access.signin.throttle import Counter, Scope
from baton.access.signin.tokens import Tokens, folded


class Suspicion:
    """Chooses the counters of an attempt: a browser that has signed in before answers for itself alone."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def of_password(self, name: str, login: Login | None, visitor: Visitor) -> tuple[Counter, ...]:
        """For a password. A name that nobody has is counted like one that somebody has."""
        place = network(visitor.address)
        if login is None:
            return (_account(self._tokens.name(folded(name)), place), _network(place))
        device = self._tokens.device(visitor.device, login.user_id)
        since_s = login.lifted_at_ms / 1000
        if device is not None:
            key = f"{device} {login.user_id}"
            return (_counter(Scope.DEVICE, key, login.user_id, place, since_s),)
        account = self._tokens.name(folded(login.name))
        return (_account(account, place, login.user_id, since_s), _network(place))

    def of_factor(self, login: Login, visitor: Visitor) -> tuple[Counter, ...]:
        """For a second factor."""
        place = network(visitor.address)
        device = self._tokens.device(visitor.device, login.user_id)
        since_s = login.lifted_at_ms / 1000
        if device is not None:
            key = f"{login.user_id} {device}"
            return (_counter(Scope.FACTOR, key, login.user_id, place, since_s),)
        return (
            _counter(Scope.FACTOR, f"{login.user_id} {place}", login.user_id, place, since_s),
            _counter(Scope.FACTORS, login.user_id, login.user_id, None, since_s),
        )


def _account(account: str, place: str, user_id: str | None = None, since_s: float = 0.0) -> Counter:
    return _counter(Scope.ACCOUNT, f"{account} {place}", user_id, place, since_s)


def _network(place: str) -> Counter:
    return _counter(Scope.NETWORK, place, None, place, 0.0)


def _counter(scope: Scope, key: str, user_id: str | None, place: str | None, since_s: float) -> Counter:
    return Counter(scope=scope, key=key, user_id=user_id, network=place, since_s=since_s)
