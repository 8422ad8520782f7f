"""What is typed about terms and elections."""

import datetime
import re

from django import forms
from django.db.models import Q

from branches.forms import DatedForm, DayField, TypedField
from branches.models import Organisation
from branches.typed import Unreadable, read_count
from members.enums import COMMITTEE_TITLES, PostTitle
from members.models import Member
from members.roster import formal_on, roster
from members.services.elections import Counts, Stood

_MOST = 30000
# 张伟(1234) or 张伟(1980-05): how two of one name are told apart.
_TOLD_APART = re.compile(r"^(.+?)[（(]\s*(\d{3}[\dXx]|\d{4}-\d{2})\s*[)）]$")


def read_people(text: str) -> int | None:
    """A number of people, seats or ballots."""
    count = read_count(text)
    if count is not None and count > _MOST:
        raise Unreadable(f"“{text}”数目过大，请核对后再填")
    return count


def _day(label: str, missing: str = "", hint: str = "") -> DayField:
    return DayField(
        label=label,
        required=bool(missing),
        error_messages={"required": missing},
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": hint}),
    )


def _count(label: str, missing: str = "", hint: str = "") -> TypedField:
    return TypedField(
        label=label,
        read=read_people,
        max_length=8,
        required=bool(missing),
        error_messages={"required": missing},
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "placeholder": hint}
        ),
    )


def _text(label: str, *, rows: int = 3, missing: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=bool(missing),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": missing},
    )


def _number(label: str) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=40)


class TermForm(DatedForm):
    """A term as a register knows it."""

    starts_on = _day("选举日期")
    ends_on = _day("届满日期", "请填届满日期，如 2029.5.20")


class TermCorrectionForm(TermForm):
    reason = forms.CharField(label="更正原因", required=False, max_length=200)


class NoticeForm(DatedForm):
    """发提醒函."""

    on = _day("提醒日期", "请填提醒日期")
    number = _number("文号")


class ElectionRequestForm(DatedForm):
    """换届请示."""

    to_on = _day("拟定选举日期", "请填打算哪一天选举")
    asked_on = _day("请示日期", "请填请示日期")
    number = _number("文号")
    reason = _text("有关情况", rows=2)


class PostponementForm(DatedForm):
    """延期换届请示."""

    to_on = _day("延期至", "请填延期到哪一天")
    reason = _text("延期理由", rows=2, missing="请写明为什么延期")
    asked_on = _day("请示日期", "请填请示日期")
    number = _number("文号")


class DecisionForm(DatedForm):
    """批复; the service insists on an opinion for a return."""

    on = _day("批复日期", "请填批复日期")
    opinion = _text("批复意见", rows=2)


class DayForm(DatedForm):
    """One day: of the report, of the filing."""

    on = _day("日期", "请填日期")


class CountsForm(DatedForm):
    """The numbers of an election; ballots left empty follow from who was present."""

    seats = _count("应选人数", "请填应选人数")
    voters = _count("有选举权的党员", "请填有选举权的党员人数")
    present = _count("实到", "请填实到人数")
    ballots_out = _count("发出选票", hint="空着同实到")
    ballots_in = _count("收回选票", hint="空着同发出")
    ballots_valid = _count("有效选票", hint="空着同收回")
    excluded = _count("不计入应到")
    excluded_reason = _text("不计入的姓名和理由", rows=2)
    note = _text("备注", rows=2)

    def clean(self):
        cleaned = super().clean()
        for name, before in (
            ("ballots_out", "present"),
            ("ballots_in", "ballots_out"),
            ("ballots_valid", "ballots_in"),
        ):
            if name not in self.errors and cleaned.get(name) is None:
                cleaned[name] = cleaned.get(before)
        return cleaned

    def clean_seats(self) -> int:
        if not self.cleaned_data["seats"]:
            raise forms.ValidationError("应选人数至少 1 人")
        return self.cleaned_data["seats"]

    def counts(self) -> Counts:
        """The clean numbers as the service takes them."""
        cleaned = self.cleaned_data
        return Counts(
            **{name: cleaned[name] for name in ("seats", "voters", "present")},
            **{name: cleaned[name] for name in ("ballots_out", "ballots_in", "ballots_valid")},
            excluded=cleaned["excluded"] or 0,
            excluded_reason=cleaned["excluded_reason"],
            note=cleaned["note"],
        )


