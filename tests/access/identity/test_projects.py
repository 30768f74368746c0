"""Projects, and who is in them."""

import pytest

from baton.access.identity.entities import KeyWish, UserWish
from baton.access.identity.project import ProjectChange, ProjectRole, ProjectsWanted, ProjectWish
from baton.core.errors import Conflict, Invalid, NotFound
from baton.records.audit.entry import Actor
from tests.access.identity.conftest import ADMIN, Process

OWNER, MEMBER, VIEWER = ProjectRole.OWNER, ProjectRole.MEMBER, ProjectRole.VIEWER
ADA = Actor(id="ada", source="tests")


async def user(process: Process, name: str, *roles: str) -> tuple[str, str]:
    """Somebody with a key: their id and its secret."""
    made = await process.identities.create_user(UserWish(name=name, roles=frozenset({"user", *roles})), ADMIN)
    key = await process.identities.create_key(KeyWish(name="k", user_id=made.id), ADMIN)
    return made.id, key.secret


async def test_a_key_knows_the_projects_its_user_may_ask_for(anywhere: Process) -> None:
    """Owners and members may, viewers and others not, admins for all; nobody for an archived one."""
    ada, adas = await user(anywhere, "Ada")
    bob, bobs = await user(anywhere, "Bob")
    _, admins = await user(anywhere, "Root", "admin")
    project = (await anywhere.projects.create(ProjectWish(name="P", owner_id=ada), ADA)).id

    def open_to(secret: str) -> bool:
        return project in anywhere.keyring.authenticate(secret).projects

    assert [open_to(each) for each in (adas, bobs, admins)] == [True, False, True]
    await anywhere.projects.put_member(project, bob, VIEWER, ADA)
    assert not open_to(bobs)
    await anywhere.projects.put_member(project, bob, MEMBER, ADA)
    assert open_to(bobs)
    await anywhere.projects.change(project, ProjectChange(archived=True), ADA)
    assert [open_to(each) for each in (adas, bobs, admins)] == [False, False, False]
    await anywhere.projects.change(project, ProjectChange(archived=False), ADA)
    await anywhere.projects.remove_member(project, bob, ADA)
    assert [open_to(each) for each in (adas, bobs, admins)] == [True, False, True]


async def test_what_a_project_requires_is_at_hand_while_it_is_live(anywhere: Process) -> None:
    """From its making on, by id and by name, and as it is changed; also once archived: a request may
    be on its way."""
    ada, _ = await user(anywhere, "Ada")
    wish = ProjectWish(name="P", owner_id=ada, data_needs=frozenset({"local", "region:eu"}))
    project = (await anywhere.projects.create(wish, ADA)).id
    required = anywhere.keyring.required_by
    assert (required(project), required("another")) == ({"local", "region:eu"}, frozenset())
    assert (await anywhere.projects.one(project)).data_needs == {"local", "region:eu"}
    assert required("p") == required("P") == required(project)
    await anywhere.projects.change(
        project, ProjectChange(data_needs=frozenset({"no-training"}), archived=True), ADA
    )
    assert required(project) == {"no-training"}
    await anywhere.projects.change(project, ProjectChange(name="Q", data_needs=frozenset()), ADA)
    assert required(project) == frozenset()


async def test_a_project_has_an_owner_whatever_is_changed(anywhere: Process) -> None:
    """The last one cannot leave nor become less; with a second one they can."""
    ada, _ = await user(anywhere, "Ada")
    bob, _ = await user(anywhere, "Bob")
    project = (await anywhere.projects.create(ProjectWish(name="P", owner_id=ada), ADA)).id
    with pytest.raises(Conflict) as last:
        await anywhere.projects.put_member(project, ada, VIEWER, ADA)
    assert last.value.code == "last_owner"
    with pytest.raises(Conflict):
        await anywhere.projects.remove_member(project, ada, ADA)
    await anywhere.projects.put_member(project, bob, OWNER, ADA)
    left = await anywhere.projects.remove_member(project, ada, ADA)
    assert left == await anywhere.projects.one(project)
    assert (left.members, left.revision) == ({bob: OWNER}, 3)


async def test_a_project_changes_under_its_revision(anywhere: Process) -> None:
    """A stale one is refused; the same again is no change."""
    ada, _ = await user(anywhere, "Ada")
    made = await anywhere.projects.create(ProjectWish(name="P", owner_id=ada), ADA)
    changed = await anywhere.projects.change(made.id, ProjectChange(name="Q"), ADA, made.revision)
    assert (changed.name, changed.revision) == ("Q", 2)
    assert await anywhere.projects.change(made.id, ProjectChange(name="Q"), ADA) == changed
    with pytest.raises(Conflict):
        await anywhere.projects.change(made.id, ProjectChange(name="R"), ADA, made.revision)
    with pytest.raises(Invalid):
        await anywhere.projects.change(made.id, ProjectChange(name=""), ADA)


async def test_what_is_not_there_cannot_be_named(anywhere: Process) -> None:
    """No such project, user or member."""
    ada, _ = await user(anywhere, "Ada")
    project = (await anywhere.projects.create(ProjectWish(name="P", owner_id=ada), ADA)).id
    for asked in (
        anywhere.projects.one("none"),
        anywhere.projects.create(ProjectWish(name="P", owner_id="nobody"), ADA),
        anywhere.projects.change("none", ProjectChange(name="Q"), ADA),
        anywhere.projects.put_member(project, "nobody", MEMBER, ADA),
        anywhere.projects.put_member("none", ada, MEMBER, ADA),
        anywhere.projects.remove_member(project, "nobody", ADA),
    ):
        with pytest.raises(NotFound):
            await asked


async def test_projects_are_found_by_member_word_and_state(anywhere: Process) -> None:
    """A page at a time, with their members."""
    ada, _ = await user(anywhere, "Ada")
    bob, _ = await user(anywhere, "Bob")
    one = await anywhere.projects.create(ProjectWish(name="Denon rebrand", owner_id=ada), ADA)
    two = await anywhere.projects.create(ProjectWish(name="Lisbon", owner_id=bob), ADA)
    one = await anywhere.projects.put_member(one.id, bob, VIEWER, ADA)
    one = await anywhere.projects.change(one.id, ProjectChange(archived=True), ADA)
    for wanted, found in (
        (ProjectsWanted(), (one, two)),
        (ProjectsWanted(member_id=ada), (one,)),
        (ProjectsWanted(member_id=bob), (one, two)),
        (ProjectsWanted(word="DENON"), (one,)),
        (ProjectsWanted(word=two.id), (two,)),
        (ProjectsWanted(archived=False), (two,)),
        (ProjectsWanted(after=one.id), (two,)),
        (ProjectsWanted(limit=1), (one,)),
    ):
        assert await anywhere.projects.find(wanted) == found, wanted
