import datetime
import re

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import TrailLine, User
from accounts.roles import Role
from branches.history import names_on
from branches.models import Grant, Organisation, Placement, Setting
from branches.values import Key, Values
from compliance.models import CheckRun
from tests import factories

pytestmark = pytest.mark.django_db

YEARS = Key("test.admin_years", "测试用年数", 5, unit="年", minimum=1, maximum=9)


@pytest.fixture
def county():
    return factories.make_county()


@pytest.fixture
def town(county):
    return factories.make_committee(county, "荻浦镇党委")


@pytest.fixture
def branch(town):
    return factories.make_branch(town, "上荻村党支部")


@pytest.fixture
def officer(county, client):
    user = factories.make_user(Role.COUNTY_OFFICER, county, "officer")
    client.force_login(user)
    return user


def url(model, page, *args):
    opts = model._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=args)


def registered():
    return sorted(admin.site._registry, key=lambda model: model._meta.label)


def lines(action):
    return list(TrailLine.objects.filter(action=action))


# --- Who may enter ----------------------------------------------------------------------

PAGES = {
    Role.COUNTY_OFFICER: {
        *("accounts.User", "branches.Grant", "branches.Group", "branches.Organisation"),
        *("branches.Setting", "compliance.CheckRun", "dues.ApprovedAmount", "dues.Charge"),
        *("dues.Payment", "meetings.Meeting", "members.Member", "members.Post", "members.Term"),
        *("branches.Workday", "dues.Contribution", "dues.Publication", "dues.Remittance"),
        "notices.Notice",
        *("tasks.Inspection", "tasks.PlusPlan"),
        *("tasks.Campaign", "tasks.SelfCheck"),
        "tasks.UnitSurvey",
        "tasks.Task",
        "tasks.WeakBranch",
    },
    Role.SECURITY_ADMIN: {"accounts.User", "branches.Grant", "branches.Organisation"},
    Role.SYSTEM_ADMIN: {"compliance.CheckRun", "jobs.Job"},
    Role.AUDIT_ADMIN: {"accounts.TrailLine"},
}


@pytest.mark.parametrize("role", PAGES)
def test_each_role_opens_its_own_pages_and_no_other(client, county, role):
    client.force_login(factories.make_user(role, county))
    opened = set()
    for model in registered():
        status = client.get(url(model, "changelist")).status_code
        assert status in (200, 403), model._meta.label
        if status == 200:
            opened.add(model._meta.label)
    assert opened == PAGES[role]


@pytest.mark.parametrize(
    "role",
    [Role.SECRETARY, Role.ORGANISER, Role.GROUP_LEADER, Role.COMMITTEE_OFFICER, Role.INSPECTOR],
)
def test_branches_committees_and_inspectors_do_not_enter(client, town, branch, role):
    place = town if role in (Role.COMMITTEE_OFFICER, Role.INSPECTOR) else branch
    client.force_login(factories.make_user(role, place))
    index = reverse("admin:index")
    assert client.get(index, follow=True).status_code == 403
    for model in registered():
        assert client.get(url(model, "changelist"), follow=True).status_code == 403


def test_is_staff_opens_nothing(client, branch):
    client.force_login(factories.make_user(Role.SECRETARY, branch, is_staff=True))
    assert client.get(reverse("admin:index"), follow=True).status_code == 403


def test_a_right_taken_back_closes_the_site(client, officer):
    assert client.get(reverse("admin:index")).status_code == 200
    now = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
    Grant.objects.filter(user=officer).update(withdrawn_at=now)
    assert client.get(reverse("admin:index"), follow=True).status_code == 403


def test_nobody_is_sent_to_the_one_log_in_page(client):
    response = client.get(reverse("admin:index"), follow=True)
    assert response.redirect_chain[-1][0] == f"{reverse('login')}?next={reverse('admin:index')}"


def test_the_index_leads_back_and_shows_no_log_of_djangos(client, officer):
    page = client.get(reverse("admin:index")).content.decode()
    assert "党支部工作管理平台 · 管理后台" in page
    assert '<a href="/">回到工作平台</a>' in page
    assert 'id="recent-actions-module"' not in page


# --- Scope ------------------------------------------------------------------------------


