"""Inspections: rounds, draws, visits, findings and their tasks, letters; what stays unseen."""

import datetime
import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import TrailLine
from accounts.roles import Role
from branches.models import Attachment, Organisation
from members.enums import PostTitle
from notices.models import Notice
from tasks.draws import drawn
from tasks.enums import InspectionState, TaskState
from tasks.models import Finding, Inspection, InspectionVisit, Letter, Task
from tasks.services import Refused
from tasks.services import inspection_visits as visits
from tasks.services import inspections as services
from tasks.services.kept import ChangedMeanwhile
from tests import factories
from tests.queries import count_of

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 3, 18)
VISITED = datetime.date(2026, 3, 10)
LIST = reverse("tasks:inspections")


@pytest.fixture(autouse=True)
def _today(settings):
    settings.TODAY_OVERRIDE = TODAY


@pytest.fixture
def county():
    return factories.make_county(code="COUNTY")


@pytest.fixture
def town(county):
    return factories.make_committee(county, "柳汀街道党工委", code="TOWN")


@pytest.fixture
def branch(town):
    return factories.make_branch(town, "望春社区第一党支部", code="B1")


@pytest.fixture
def inspector(county):
    return factories.make_user(Role.INSPECTOR, county)


@pytest.fixture
def officer(town):
    return factories.make_user(Role.COMMITTEE_OFFICER, town)


@pytest.fixture
def secretary(branch):
    return factories.make_user(Role.SECRETARY, branch)


@pytest.fixture
def round_(county):
    return factories.make_inspection(county)


@pytest.fixture
def visit(round_, branch):
    return factories.make_inspection_visit(round_, branch, VISITED, findings=["二月没有开支委会"])


def facts(**more):
    return services.RoundFacts(
        **{
            "kind": "spot",
            "title": "三月随机抽查",
            "inspectors": "柏兰",
            "starts_on": datetime.date(2026, 3, 2),
            "ends_on": datetime.date(2026, 3, 31),
        }
        | more
    )


def url(name, *args):
    return reverse(f"tasks:{name}", args=args)


# --- Rounds -------------------------------------------------------------------------------------


def test_a_round_is_planned_changed_and_trailed(county, inspector):
    made = services.plan_round(organisation=county, facts=facts(), by=inspector)
    assert made.state == InspectionState.PLANNED
    made = services.change_round(
        round_=made, version=1, facts=facts(scope="三会一课"), by=inspector
    )
    lines = TrailLine.objects.filter(area="inspection_rounds", object_id=made.pk).order_by("pk")
    assert [line.action for line in lines] == ["制定督查", "修改督查"]
    assert lines[1].after == {"督查内容": "三会一课"}
    with pytest.raises(ChangedMeanwhile):
        services.change_round(round_=made, version=1, facts=facts(), by=inspector)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": " "}, "title"),
        ({"inspectors": ""}, "inspectors"),
        ({"kind": "x"}, "kind"),
        ({"ends_on": datetime.date(2026, 3, 1)}, "ends_on"),
        ({"title": "三会一课专项督查"}, "title"),
    ],
)
def test_a_round_that_cannot_be_is_refused(county, inspector, round_, given, field):
    with pytest.raises(Refused) as refused:
        services.plan_round(organisation=county, facts=facts(**given), by=inspector)
    assert refused.value.field == field


def test_a_branch_inspects_nobody(branch, inspector):
    with pytest.raises(Refused, match="由党委"):
        services.plan_round(organisation=branch, facts=facts(), by=inspector)


