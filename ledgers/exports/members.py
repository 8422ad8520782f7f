"""Sheet 党员: who belonged to which branch on the day."""

from collections.abc import Iterator

from ledgers.exports.scope import LedgerScope
from ledgers.exports.streams import CHUNK, Row
from members.enums import Gender, MemberKind
from members.roster import roster

_FIELDS = (
    "member_id",
    "member__name",
    "member__id_number_mask",
    "member__gender",
    "member__ethnicity",
    "member__born_on",
    "member__education",
    "member__kind",
    "member__joined_on",
    "member__confirmed_on",
    "organisation__name",
    "organisation__code",
    "member__occupation",
    "member__phone_mask",
    "member__is_floating",
    "group__name",
)
_SECRET = ("member__id_number", "member__phone")


def member_rows(scope: LedgerScope, *, full_numbers: bool) -> Iterator[Row]:
    """Each membership in force, in the order of branches."""
    rows = roster(scope.organisations, scope.day).order_by("organisation__code", "member_id")
    genders, kinds = dict(Gender.choices), dict(MemberKind.choices)
    fields = _FIELDS + (_SECRET if full_numbers else ())
    for row in rows.values_list(*fields).iterator(chunk_size=CHUNK):
        pk, name, id_mask, gender, ethnicity, born_on, education, kind = row[:8]
        joined_on, confirmed_on, branch, code, occupation, phone_mask, floating, group = row[8:16]
        # Whoever was confirmed later was on probation then.
        if confirmed_on and confirmed_on > scope.day:
            kind, confirmed_on = MemberKind.PROBATIONARY, None
        values = {
            "姓名": name,
            "公民身份号码": id_mask,
            "性别": genders.get(gender, ""),
            "民族": ethnicity,
            "出生日期": born_on,
            "学历": education,
            "人员类别": kinds[kind],
            "入党日期": joined_on,
            "转正日期": confirmed_on,
            "所在党支部": branch,
            "党支部编码": code,
            "党小组": group,
            "工作岗位": occupation,
            "手机号码": phone_mask,
            "是否流动党员": "是" if floating else "否",
        }
        whole = dict(zip(("公民身份号码", "手机号码"), row[16:], strict=False))
        yield Row(pk, values, whole)
