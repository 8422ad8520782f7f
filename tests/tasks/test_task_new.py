"""新建任务: for one, for several, by a branch for itself."""

import datetime

import pytest
from django.urls import reverse

from accounts.models import TrailLine
from tasks.models import EventKind, Task
from tests import factories

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 7, 8)
ROLES = ("secretary", "organiser", "group_leader", "committee_officer", "inspector")


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def users(branch, committee):
    at = {"committee_officer": committee, "inspector": committee}
    return {role: factories.make_user(role, at.get(role, branch)) for role in ROLES}


def act(name, task):
    return reverse(f"tasks:{name}", args=[task.pk])


def words(response):
    return response.content.decode()


NEW = {
    "problem": "台账记录不全",
    "source": "镇街检查",
    "responsible_leader": "党工委副书记 高承远",
    "due_on": "9.30",
    "opened_on": "7.8",
}


def test_a_committee_lists_one_problem_for_several_branches(client, branch, committee, users):
    other = factories.make_branch(committee, "望春社区第二党支部")
    for one, name in ((branch, "林守正"), (other, "许桂兰")):
        factories.make_post(one, person_name=name)
    factories.make_post(committee, person_name="沈知行")
    client.force_login(users["committee_officer"])
    page = client.get(reverse("tasks:new"), {"problem": "台账记录不全", "source": "duty:a:2026"})
    form = page.context["form"]
    assert [label for _pk, label in form.fields["organisations"].choices] == [
        branch.short_name,
        other.short_name,
    ]
    assert form.initial["problem"] == "台账记录不全"
    assert form.initial["source"] == "对照要求"
    assert form.initial["responsible_leader"] == f"{committee.short_name}书记 沈知行"
    assert "巡视巡察" in page.context["sources"]
    response = client.post(
        reverse("tasks:new"), NEW | {"organisations": [branch.pk, other.pk], "by_county": "on"}
    )
    assert response.status_code == 302
    tasks = Task.objects.order_by("organisation")
    assert [(one.organisation, one.responsible_person) for one in tasks] == [
        (branch, "林守正"),
        (other, "许桂兰"),
    ]
    assert {one.by_county for one in tasks} == {True}
    assert {one.due_on for one in tasks} == {datetime.date(2026, 9, 30)}


def test_one_branch_comes_prefilled_from_the_address(client, branch, users):
    factories.make_post(branch, person_name="林守正")
    client.force_login(users["committee_officer"])
    url = reverse("tasks:new") + f"?organisation={branch.code}"
    # The only branch below is meant anyway.
    for address in (reverse("tasks:new"), url):
        initial = client.get(address).context["form"].initial
        assert initial["organisations"] == [branch.pk]
    assert initial["responsible_unit"] == branch.name
    assert initial["responsible_person"] == "林守正"
    said = NEW | {"organisations": [branch.pk], "responsible_unit": branch.name}
    kept = client.post(url, said | {"responsible_person": ""})
    assert "请填责任人" in words(kept)
    assert "台账记录不全" in words(kept)
    response = client.post(url, said | {"responsible_person": "林守正"})
    assert response["Location"] == act("detail", Task.objects.get())


def test_a_branch_lists_what_it_found_itself_and_nothing_for_others(
    client, branch, committee, users
):
    client.force_login(users["secretary"])
    page = client.get(reverse("tasks:new"))
    assert "source" not in page.context["form"].fields
    other = factories.make_branch(committee)
    response = client.post(
        reverse("tasks:new"),
        NEW
        | {
            "organisations": [other.pk],
            "source": "巡视巡察",
            "responsible_unit": branch.name,
            "responsible_person": "林守正",
        },
    )
    assert response.status_code == 302
    task = Task.objects.get()
    assert (task.organisation, task.source, task.by_county) == (branch, "自查", False)


@pytest.mark.parametrize("role", ["organiser", "group_leader", "inspector"])
def test_who_only_looks_lists_nothing(client, users, role):
    client.force_login(users[role])
    assert client.get(reverse("tasks:new")).status_code == 403
    assert client.post(reverse("tasks:new"), NEW).status_code == 403


def test_a_unit_that_is_not_offered_is_refused(client, branch, users):
    stranger = factories.make_branch(factories.make_committee(branch.parent.parent, "荻浦镇党委"))
    client.force_login(users["committee_officer"])
    said = words(client.post(reverse("tasks:new"), NEW | {"organisations": [stranger.pk]}))
    assert "勾选的单位不在名单里" in said
    assert not Task.objects.exists()
    assert not TrailLine.objects.filter(action=EventKind.LISTED.label).exists()