def test_only_what_stands_below_is_chosen_and_once(county, town, branch, officer):
    mine = factories.make_inspection(town)
    elsewhere = factories.make_branch(factories.make_committee(county, "荻浦镇党委"))
    for wrong in (elsewhere, town):
        with pytest.raises(Refused, match="不在督查范围"):
            services.choose_organisations(
                round_=mine, version=1, organisations=[wrong], unannounced=False,
                by=officer, on=TODAY,
            )  # fmt: skip
    made = services.choose_organisations(
        round_=mine, version=1, organisations=[branch], unannounced=True, by=officer, on=TODAY
    )
    assert [one.unannounced for one in made] == [True]
    with pytest.raises(Refused, match="都已在"):
        services.choose_organisations(
            round_=mine, version=2, organisations=[branch], unannounced=True, by=officer, on=TODAY
        )
    # Whom it is meant for is told to nobody below.
    assert not TrailLine.objects.filter(organisation_id=branch.pk).exists()


# --- Drawn by lot -------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_and_anybody_can_check():
    codes = [f"B{number}" for number in range(10)]
    by_hand = sorted(codes, key=lambda code: hashlib.sha256(f"2026:{code}".encode()).hexdigest())
    assert drawn("2026", reversed(codes), 3) == by_hand[:3]
    assert drawn("2026", codes, 10) == by_hand
    assert drawn("2027", codes, 10) != by_hand


def draw(round_, by, count=2, *, version=None, seed="", pool=None):
    return services.draw_organisations(
        round_=round_,
        version=version or round_.version,
        count=count,
        pool=Organisation.objects.branches() if pool is None else pool,
        pool_name="全县党支部",
        seed=seed,
        unannounced=True,
        by=by,
        on=TODAY,
    )


def test_a_draw_keeps_its_seed_its_pool_and_leaves_out_who_is_in(round_, branch, town, inspector):
    others = [factories.make_branch(town, code=f"C{number}") for number in range(4)]
    gone = factories.make_branch(town, code="GONE")
    Organisation.objects.filter(pk=gone.pk).update(dissolved_on=datetime.date(2026, 1, 1))
    round_.visits.create(organisation=branch)
    made = draw(round_, inspector, 2, seed="0318")
    round_.refresh_from_db()
    [kept] = round_.draws
    assert kept["pool"] == [one.code for one in others]
    assert kept["drawn"] == drawn("0318", kept["pool"], 2)
    assert {one.organisation.code for one in made} == set(kept["drawn"])
    assert TrailLine.objects.get(action="随机抽取督查对象").after["随机种子"] == "0318"


@pytest.mark.parametrize("count", [0, 2])
def test_as_many_are_drawn_as_there_are(round_, branch, inspector, count):
    with pytest.raises(Refused, match="可抽的组织有 1 个"):
        draw(round_, inspector, count)
    assert len(draw(round_, inspector, 1)) == 1
    round_.refresh_from_db()
    assert round_.draws[0]["seed"].startswith("20260318-")


def test_what_was_drawn_leaves_only_with_a_reason(round_, branch, inspector):
    [one] = draw(round_, inspector, 1)
    with pytest.raises(Refused, match="随机抽中"):
        services.remove_visit(visit=one, version=1, reason="", by=inspector)
    services.remove_visit(visit=one, version=1, reason="正在搬迁", by=inspector)
    assert not InspectionVisit.objects.exists()
    assert TrailLine.objects.get(action="移出督查对象").reason == "正在搬迁"


def test_the_check_of_a_draw_shows_what_was_tampered_with(client, round_, branch, inspector):
    factories.make_branch(branch.parent, code="B2")
    draw(round_, inspector, 1, seed="7")
    client.force_login(inspector)
    check = url("inspection_draw_check", round_.pk, 1)
    assert client.get(check).context["agrees"] is True
    round_.refresh_from_db()
    kept = round_.draws[0]
    other = next(code for code in kept["pool"] if code not in kept["drawn"])
    Inspection.objects.update(draws=[kept | {"drawn": [other]}])
    assert client.get(check).context["agrees"] is False
    assert client.get(url("inspection_draw_check", round_.pk, 2)).status_code == 404


# --- Visits and findings ------------------------------------------------------------------------


