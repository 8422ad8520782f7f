"""What a secretary writes in a self-check report, and what the superior says of it."""

from django import forms

from tasks.services.self_checks import ReportFacts

_LONGEST = 5000


def _part(label: str, rows: int) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


class SelfCheckForm(forms.Form):
    """The three parts; which of them must not be empty is said when the report is handed in."""

    done = _part("主要做法和成效", 9)
    problems = _part("存在问题", 6)
    plans = _part("下一步打算", 6)
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def facts(self) -> ReportFacts:
        """The clean values as the service takes them."""
        return ReportFacts(*(self.cleaned_data[name] for name in ("done", "problems", "plans")))


class OpinionForm(forms.Form):
    """What the superior says: needed to return a report, free to accept one."""

    opinion = forms.CharField(
        label="审阅意见",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