@pytest.fixture
def rows(branch):
    """One row of everything that belongs to the branch."""
    member = factories.make_member(branch, "许文桥", phone="19900000001")
    month = datetime.date(2026, 3, 1)
    user = factories.make_user(Role.SECRETARY, branch, "shuji.shangdi")
    return [
        branch,
        member,
        user,
        user.grants.get(),
        factories.make_group(branch),
        factories.make_post(branch, member=member),
        factories.make_term(branch, ends_on=datetime.date(2027, 3, 1)),
        factories.make_approved_amount(member),
        factories.make_charge(member, month),
        factories.make_payment(member, month),
        factories.make_meeting(branch, datetime.date(2026, 3, 5), present=[member]),
        factories.make_task(branch),
    ]


def test_the_county_officer_opens_every_row(client, officer, rows):
    for row in rows:
        response = client.get(url(type(row), "change", row.pk))
        assert response.status_code == 200, row


def test_the_officer_of_another_county_finds_none_of_them(client, rows):
    neighbour = factories.make_county("中共邻溪县委员会")
    client.force_login(factories.make_user(Role.COUNTY_OFFICER, neighbour))
    for row in rows:
        assert client.get(url(type(row), "change", row.pk)).status_code == 404, row
        page = client.get(url(type(row), "changelist")).content.decode()
        assert "许文桥" not in page
        assert "上荻村" not in page


def test_an_organisation_of_another_county_cannot_be_changed_by_hand(client, branch):
    neighbour = factories.make_county("中共邻溪县委员会")
    client.force_login(factories.make_user(Role.COUNTY_OFFICER, neighbour))
    form = {"name": "改名", "kind": "branch", "sector": "village", "founded_on": "2015-01-01"}
    assert client.post(url(Organisation, "change", branch.pk), form).status_code == 404
    branch.refresh_from_db()
    assert branch.name == "上荻村党支部"


def test_numbers_are_masked_and_found_by_the_full_number(client, officer, branch):
    number = factories.make_id_number(number=77)
    member = factories.make_member(branch, id_number=number, phone="19900000001")
    factories.make_member(branch)
    for address in (url(type(member), "change", member.pk), url(type(member), "changelist")):
        page = client.get(address).content.decode()
        assert number not in page
        assert "19900000001" not in page
        assert member.id_number_mask in page
    found = client.get(url(type(member), "changelist"), {"q": number}).content.decode()
    assert "1 党员" in found


@pytest.mark.parametrize("page", ["delete", "change"])
def test_nothing_is_deleted_and_records_are_only_read(client, officer, rows, page):
    for row in rows:
        if page == "change" and isinstance(row, Organisation | User | Grant):
            continue
        assert client.post(url(type(row), page, row.pk), {"post": "yes"}).status_code == 403
        assert type(row)._default_manager.filter(pk=row.pk).exists()


def test_lists_need_the_same_number_of_queries_for_one_row_and_for_three(client, county, town):
    client.force_login(factories.make_user(Role.COUNTY_OFFICER, county))

    def counted():
        counts = {}
        for model in registered():
            with CaptureQueriesContext(
                connection,
            ) as queries:
                if client.get(url(model, "changelist")).status_code == 200:
                    counts[model._meta.label] = len(queries)
        return counts

    def add():
        branch = factories.make_branch(town)
        member = factories.make_member(branch, group=factories.make_group(branch))
        month = datetime.date(2026, 3, 1)
        factories.make_user(Role.SECRETARY, branch)
        factories.make_post(branch, member=member)
        factories.make_term(branch, ends_on=datetime.date(2027, 3, 1))
        factories.make_approved_amount(member)
        factories.make_charge(member, month)
        factories.make_payment(member, month)
        factories.make_meeting(branch, datetime.date(2026, 3, 5), present=[member])
        factories.make_task(branch)

    add()
    one = counted()
    add(), add()
    assert counted() == one


# --- Organisations ----------------------------------------------------------------------


def organisation_form(organisation, **changes):
    return {
        "name": organisation.name,
        "kind": organisation.kind,
        "sector": organisation.sector,
        "founded_on": organisation.founded_on.isoformat(),
        "dissolved_on": "",
        "move_to": "",
        "move_on": "",
        "reason": "",
        "placements-TOTAL_FORMS": 0,
        "placements-INITIAL_FORMS": 0,
    } | changes