def record(one, by, on=VISITED, looked_at="会议记录", version=None, uploads=()):
    return visits.record_visit(
        visit=one,
        version=version or one.version,
        visited_on=on,
        looked_at=looked_at,
        impression="台账齐全",
        by=by,
        today=TODAY,
        uploads=uploads,
    )


def test_the_first_visit_sets_the_round_going(round_, branch, inspector):
    one = factories.make_inspection_visit(round_, branch)
    record(one, inspector)
    round_.refresh_from_db()
    assert round_.state == InspectionState.RUNNING
    line = TrailLine.objects.get(action="登记到点情况")
    assert (line.area, line.organisation_id) == ("inspections", branch.pk)


@pytest.mark.parametrize(
    ("on", "looked_at", "field"),
    [
        (datetime.date(2026, 3, 19), "x", "visited_on"),
        (datetime.date(2014, 12, 31), "x", "visited_on"),
        (VISITED, " ", "looked_at"),
    ],
)
def test_a_visit_that_cannot_be_is_refused(round_, branch, inspector, on, looked_at, field):
    one = factories.make_inspection_visit(round_, branch)
    with pytest.raises(Refused) as refused:
        record(one, inspector, on, looked_at)
    assert refused.value.field == field


def test_findings_come_after_the_visit_and_not_before_it(round_, branch, inspector):
    one = factories.make_inspection_visit(round_, branch)
    given = {"text": "没有开支委会", "demand": "补开", "by": inspector}
    with pytest.raises(Refused, match="还没有登记到点"):
        visits.add_finding(visit=one, due_on=None, **given)
    one = record(one, inspector)
    with pytest.raises(Refused, match="早于到点日期"):
        visits.add_finding(visit=one, due_on=datetime.date(2026, 3, 9), **given)
    assert visits.add_finding(visit=one, due_on=VISITED, **given).due_on == VISITED
    with pytest.raises(Refused, match="已经登记过"):
        visits.add_finding(visit=one, due_on=None, **given)


def open_task(finding, by, **more):
    more = {
        "responsible_leader": "沈知行",
        "responsible_unit": "望春社区第一党支部",
        "responsible_person": "林守正",
        "due_on": datetime.date(2026, 4, 30),
        "version": finding.version,
    } | more
    return visits.open_task(finding=finding, by=by, on=TODAY, **more)


def test_a_finding_becomes_one_task_that_names_its_source(visit, officer):
    finding = visit.findings.get()
    task = open_task(finding, officer)
    assert (task.source, task.problem) == ("督查反馈：三会一课专项督查", "二月没有开支委会")
    assert (task.finding, task.organisation) == (finding, visit.organisation)
    for act in (
        lambda: open_task(finding, officer),
        lambda: visits.withdraw_finding(
            finding=finding, version=2, reason="x", by=officer, on=TODAY
        ),
        lambda: visits.change_finding(
            finding=finding, version=2, text="x", demand="", due_on=None, by=officer
        ),
    ):
        with pytest.raises(Refused, match="已转为整改任务"):
            finding.refresh_from_db()
            act()
    assert Task.objects.count() == 1


def test_a_finding_is_withdrawn_with_a_reason(visit, inspector):
    finding = visit.findings.get()
    with pytest.raises(Refused, match="原因"):
        visits.withdraw_finding(finding=finding, version=1, reason="", by=inspector, on=TODAY)
    visits.withdraw_finding(finding=finding, version=1, reason="记错", by=inspector, on=TODAY)
    with pytest.raises(Refused, match="已撤回"):
        open_task(Finding.objects.get(), inspector, version=2)


def test_a_long_title_still_fits_into_the_source(county):
    made = factories.make_inspection(county, "督" * 120)
    assert visits.source_of(made) == "督查反馈：" + "督" * 95


# --- The end of a round -------------------------------------------------------------------------


