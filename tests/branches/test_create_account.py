import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import TrailLine, User
from accounts.roles import Role
from branches.grants import grant_role
from branches.models import Kind
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def branch():
    return factories.make_branch(code="QH-0001")


def create(*arguments):
    out = StringIO()
    call_command("create_account", *arguments, stdout=out)
    return out.getvalue()


def test_it_prints_a_password_for_one_time(branch):
    said = create("xu.wq", "--role", "secretary", "--organisation", "QH-0001", "--person", "许文桥")
    user = User.objects.get(username="xu.wq")
    assert user.check_password(re.search(r"一次性密码：(\S+)", said)[1])
    assert user.must_change_password
    assert (user.name, user.grants.get().role) == ("许文桥", Role.SECRETARY)
    assert sorted(TrailLine.objects.values_list("action", flat=True)) == ["授权", "新建账号"]


@pytest.mark.parametrize(
    "role, code, reason",
    [
        ("boss", "QH-0001", "没有“boss”这个角色"),
        ("secretary", "QH-9999", "没有组织编码“QH-9999”"),
        ("committee_officer", "QH-0001", "“党（工）委组织员”只能设在党委、党工委、党组"),
        ("county_officer", "QH-0001", "“县委组织部”只能设在县委"),
        ("audit_admin", "QH-0001", "“审计管理员”只能设在县委"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(branch, role, code, reason):
    with pytest.raises(CommandError, match=reason) as refused:
        create("xu.wq", "--role", role, "--organisation", code)
    assert refused.value.returncode == 1
    assert not User.objects.exists()
    assert not TrailLine.objects.exists()


def test_a_secretary_may_belong_to_a_general_branch_but_not_to_a_committee(branch):
    committee = branch.parent
    general = factories.make_organisation(Kind.GENERAL_BRANCH, committee)
    create("general", "--role", "secretary", "--organisation", general.code)
    with pytest.raises(CommandError, match="只能设在党总支、党支部"):
        create("committee", "--role", "secretary", "--organisation", committee.code)


def test_a_name_is_given_once(branch):
    create("xu.wq", "--role", "secretary", "--organisation", "QH-0001")
    with pytest.raises(CommandError, match="已有人使用"):
        create("xu.wq", "--role", "organiser", "--organisation", "QH-0001")
    assert User.objects.get().grants.count() == 1


@pytest.mark.parametrize("second", [Role.SECURITY_ADMIN, Role.AUDIT_ADMIN])
def test_the_three_administrators_exclude_one_another(branch, second):
    county = branch.parent.parent
    user = factories.make_user(Role.SYSTEM_ADMIN, county)
    with pytest.raises(ValueError, match="不能由一人兼任"):
        grant_role(user=user, role=second, organisation=county, by=None)
    assert user.grants.count() == 1
