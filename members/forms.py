from django import forms


class RevealForm(forms.Form):
    """Why somebody wants to see the full numbers."""

    reason = forms.CharField(
        label="查看原因",
        max_length=100,
        error_messages={"required": "请写明为什么要看完整号码"},
        widget=forms.TextInput(attrs={"placeholder": "如：核对组织关系介绍信"}),
    )