def test_a_round_ends_with_a_summary_and_then_takes_nothing_more(round_, visit, inspector):
    with pytest.raises(Refused, match="请写督查总结"):
        services.close_round(round_=round_, version=1, summary=" ", by=inspector, on=TODAY)
    with pytest.raises(Refused, match="已有到点记录"):
        services.cancel_round(round_=round_, version=1, reason="x", by=inspector)
    services.close_round(round_=round_, version=1, summary="总体较好", by=inspector, on=TODAY)
    for act in (
        lambda: record(visit, inspector),
        lambda: visits.add_finding(visit=visit, text="x", demand="", due_on=None, by=inspector),
        lambda: services.change_round(round_=round_, version=2, facts=facts(), by=inspector),
        lambda: services.cancel_round(round_=round_, version=2, reason="x", by=inspector),
    ):
        with pytest.raises(Refused, match="已结束"):
            act()
    # What was found is still put right.
    assert open_task(visit.findings.get(), inspector).state == TaskState.PENDING


def test_a_round_without_a_visit_is_cancelled_not_closed(round_, branch, inspector):
    factories.make_inspection_visit(round_, branch)
    with pytest.raises(Refused, match="还没有登记到点"):
        services.close_round(round_=round_, version=1, summary="x", by=inspector, on=TODAY)
    made = services.cancel_round(round_=round_, version=1, reason="改期", by=inspector)
    assert made.state == InspectionState.CANCELLED


# --- Letters ------------------------------------------------------------------------------------


def letter(visit, by, kind="notice", **more):
    given = {"number": "清组督〔2026〕3号", "issued_on": datetime.date(2026, 3, 12)} | more
    return visits.issue_letter(visit=visit, kind=kind, facts=visits.LetterFacts(**given), by=by)


TALK = {"person_name": "林守正", "talk_on": datetime.date(2026, 3, 16), "place": "三楼会议室"}


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("notice", {"issued_on": datetime.date(2026, 3, 9)}, "issued_on"),
        ("notice", {"reply_by": datetime.date(2026, 3, 11)}, "reply_by"),
        ("talk", TALK | {"person_name": ""}, "person_name"),
        ("talk", TALK | {"talk_on": None}, "talk_on"),
        ("talk", TALK | {"talk_on": datetime.date(2026, 3, 11)}, "talk_on"),
        ("talk", TALK | {"place": " "}, "place"),
    ],
)
def test_a_letter_that_cannot_be_is_refused(visit, inspector, kind, given, field):
    with pytest.raises(Refused) as refused:
        letter(visit, inspector, kind, **given)
    assert refused.value.field == field
    assert not Letter.objects.exists()


def test_a_number_is_used_once_by_a_house(visit, round_, branch, inspector):
    letter(visit, inspector)
    with pytest.raises(Refused, match="已经用过"):
        letter(visit, inspector, "talk", **TALK)
    assert letter(visit, inspector, "talk", **TALK, number="").pk
    assert letter(visit, inspector, "talk", **TALK, number="").pk


def test_a_notice_needs_a_finding_and_a_letter_a_visit(round_, branch, town, inspector):
    clean = factories.make_inspection_visit(round_, branch, VISITED)
    with pytest.raises(Refused, match="不用开整改通知书"):
        letter(clean, inspector)
    coming = factories.make_inspection_visit(round_, factories.make_branch(town))
    with pytest.raises(Refused, match="还没有登记到点"):
        letter(coming, inspector, "talk", **TALK)


def test_what_came_of_a_talk_is_kept(visit, inspector):
    made = letter(visit, inspector, "talk", **TALK)
    with pytest.raises(Refused, match="请写明结果"):
        visits.record_outcome(letter=made, version=1, outcome="", by=inspector)
    made = visits.record_outcome(letter=made, version=1, outcome="四月补开", by=inspector)
    assert made.outcome == "四月补开"
    assert TrailLine.objects.get(action="登记约谈结果").after == {"结果": "四月补开"}