def test_an_organisation_is_founded_with_path_placement_and_a_line(client, officer, town):
    form = {
        "code": "X-0001",
        "name": "中共下荻村支部委员会",
        "kind": "branch",
        "sector": "village",
        "parent": town.pk,
        "founded_on": "2026-03-02",
    }
    assert client.post(url(Organisation, "add"), form).status_code == 302
    made = Organisation.objects.get(code="X-0001")
    assert made.path.startswith(town.path) and made.parent == town
    assert Placement.objects.get(organisation=made).starts_on == datetime.date(2026, 3, 2)
    (line,) = lines("设立组织")
    assert (line.by, line.object_id, line.label) == (officer, made.pk, "中共下荻村支部委员会")
    assert not LogEntry.objects.exists()


def test_a_change_leaves_a_line_with_before_and_after(client, officer, branch):
    form = organisation_form(branch, name="中共上荻村支部委员会")
    assert client.post(url(Organisation, "change", branch.pk), form).status_code == 302
    (line,) = lines("修改组织")
    assert line.before == {"组织名称": "上荻村党支部"}
    assert line.after["组织名称"] == "中共上荻村支部委员会"


def test_a_change_has_its_day_and_the_months_before_keep_the_old_name(client, officer, branch):
    form = organisation_form(branch, name="上荻联合党支部", form="joint", changed_on="2026-03-01")
    assert client.post(url(Organisation, "change", branch.pk), form).status_code == 302
    february = names_on([branch], datetime.date(2026, 2, 28))[branch.pk]
    assert (february, Organisation.objects.get(pk=branch.pk).name) == (
        "上荻村党支部",
        "上荻联合党支部",
    )
    assert lines("修改组织")[0].after["自"] == "2026-03-01"


def test_what_a_change_would_break_is_said_beside_its_field(client, officer, branch):
    factories.make_member(branch)
    form = organisation_form(branch, form="temporary", changed_on="2026-03-01")
    page = client.post(url(Organisation, "change", branch.pk), form)
    assert page.status_code == 200
    assert "还有 1 名党员的组织关系" in page.content.decode()
    assert not TrailLine.objects.exists()


def test_saving_without_a_change_leaves_no_line(client, officer, branch):
    client.post(url(Organisation, "change", branch.pk), organisation_form(branch))
    assert not TrailLine.objects.exists()


def test_a_move_is_dated_and_the_months_before_keep_the_old_parent(client, officer, county, branch):
    to = factories.make_committee(county, "柳汀街道党工委")
    old = branch.parent
    form = organisation_form(branch, move_to=to.pk, move_on="2026-04-01", reason="区划调整")
    assert client.post(url(Organisation, "change", branch.pk), form).status_code == 302
    branch.refresh_from_db()
    assert branch.parent == to and branch.path.startswith(to.path)
    before, after = Placement.objects.filter(organisation=branch).order_by("starts_on")
    assert (before.parent, before.ends_on) == (old, datetime.date(2026, 3, 31))
    assert (after.parent, after.starts_on, after.ends_on) == (to, datetime.date(2026, 4, 1), None)
    (line,) = lines("调整隶属")
    assert line.reason == "区划调整"
    assert line.before == {"上级组织": "荻浦镇党委"}


def test_a_circle_is_refused_with_both_names(client, officer, town, branch):
    form = organisation_form(town, move_to=branch.pk, move_on="2026-04-01", reason="试一试")
    page = client.post(url(Organisation, "change", town.pk), form)
    assert page.status_code == 200
    assert "“上荻村党支部”在“荻浦镇党委”之下，不能作它的上级" in page.content.decode()
    town.refresh_from_db()
    assert town.path in branch.path and town.parent != branch
    assert not TrailLine.objects.exists()


@pytest.mark.parametrize(
    "missing, message",
    [
        ({"move_on": ""}, "请填调整从哪天起算"),
        ({"reason": ""}, "调整隶属须写明理由"),
        ({"move_to": ""}, "请选调整到哪个上级组织"),
    ],
)
def test_a_move_needs_its_place_its_day_and_its_reason(
    client, officer, county, branch, missing, message
):
    to = factories.make_committee(county, "柳汀街道党工委")
    form = organisation_form(branch, move_to=to.pk, move_on="2026-04-01", reason="区划调整")
    page = client.post(url(Organisation, "change", branch.pk), form | missing)
    assert message in page.content.decode()


def test_no_move_to_a_place_out_of_reach(client, officer, branch):
    elsewhere = factories.make_committee(factories.make_county("中共邻溪县委员会"), "邻溪镇党委")
    form = organisation_form(branch, move_to=elsewhere.pk, move_on="2026-04-01", reason="区划调整")
    assert client.post(url(Organisation, "change", branch.pk), form).status_code == 200
    branch.refresh_from_db()
    assert branch.parent != elsewhere


