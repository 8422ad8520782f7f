"""What is typed about posts in Party organisations and in units."""

import datetime
from collections import Counter
from collections.abc import Iterable

from django import forms

from accounts.encryption import keyed_hash
from branches.forms import DatedForm, DayField, TypedField
from branches.models import Organisation, Unit
from branches.words import one_line
from members.enums import MemberKind, PostTitle
from members.identity import read_id_number
from members.models import Member, Post
from members.services.post_checks import Holder

ELECTED, APPOINTED = "elected", "appointed"
# The choice that leaves a name from a workbook as it is.
BY_NAME = "name"
_TICK = {"class": "zb-check"}


def people_choices(current: Iterable[Member], former: Iterable[Member] = ()) -> list:
    """Members to choose from, those who have left apart; two of one name are told apart by birth."""
    current, former = list(current), list(former)
    names = Counter(member.name for member in (*current, *former))

    def label(member: Member) -> str:
        words = member.name
        if names[member.name] > 1 and member.born_on:
            words += f"（{member.born_on.year}年{member.born_on.month}月生）"
        return words + ("（预备）" if member.kind == MemberKind.PROBATIONARY else "")

    choices: list = [("", "请选择"), *((member.pk, label(member)) for member in current)]
    if former:
        choices.append(("曾在本支部", [(member.pk, label(member)) for member in former]))
    return choices