def test_who_was_visited_is_told_of_a_letter(client, visit, inspector, secretary):
    client.force_login(inspector)
    address = url("inspection_letter_new", visit.pk, "notice")
    sent = {"number": "", "issued_on": "3.12", "reply_by": "4.20", "text": ""}
    assert client.post(address, sent).status_code == 302
    notice = Notice.objects.get()
    assert notice.organisation == visit.organisation
    assert notice.title == "督查整改通知书：三会一课专项督查"
    assert notice.url == url("inspection_visit", visit.pk)
    assert client.get(url("inspection_letter_new", visit.pk, "x")).status_code == 404


def test_a_letter_is_an_official_paper(client, visit, inspector, secretary):
    finding = visit.findings.get()
    finding.demand, finding.due_on = "三月补开并说明原因", datetime.date(2026, 4, 15)
    finding.save()
    made = letter(visit, inspector, reply_by=datetime.date(2026, 4, 20))
    client.force_login(secretary)
    page = client.get(url("inspection_letter_paper", made.pk)).content.decode()
    for text in (
        "zb-sheet--formal",
        "督查整改通知书",
        "清组督〔2026〕3号",
        "望春社区第一党支部：",
        "1. 二月没有开支委会。整改要求：三月补开并说明原因。整改时限：2026年4月15日。",
        "请于2026年4月20日前书面回复整改情况。",
        "中共云溪县委员会（盖章）",
        "2026年3月12日",
    ):
        assert text in page


# --- Who sees what ------------------------------------------------------------------------------


def visit_pages(one):
    return [
        url("inspection_visit", one.pk),
        url("inspection_record", one.pk),
        url("inspection_finding_new", one.pk),
        url("inspection_letter_new", one.pk, "talk"),
    ]


def round_pages(one):
    names = ("inspection", "inspection_change", "inspection_choose", "inspection_paper")
    return [url(name, one.pk) for name in names]


@pytest.mark.parametrize("unannounced", [True, False])
def test_a_visit_to_come_is_seen_by_nobody_it_is_meant_for(
    client, round_, branch, officer, secretary, unannounced
):
    one = factories.make_inspection_visit(round_, branch, unannounced=unannounced)
    for user in (secretary, officer):
        client.force_login(user)
        page = client.get(LIST, {"show": "visits"}).content.decode()
        assert round_.title not in page
        assert round_.title not in client.get(LIST).content.decode()
        for address in round_pages(round_) + visit_pages(one):
            assert client.get(address).status_code == 404, address
        assert client.post(url("inspection_remove", one.pk)).status_code == 404
        assert client.post(url("inspection_draw", round_.pk)).status_code == 404


def test_files_come_with_the_record_and_are_seen_from_then_on(
    client, round_, branch, inspector, secretary
):
    one = factories.make_inspection_visit(round_, branch, unannounced=True)
    client.force_login(inspector)
    paper = SimpleUploadedFile("检查表.pdf", b"%PDF-1.4 x", "application/pdf")
    sent = {"visited_on": "3.19", "looked_at": "会议记录", "version": 1, "attachments": paper}
    # Refused: a day to come. Nothing is stored that could be fetched by its number.
    assert client.post(url("inspection_record", one.pk), sent).status_code == 200
    assert not Attachment.objects.exists()
    paper.seek(0)
    answer = client.post(url("inspection_record", one.pk), sent | {"visited_on": "3.10"})
    assert answer.status_code == 302
    file = Attachment.objects.get(area="inspections", object_id=one.pk)
    client.force_login(secretary)
    assert "检查表.pdf" in client.get(url("inspection_visit", one.pk)).content.decode()
    download = reverse("branches:attachment", args=[file.pk])
    assert client.get(download).status_code == 200
    client.force_login(factories.make_user(Role.SECRETARY, factories.make_branch(branch.parent)))
    assert client.get(download).status_code == 404


