"""What a copy of the database is worth."""

from sqlalchemy import MetaData, select

from tests.access.signin.conftest import AWAY, HOME, OPERATOR, PASSWORD, House


async def test_a_copy_of_the_database_reveals_nothing_that_lets_in(house: House) -> None:
    """No password, session, second factor, recovery code, invitation or device is in any table of a database
    that was used, neither as text nor as bytes; nor are people's addresses."""
    ada = await house.person()
    app = await house.enrol(await house.sign_in())
    present = await house.present(await house.sign_in())
    opened = await house.reception.door.show_factor(present, app.code(), HOME)
    await house.sign_in(visitor=AWAY)
    invited = await house.reception.invitations.invite(ada.id, OPERATOR)
    tokens = house.reception.ground.tokens
    secrets = {
        "password": PASSWORD,
        "session": opened.token,
        "csrf token": tokens.forgery(opened.session.digest),
        "totp secret": str(app.totp.secret),
        "totp secret, raw": app.totp.byte_secret(),
        "invitation": invited.token,
        "device": str(opened.device),
        "address": HOME.address,
        "browser": AWAY.agent,
        **{f"recovery code {number}": code for number, code in enumerate(app.codes)},
        **{f"recovery code {number}, plain": code.replace("-", "") for number, code in enumerate(app.codes)},
    }
    found = MetaData()
    cells: list[bytes] = []
    async with house.reception.ground.database.read() as connection:
        await connection.run_sync(found.reflect)
        for table in found.tables.values():
            for row in await connection.execute(select(table)):
                cells += [each if isinstance(each, bytes) else str(each).encode() for each in row]
    text = b"\n".join(cells).lower()
    assert b"ada@example.com" in text  # the dump is one of a used database
    assert opened.session.digest.lower() in text
    for what, secret in secrets.items():
        plain = secret if isinstance(secret, bytes) else secret.encode()
        assert plain.lower() not in text, what
