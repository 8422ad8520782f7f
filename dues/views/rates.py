"""党费标准: the rates in force with their source, what is unsure, and a small calculator."""

from decimal import Decimal

from django.shortcuts import render
from django.views.decorators.http import require_safe

from branches.choice import chosen_branch, named_organisation
from branches.clock import today as current_day
from branches.links import link
from branches.values import Values
from branches.words import full_date
from dues.amount_forms import CalculatorForm
from dues.rates import Category, Rate, rate_on, table_on
from dues.standards import by_rates
from dues.tabs import dues_tabs
from dues.values import APPROVE_MONTH, CEILING, ROUNDING
from dues.words import money

# What the sources leave open, in the words of the page.
UNSURE = (
    "四舍五入没有统一规定：公开材料里有到角、到分、到元的。本县数值可改，基数不先取整",
    "条款号按公开转载的文本，印发文本不同的以文件为准",
    "2017 年通知只写年份：公开材料里没有核对到具体日期",
    "年度核定的截止月份由各地定",
    "党费规定的修订列入 2023—2027 年党内法规制定规划，到目前没有看到新文本",
)
SPECIAL = (
    ("预备党员", "从支部大会通过其为预备党员的那一天所在月份起交纳", "第八条"),
    ("工资变动", "从变动的当月起按新的基数交纳；年内一般不变，调整要写明理由", "第十条"),
    ("生活确有困难的党员", "支部研究，报上一级党委批准后减缴或免缴", "第七条"),
)


@require_safe
def dues_rates(request):
    """The table in force today; `?category=&base=` works an amount out and stores nothing."""
    today = current_day()
    table, values = table_on(today), Values()
    asked = request.GET.get("category") or request.GET.get("base")
    form = CalculatorForm(request.GET if asked else None)
    result = _result(form, today, values) if asked and form.is_valid() else None
    branch = named_organisation(request) or chosen_branch(request)
    context = {
        "tabs": dues_tabs(branch, "dues:amounts"),
        "amounts_url": link("dues:amounts", branch=branch.code if branch else ""),
        "branch_code": branch.code if branch else "",
        "source": table.source,
        "valid_from": full_date(table.valid_from),
        "rates": [
            {
                "name": Category(category).label,
                "meant": rate.meant,
                "bands": _bands(rate),
                "article": rate.article,
            }
            for category, rate in table.rates.items()
        ],
        "notice": table.notice,
        "special": SPECIAL,
        "unsure": UNSURE,
        "county": [
            (ROUNDING.label, f"{values.on(ROUNDING, today)} 元"),
            (CEILING.label, f"{values.on(CEILING, today)} 元"),
            (APPROVE_MONTH.label, f"{values.on(APPROVE_MONTH, today)} 月底前"),
        ],
        "form": form,
        "result": result,
    }
    return render(request, "dues/rates.html", context)


def _bands(rate: Rate) -> list[str]:
    """“超过 3000 元至 5000 元：1%”, or the sum, or the range."""
    if rate.fixed is not None:
        return [f"每月 {rate.fixed} 元"]
    if rate.is_range:
        return [f"每月 {rate.lowest} 至 {rate.highest} 元，由支部核定"]
    bands, lower = [], None
    for upper, share in rate.brackets:
        if lower is None:
            span = f"{upper} 元以下（含）"
        elif upper is None:
            span = f"超过 {lower} 元"
        else:
            span = f"超过 {lower} 元至 {upper} 元（含）"
        bands.append(f"{span}：{_percent(share)}")
        lower = upper
    return bands


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize()}%"


def _result(form: CalculatorForm, today, values: Values) -> dict[str, object]:
    category, base = form.cleaned_data["category"], form.cleaned_data["base"]
    rate = rate_on(category, today)
    if rate.needs_base and base is None:
        form.add_error("base", f"请填写缴费基数（{rate.meant}）")
        return {}
    found = by_rates(category, base, month=today, on=today, values=values)
    if found is None:
        return {"amount": f"{rate.lowest} 至 {rate.highest}", "how": "由支部在这个范围内核定"}
    how = "固定数额"
    if rate.needs_base:
        share = found.raw / base if base else rate.brackets[0][1]
        how = f"{money(base)} × {_percent(share)} = {found.raw.normalize():f}，"
        how += f"四舍五入到 {values.on(ROUNDING, today)} 元"
    return {
        "amount": money(found.amount),
        "how": how,
        "above": found.above_ceiling,
        "ceiling": values.on(CEILING, today),
    }
