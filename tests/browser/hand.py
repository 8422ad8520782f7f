"""A user's hand: clicks and keys are counted, free text is not."""

from dataclasses import dataclass

PASSWORD = "口令-甲乙丙"


@dataclass
class Hand:
    """Works a page like a person; `clicks` and `keys` are what the budgets of the guide count."""

    page: object
    clicks: int = 0
    keys: int = 0

    def click(self, target, **options):
        self.page.locator(target, **options).first.click()
        self.clicks += 1

    def type_over(self, target, text):
        """Mark what stands in a field and type `text` over it."""
        self.click(target)
        field = self.page.locator(target).first
        field.press("ControlOrMeta+a")
        field.press_sequentially(text)
        self.keys += 1 + len(text)

    def press(self, key, times=1):
        for _ in range(times):
            self.page.keyboard.press(key)
        self.keys += times


def log_in(page, username):
    """Log in from the log-in page; what follows is counted from the first page."""
    page.goto("/login/")
    page.fill("#id_username", username)
    page.fill("#id_password", PASSWORD)
    with page.expect_navigation():
        page.click("form.zb-login__card button.zb-btn--primary")


def fits(page):
    """Whether the page does not scroll sideways."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