class ElectionForm(CountsForm):
    """An election as it is typed, without its candidates."""

    KINDS = (("", "换届选举"), ("by", "补选"))

    kind = forms.ChoiceField(label="选举类型", choices=KINDS, required=False)
    held_on = _day("选举日期", "请填选举日期，如 3.28")
    ends_on = _day("本届届满日期", hint="空着按任期年数算")


class CandidateForm(forms.Form):
    """One line of the ballot; a line without a name is no candidate."""

    name = forms.CharField(label="姓名", required=False, max_length=40)
    votes = TypedField(label="赞成票", read=read_people, required=False, max_length=8)
    title = forms.ChoiceField(
        label="职务",
        required=False,
        choices=[("", "—"), *((title, PostTitle(title).label) for title in COMMITTEE_TITLES)],
    )
    is_nominated = forms.BooleanField(label="正式候选人", required=False)
    is_elected = forms.BooleanField(label="当选", required=False)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("name") and "votes" not in self.errors and cleaned.get("votes") is None:
            self.add_error("votes", "请填得票数")
        if cleaned.get("is_elected") and not cleaned.get("title"):
            self.add_error("title", "请选当选的职务")
        if not cleaned.get("name") and (cleaned.get("votes") or cleaned.get("is_elected")):
            self.add_error("name", "请填姓名")
        return cleaned


CandidateFormSet = forms.formset_factory(CandidateForm, extra=0, max_num=60)


class VotesForm(forms.Form):
    """The votes of recorded candidates, by their keys."""

    def __init__(self, *args, candidates, **options):
        super().__init__(*args, **options)
        for one in candidates:
            self.fields[f"votes-{one.pk}"] = TypedField(
                label=f"{one.person_name} 赞成票",
                read=read_people,
                max_length=8,
                initial=one.votes,
                error_messages={"required": "请填得票数"},
                widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
            )

    def votes(self) -> dict[int, int]:
        return {int(name.partition("-")[2]): value for name, value in self.cleaned_data.items()}


# --- Who may be meant --------------------------------------------------------------------


def electors(organisation: Organisation, day: datetime.date):
    """Formal members of the organisation and of everything below it on `day`: who may vote."""
    below = Organisation.objects.below(organisation)
    return roster(below, day).filter(formal_on(day)).order_by("organisation__code", "member_id")


def resolved(
    typed: list[dict], organisation: Organisation, day: datetime.date
) -> tuple[list[Stood], dict[int, str]]:
    """The candidates typed, and by line what is wrong with a name.

    A bare name is looked up among the members of that day: one hit is meant, two are told apart
    by 张伟(1234) or 张伟(1980-05), none is kept as text for committees and refused for branches.
    """
    parts = [_TOLD_APART.match(one["name"]) for one in typed]
    names = {match[1] if match else one["name"] for match, one in zip(parts, typed, strict=True)}
    found: dict[str, list[Member]] = {}
    for stay in (
        roster(Organisation.objects.below(organisation), day)
        .filter(Q(member__name__in=names))
        .select_related("member")
        .defer("member__id_number", "member__phone")
        .order_by("member_id")
    ):
        found.setdefault(stay.member.name, []).append(stay.member)
    candidates, faults = [], {}
    for line, (match, one) in enumerate(zip(parts, typed, strict=True)):
        hits = found.get(match[1] if match else one["name"], [])
        if match:
            hits = [member for member in hits if match[2].upper() in _marks(member)]
        if len(hits) > 1:
            both = " 或 ".join(f"{member.name}({member.id_number_mask[-4:]})" for member in hits)
            faults[line] = f"有 {len(hits)} 名{one['name']}，请写成 {both}"
        elif not hits and (organisation.is_branch or match):
            faults[line] = f"{one['name']}那天不在名册上，请核对姓名和选举日期"
        candidates.append(
            Stood(
                votes=one["votes"] or 0,
                member=hits[0] if len(hits) == 1 else None,
                person_name=one["name"],
                title=one["title"],
                is_nominated=one["is_nominated"],
                is_elected=one["is_elected"],
            )
        )
    return candidates, faults


def _marks(member: Member) -> set[str]:
    """What may stand in brackets behind a name."""
    born = f"{member.born_on:%Y-%m}" if member.born_on else ""
    return {member.id_number_mask[-4:].upper(), born}