def test_the_visited_branch_sees_its_own_visit_and_not_the_round(client, visit, round_, secretary):
    other = factories.make_branch(visit.organisation.parent, "望春社区第二党支部")
    foreign = factories.make_inspection_visit(round_, other, VISITED, findings=["别处的问题"])
    client.force_login(secretary)
    page = client.get(LIST).content.decode()
    assert round_.title in page and "望春社区第二党支部" not in page
    page = client.get(url("inspection_visit", visit.pk)).content.decode()
    assert "二月没有开支委会" in page and "待立项" in page
    assert "转为任务" not in page and "登记问题" not in page
    for address in round_pages(round_) + visit_pages(foreign):
        assert client.get(address).status_code == 404, address
    for address in visit_pages(visit)[1:]:
        assert client.get(address).status_code == 403, address
    finding = visit.findings.get()
    assert client.post(url("inspection_finding_task", finding.pk)).status_code == 403
    assert client.post(url("inspection_finding_withdraw", finding.pk)).status_code == 403


def test_nobody_gets_in_without_an_account(client, visit, round_):
    for address in round_pages(round_) + visit_pages(visit) + [LIST]:
        assert client.get(address).status_code == 302


def test_the_committee_opens_the_task_the_inspector_proposed(
    client, visit, town, branch, inspector, officer
):
    head = factories.make_member(branch, "沈知行")
    factories.make_post(town, PostTitle.SECRETARY, member=head)
    factories.make_post(branch, PostTitle.SECRETARY, member=factories.make_member(branch, "林守正"))
    finding = visit.findings.get()
    address = url("inspection_finding_task", finding.pk)
    client.force_login(inspector)
    assert client.get(address).status_code == 403
    client.force_login(officer)
    form = client.get(address).context["form"]
    assert form["responsible_leader"].value() == "沈知行"
    assert form["responsible_person"].value() == "林守正"
    sent = {name: form[name].value() or "" for name in form.fields}
    answer = client.post(address, sent)
    assert "due_on" in answer.context["form"].errors
    assert client.post(address, sent | {"due_on": "4.30"}).status_code == 302
    task = Task.objects.get()
    assert (task.responsible_person, task.finding) == ("林守正", finding)
    assert client.get(address).url == reverse("tasks:detail", args=[task.pk])


def test_a_committee_that_was_visited_opens_no_task_for_itself(client, round_, town, officer):
    own = factories.make_inspection_visit(round_, town, VISITED, findings=["没有研究党建工作"])
    client.force_login(officer)
    page = client.get(reverse("tasks:inspection_visit", args=[own.pk]))
    assert (page.status_code, page.context["may_open"]) == (200, False)
    address = reverse("tasks:inspection_finding_task", args=[own.findings.get().pk])
    assert client.post(address, {}).status_code == 403
    client.force_login(factories.make_user(Role.COUNTY_OFFICER, round_.organisation))
    assert client.get(address).status_code == 200


def test_an_officer_keeps_to_rounds_of_his_own(client, town, officer, round_):
    mine = factories.make_inspection(town, "街道抽查")
    client.force_login(officer)
    rows = client.get(LIST).context["rounds"]
    assert [row["title"] for row in rows] == ["街道抽查"]
    assert client.get(url("inspection", mine.pk)).status_code == 200
    assert client.get(url("inspection", round_.pk)).status_code == 404
    form = client.get(url("inspection_new")).context["form"]
    assert [code for code, _name in form.fields["organisation"].choices] == ["TOWN"]


def test_a_secretary_plans_no_round(client, secretary):
    client.force_login(secretary)
    assert client.get(url("inspection_new")).status_code == 403


# --- In the browser, without one ----------------------------------------------------------------