def test_the_history_of_an_organisation_is_its_trail(client, officer, branch):
    form = organisation_form(branch, name="中共上荻村支部委员会")
    client.post(url(Organisation, "change", branch.pk), form)
    page = client.get(url(Organisation, "history", branch.pk)).content.decode()
    assert "修改组织" in page and "组织名称：上荻村党支部" in page


def test_the_security_administrator_finds_organisations_but_changes_none(client, county, branch):
    client.force_login(factories.make_user(Role.SECURITY_ADMIN, county))
    address = url(Organisation, "change", branch.pk)
    assert client.get(address).status_code == 200
    assert client.post(address, organisation_form(branch, name="改名")).status_code == 403


# --- Accounts and rights ----------------------------------------------------------------


def new_account(branch, **changes):
    facts = {"username": "xu.wq", "name": "许文桥", "phone_extension": "", "role": "secretary"}
    return facts | {"organisation": branch.pk} | changes


def test_a_new_account_gets_its_role_and_a_password_shown_once(client, officer, branch):
    page = client.post(url(User, "add"), new_account(branch), follow=True).content.decode()
    account = User.objects.get(username="xu.wq")
    password = re.search(r"一次性密码：([a-z0-9-]{14})", page)[1]
    assert account.check_password(password)
    assert account.must_change_password and not account.is_staff
    assert account.grants.get().organisation == branch
    assert len(lines("新建账号")) == len(lines("授权")) == 1
    assert password not in str(TrailLine.objects.values_list("after", flat=True))
    assert password not in client.get(url(User, "changelist")).content.decode()


def test_an_account_whose_role_does_not_fit_is_not_made(client, officer, town):
    page = client.post(url(User, "add"), new_account(town)).content.decode()
    assert "“支部书记”只能设在党总支、党支部" in page
    assert not User.objects.filter(username="xu.wq").exists()


def test_the_county_officer_makes_no_colleague_and_no_administrator(client, officer, county):
    page = client.get(url(Grant, "add")).content.decode()
    assert 'value="secretary"' in page and 'value="committee_officer"' in page
    for role in (Role.COUNTY_OFFICER, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN):
        assert f'value="{role}"' not in page
        client.post(url(User, "add"), new_account(county, role=role))
    assert not User.objects.filter(username="xu.wq").exists()


def test_the_county_officer_does_not_touch_an_administrators_account(client, officer, county):
    keeper = factories.make_user(Role.SECURITY_ADMIN, county, "keeper")
    before = keeper.password
    form = {"action": "give_new_password", "_selected_action": [keeper.pk]}
    page = client.post(url(User, "changelist"), form, follow=True).content.decode()
    assert "不归你管理，没有改动" in page
    assert client.post(url(User, "change", keeper.pk), {"name": "改名"}).status_code == 403
    keeper.refresh_from_db()
    assert keeper.password == before
    assert not TrailLine.objects.exists()


def test_passwords_are_reset_from_the_list(client, officer, branch):
    account = factories.make_user(Role.SECRETARY, branch, "xu.wq")
    form = {"action": "give_new_password", "_selected_action": [account.pk]}
    page = client.post(url(User, "changelist"), form, follow=True).content.decode()
    account.refresh_from_db()
    assert account.check_password(re.search(r"一次性密码：([a-z0-9-]{14})", page)[1])
    assert account.must_change_password
    assert len(lines("重置密码")) == 1


def test_an_account_is_stopped_and_started_again(client, officer, branch):
    account = factories.make_user(Role.SECRETARY, branch)
    for action, active, word in (("stop", False, "停用账号"), ("start", True, "启用账号")):
        form = {"action": action, "_selected_action": [account.pk]}
        client.post(url(User, "changelist"), form)
        account.refresh_from_db()
        assert account.is_active is active
        assert len(lines(word)) == 1


def test_a_right_is_given_and_taken_back_with_a_reason(client, officer, branch):
    account = factories.make_user(username="xu.wq")
    form = {"user": account.pk, "role": "organiser", "organisation": branch.pk}
    assert client.post(url(Grant, "add"), form).status_code == 302
    grant = account.grants.get()
    address = url(Grant, "change", grant.pk)
    page = client.post(address, {"withdraw": "on", "reason": ""}).content.decode()
    assert "收回授权须写明理由" in page
    assert client.post(address, {"withdraw": "on", "reason": "调离"}).status_code == 302
    grant.refresh_from_db()
    assert grant.withdrawn_at is not None
    (line,) = lines("收回授权")
    assert (line.reason, line.organisation_id) == ("调离", branch.pk)
    # What has been taken back stays as it was.
    assert client.post(address, {"withdraw": "on", "reason": "再来"}).status_code == 403


