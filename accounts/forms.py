from axes.helpers import get_failure_limit
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError


class LoginForm(AuthenticationForm):
    """Log-in; a wrong password says how many tries are left."""

    def get_invalid_login_error(self):
        left = self._tries_left()
        if left < 1:
            minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
            return ValidationError(f"连续输错次数过多，请 {minutes} 分钟后再试。")
        return ValidationError(f"账号或密码不对，还可再试 {left} 次。")

    def _tries_left(self) -> int:
        attempt = AccessAttempt.objects.filter(
            username=self.cleaned_data.get("username"),
            ip_address=getattr(self.request, "axes_ip_address", None),
        ).first()
        limit = get_failure_limit(self.request, self.cleaned_data)
        return limit - (attempt.failures_since_start if attempt else 0)