def test_an_inspector_plans_chooses_and_draws(client, county, town, branch, inspector):
    others = [factories.make_branch(town, code=f"C{number}") for number in range(3)]
    client.force_login(inspector)
    form = client.get(url("inspection_new")).context["form"]
    assert form["inspectors"].value() == inspector.name
    sent = {
        "organisation": "COUNTY",
        "kind": "spot",
        "title": "三月随机抽查",
        "inspectors": "柏兰",
        "starts_on": "3.2",
        "ends_on": "3.31",
    }
    answer = client.post(url("inspection_new"), sent)
    made = Inspection.objects.get()
    choose = url("inspection_choose", made.pk)
    assert answer.url == choose
    page = client.get(choose, {"under": "TOWN"})
    assert {row["name"] for row in page.context["offered"]} >= {branch.short_name}
    sent = {"organisations": [branch.pk], "unannounced": "on", "version": 1}
    assert client.post(choose, sent).status_code == 302
    sent = {"pool": "TOWN", "count": "4", "seed": "", "version": 2}
    refused = client.post(url("inspection_draw", made.pk), sent)
    assert "可抽的组织有 3 个" in refused.content.decode()
    assert client.post(url("inspection_draw", made.pk), sent | {"count": "2"}).status_code == 302
    assert made.visits.count() == 3
    sent = {"all": "1", "version": 3}
    assert client.post(f"{choose}?under=TOWN", sent).status_code == 302
    # The committee itself, its first branch and the others.
    assert made.visits.count() == 2 + len(others)


def test_a_round_is_put_right_on_its_page(client, round_, inspector):
    client.force_login(inspector)
    address = reverse("tasks:inspection_change", args=[round_.pk])
    page = client.get(address)
    assert page.status_code == 200
    assert "修改督查" in page.content.decode()
    assert client.post(address, {}).status_code == 200
    form = page.context["form"]
    typed = {name: form[name].value() or "" for name in form.fields} | {"title": "换届督查"}
    typed |= {"starts_on": "2026-03-02", "ends_on": "2026-03-31"}
    assert client.post(address, typed).status_code == 302
    assert Inspection.objects.get().title == "换届督查"


def test_the_table_of_a_round_says_what_came_of_each_finding(client, visit, round_, inspector):
    open_task(visit.findings.get(), inspector)
    factories.make_inspection_visit(round_, factories.make_branch(visit.organisation.parent))
    client.force_login(inspector)
    page = client.get(url("inspection_paper", round_.pk)).content.decode()
    for text in ("二月没有开支委会", "待整改", "未到", "会议记录、党费台账"):
        assert text in page


def test_lists_filter_by_state(client, visit, round_, county, inspector):
    factories.make_inspection(county, "已取消的", state=InspectionState.CANCELLED)
    client.force_login(inspector)
    rows = client.get(LIST, {"state": "cancelled"}).context["rounds"]
    assert [row["title"] for row in rows] == ["已取消的"]
    page = client.get(LIST, {"show": "visits", "state": "untasked"})
    assert [row["words"] for row in page.context["visits"]] == ["待立项 1 个"]
    assert client.get(LIST, {"show": "visits", "state": "working"}).context["visits"] == []


def test_more_rounds_visits_and_findings_need_no_more_queries(
    client, visit, round_, county, inspector
):
    client.force_login(inspector)
    looked_at = [
        (LIST, {}),
        (LIST, {"show": "visits"}),
        (url("inspection", round_.pk), {}),
        (url("inspection_visit", visit.pk), {}),
        (url("inspection_paper", round_.pk), {}),
    ]
    before = [count_of(lambda a=a, q=q: client.get(a, q)) for a, q in looked_at]
    for number in range(2):
        other = factories.make_branch(visit.organisation.parent)
        factories.make_inspection_visit(round_, other, VISITED, findings=["一", "二"])
        factories.make_inspection(county, f"督查{number}")
        open_task(visit.findings.create(text=f"问题{number}"), inspector)
    after = [count_of(lambda a=a, q=q: client.get(a, q)) for a, q in looked_at]
    assert after == before