def test_the_same_right_is_not_given_twice(client, officer, branch):
    account = factories.make_user(Role.ORGANISER, branch, "xu.wq", name="许文桥")
    form = {"user": account.pk, "role": "organiser", "organisation": branch.pk}
    page = client.post(url(Grant, "add"), form).content.decode()
    assert "“许文桥”在“上荻村党支部”已是支部委员" in page
    assert account.grants.count() == 1


def test_one_person_is_not_two_of_the_three_administrators(client, county):
    client.force_login(factories.make_user(Role.SECURITY_ADMIN, county))
    account = factories.make_user(Role.SYSTEM_ADMIN, county)
    form = {"user": account.pk, "role": "audit_admin", "organisation": county.pk}
    page = client.post(url(Grant, "add"), form).content.decode()
    assert "系统、安全、审计管理员不能由一人兼任" in page
    assert account.grants.count() == 1


def test_nobody_gives_rights_to_oneself(client, county):
    user = factories.make_user(Role.SECURITY_ADMIN, county)
    client.force_login(user)
    form = {"user": user.pk, "role": "county_officer", "organisation": county.pk}
    assert client.post(url(Grant, "add"), form).status_code == 200
    assert user.grants.count() == 1


# --- County values ----------------------------------------------------------------------


def test_a_county_value_holds_from_its_day_on(client, officer):
    form = {"key": YEARS.name, "value": "７", "starts_on": "2026-07-01", "reason": "县委文件"}
    assert client.post(url(Setting, "add"), form).status_code == 302
    values = Values()
    assert values.on(YEARS, datetime.date(2026, 6, 30)) == 5
    assert values.on(YEARS, datetime.date(2026, 7, 1)) == 7
    (line,) = lines("要求设置")
    assert (line.before["值"], line.after["值"], line.reason) == ("5", "7", "县委文件")


def test_a_value_that_does_not_fit_is_refused_with_the_limit(client, officer):
    form = {"key": YEARS.name, "value": "12", "starts_on": "2026-07-01", "reason": "县委文件"}
    page = client.post(url(Setting, "add"), form).content.decode()
    assert "“测试用年数”不能大于 9" in page
    assert not Setting.objects.exists()


def test_a_value_is_corrected_in_place_and_the_trail_keeps_both(client, officer):
    day = datetime.date(2026, 7, 1)
    setting = Setting.objects.create(key=YEARS.name, value=7, starts_on=day, reason="县委文件")
    form = {"value": "6", "reason": "录错"}
    assert client.post(url(Setting, "change", setting.pk), form).status_code == 302
    assert Values().on(YEARS, day) == 6
    (line,) = lines("要求设置")
    assert (line.before["值"], line.after["值"]) == ("7", "6")


# --- Operations and trail ---------------------------------------------------------------


def test_the_system_administrator_reads_runs_and_changes_none(client, county):
    client.force_login(factories.make_user(Role.SYSTEM_ADMIN, county))
    at = datetime.datetime(2026, 3, 1, 17, 10, tzinfo=datetime.UTC)
    run = CheckRun.objects.create(day=datetime.date(2026, 3, 2), started_at=at, faults="dues.paid")
    assert "dues.paid" in client.get(url(CheckRun, "change", run.pk)).content.decode()
    assert client.post(url(CheckRun, "change", run.pk), {"faults": ""}).status_code == 403
    assert client.get(url(CheckRun, "add")).status_code == 403


def test_the_auditor_reads_the_lines_of_the_own_county_only(client, county, branch):
    elsewhere = factories.make_branch(name="邻溪村党支部")
    TrailLine.objects.create(
        action="甲", label="上荻", by_name="林", area="x", organisation_id=branch.pk
    )
    TrailLine.objects.create(
        action="乙", label="邻溪", by_name="周", area="x", organisation_id=elsewhere.pk
    )
    TrailLine.objects.create(action="丙", label="全县设置", by_name="叶", area="x")
    client.force_login(factories.make_user(Role.AUDIT_ADMIN, county))
    page = client.get(url(TrailLine, "changelist")).content.decode()
    assert "上荻" in page and "全县设置" in page
    assert "邻溪" not in page