class PostForm(DatedForm):
    """任职: who holds which post from when. `holder` gives the person after cleaning.

    A branch chooses from its members; above, a name is typed, and an identity number joins it to
    a member below.
    """

    title = forms.ChoiceField(label="职务", error_messages={"required": "请选职务"})
    person = forms.ChoiceField(label="姓名", error_messages={"required": "请从名册里选人"})
    person_name = forms.CharField(
        label="姓名", max_length=40, error_messages={"required": "请写姓名"}
    )
    id_number = TypedField(
        label="公民身份号码",
        required=False,
        read=read_id_number,
        max_length=30,
        help_text="本人在下属支部名册里的，填了就和名册对上；号码不在这里保存",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    group = forms.TypedChoiceField(
        label="党小组",
        required=False,
        coerce=int,
        empty_value=None,
        help_text="只有党小组长要选",
    )
    starts_on = DayField(label="任职日期", error_messages={"required": "请填任职日期，如 3.28"})
    ends_predecessor = forms.BooleanField(
        label="现任同时免职（止于任职前一天）",
        required=False,
        widget=forms.CheckboxInput(attrs=_TICK),
    )
    ends_on = DayField(label="免职日期", required=False, help_text="还在任的不填")
    way = forms.ChoiceField(
        label="产生方式", choices=[(ELECTED, "选举产生"), (APPOINTED, "上级指派")]
    )
    filed_on = DayField(label="备案日期", required=False)
    reason = forms.CharField(label="更正理由", required=False, max_length=100)

    def __init__(
        self, *args, organisation: Organisation, titles, people, groups, post=None, **rest
    ):
        """`people` are (current, former) members of a branch; `post` is the one to correct."""
        super().__init__(*args, **rest)
        self.organisation, self.post = organisation, post
        self.groups = {group.pk: group for group in groups}
        self.fields["title"].choices = [("", "请选择"), *titles]
        if self.groups:
            chosen = [(pk, group.name) for pk, group in self.groups.items()]
            self.fields["group"].choices = [("", "不是党小组长"), *chosen]
        else:
            del self.fields["group"]
        self._offer_people(people)
        if post is None:
            del self.fields["reason"]
        else:
            del self.fields["ends_predecessor"]
            self.fields["starts_on"].required = post.starts_on is not None

    def _offer_people(self, people) -> None:
        current, former = people
        self.members = {member.pk: member for member in (*current, *former)}
        if not self.organisation.is_branch:
            del self.fields["person"]
            return
        del self.fields["person_name"], self.fields["id_number"]
        choices = people_choices(current, former)
        if self.post and self.post.member_id is None:
            choices.insert(1, (BY_NAME, f"{self.post.person_name}（名册里没有对上）"))
        self.fields["person"].choices = choices

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("id_number"):
            member = (
                Member.objects.within(self.organisation)
                .filter(id_number_hash=keyed_hash(cleaned["id_number"]))
                .first()
            )
            if member is None:
                self.add_error("id_number", "下属支部的名册里没有这个号码，请核对，或留空只记姓名")
            elif member.name != one_line(cleaned.get("person_name"), 40):
                self.add_error("person_name", "姓名和这个号码的党员不一致，请核对")
            cleaned["member"] = member
        return cleaned

    def holder(self) -> Holder:
        """The person in the post, as typed."""
        cleaned = self.cleaned_data
        group = self.groups.get(cleaned.get("group"))
        if "person" in self.fields:
            if cleaned["person"] == BY_NAME:
                return Holder(cleaned["title"], person_name=self.post.person_name, group=group)
            return Holder(
                cleaned["title"], member=self.members[int(cleaned["person"])], group=group
            )
        name, member = one_line(cleaned["person_name"], 40), cleaned.get("member")
        if member is None and self.post and self.post.member and self.post.person_name == name:
            member = self.post.member
        return Holder(cleaned["title"], member=member, person_name=name, group=group)

    def facts(self) -> dict[str, object]:
        """The rest, as the services take it."""
        cleaned = self.cleaned_data
        return {
            "ends_on": cleaned["ends_on"],
            "is_appointed": cleaned["way"] == APPOINTED,
            "filed_on": cleaned["filed_on"],
        }


def initial_of(post: Post) -> dict[str, object]:
    """A stored post as the form shows it."""
    return {
        "title": post.title,
        "group": post.group_id,
        "person": post.member_id or BY_NAME,
        "person_name": post.person_name,
        "starts_on": post.starts_on,
        "ends_on": post.ends_on,
        "way": APPOINTED if post.is_appointed else ELECTED,
        "filed_on": post.filed_on,
    }


def titles_for(*, may_approve: bool, has_groups: bool, is_branch: bool) -> list[tuple[str, str]]:
    """Posts that may be entered: the secretary's only by who approves, a leader where groups are."""
    return [
        (title.value, title.label)
        for title in PostTitle
        if (title != PostTitle.SECRETARY or may_approve)
        and (title != PostTitle.GROUP_LEADER or (has_groups and is_branch))
    ]


class EndForm(DatedForm):
    """免职: the last day in the post."""

    on = DayField(
        label="免职日期",
        help_text="在任的最后一天",
        error_messages={"required": "请填免职日期，如 3.28"},
    )
    reason = forms.CharField(label="原因", required=False, max_length=100)


class RemoveForm(forms.Form):
    """删去误登."""

    reason = forms.CharField(
        label="删去原因",
        max_length=100,
        error_messages={"required": "请写明为什么删去，如：登记到了别的支部"},
    )


class AccountForm(forms.Form):
    """关联账号: which account the holder of a post works with."""

    account = forms.ModelChoiceField(
        queryset=None, required=False, label="账号", empty_label="不关联"
    )

    def __init__(self, *args, accounts, **options):
        super().__init__(*args, **options)
        self.fields["account"].queryset = accounts


class UnitPostForm(DatedForm):
    """单位职务: which post a member holds in a unit behind the organisation."""

    unit = forms.TypedChoiceField(label="单位", coerce=int, error_messages={"required": "请选单位"})
    person = forms.TypedChoiceField(
        label="姓名", coerce=int, error_messages={"required": "请从名册里选人"}
    )
    title = forms.CharField(
        label="单位职务",
        max_length=40,
        error_messages={"required": "请写单位职务，如：村委会主任"},
        widget=forms.TextInput(attrs={"placeholder": "如：村委会主任"}),
    )
    is_main_leader = forms.BooleanField(
        label="是单位主要负责人", required=False, widget=forms.CheckboxInput(attrs=_TICK)
    )
    starts_on = DayField(label="任职日期", error_messages={"required": "请填任职日期，如 3.28"})
    ends_on = DayField(label="免职日期", required=False, help_text="还在任的不填")

    def __init__(self, *args, units: Iterable[Unit], people, **rest):
        """`people` are (current, former) members to choose from."""
        super().__init__(*args, **rest)
        current, former = people
        self.units = {unit.pk: unit for unit in units}
        self.members = {member.pk: member for member in (*current, *former)}
        self.fields["unit"].choices = [(pk, unit.name) for pk, unit in self.units.items()]
        if len(self.units) != 1:
            self.fields["unit"].choices = [("", "请选择"), *self.fields["unit"].choices]
        self.fields["person"].choices = people_choices(current, former)

    def facts(self) -> dict[str, object]:
        """As the services take them."""
        cleaned = self.cleaned_data
        days: dict[str, datetime.date | None] = {
            name: cleaned[name] for name in ("starts_on", "ends_on")
        }
        return {
            "unit": self.units[cleaned["unit"]],
            "member": self.members[cleaned["person"]],
            "title": one_line(cleaned["title"], 40),
            "is_main_leader": cleaned["is_main_leader"],
            **days,
        }
