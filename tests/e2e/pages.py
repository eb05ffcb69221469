"""What a person does in the demo's pages, and what they read there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect
from playwright.sync_api import TimeoutError as NotInTime


class Discord:
    """A channel as one person sees it, wherever it is `shown`."""

    def __init__(self, page: Page, shown: Page | FrameLocator) -> None:
        self._page = page
        self._shown = shown
        self.view = shown.locator("#preview-app")
        self.form = shown.locator("#modal-root form")
        timeline = shown.locator("#channel-timeline")
        self.messages = timeline.locator("article.channel-message[data-message-id]")
        note = shown.locator(".message-ephemeral-note")
        self.private = self.messages.filter(has=note)
        self.public = self.messages.filter(has_not=note)
        self.options = shown.locator("[role=option]:visible")

    def message(self, id_: str) -> Locator:
        """One message, wherever it stands by now."""
        return self._shown.locator(f"article.channel-message[data-message-id='{id_}']")

    def ready(self) -> None:
        """Wait until it is up to date."""
        expect(self.view).to_have_attribute("aria-busy", "false")

    def slash(self, command: str, member: str | None = None) -> None:
        """Write a command, choose it, send it; `member` is the one option that is filled in."""
        self._shown.locator("#channel-composer-input").click()
        self._page.keyboard.type(command)
        expect(self.options.first).to_be_visible()
        self._page.keyboard.press("Enter")
        optional = self._shown.locator("button.command-ghost", has_text="options")
        if member is not None and optional.is_visible():
            optional.click()
            self.options.filter(has_text="member").first.click()
        if member is not None:
            expect(self.options.filter(has_text=member).first).to_be_visible()
            self._page.keyboard.type(member)
            expect(self.options).to_have_count(1)
            self._page.keyboard.press("Enter")
        self._shown.locator("#send-message").click()

    def ask(self) -> None:
        """`/invite`, and of its two ways the one of the form, which is open then."""
        self.slash("/invite")
        self.by_form()

    def by_form(self) -> None:
        """Of the two ways that are offered the one of the form, which is open then."""
        self.press(self.private.last, "Use e-mail or username")
        expect(self.form).to_be_visible()

    def fill(self, **fields: str) -> None:
        """Fill the form that is open, by the fields' ids."""
        for name, value in fields.items():
            field = self.form.locator(f"[data-custom-id={name}] .modal-input")
            field.fill(value)
            field.blur()

    def submit(self) -> None:
        """Send the form."""
        self.form.locator("button[type=submit]").click()
        expect(self.form).to_be_hidden()

    def choose(self, message: Locator, menu: str, option: str) -> None:
        """Choose an option of one of a message's menus, by what both say.

        A page that draws the message anew in this moment forgets the choice: it is made again.
        """
        before = message.text_content() or ""
        for _ in range(5 if "Choose 1–1 options" in before else 1):
            self.ready()
            message.locator("button.select-trigger", has_text=menu).first.click()
            self.options.filter(has_text=option).first.click()
            self.close_menu(message)
            if self._has_changed(message, before):
                return

    def _has_changed(self, message: Locator, before: str) -> bool:
        """Whether the message says something else for a second on end, with no menu open.

        A page that is busy with what came before opens the menu again.
        """
        steady = 0
        for _ in range(40):
            self._page.wait_for_timeout(100)
            if message.locator("button.select-trigger[aria-expanded=true]").count():
                self.close_menu(message)
                steady = 0
            elif message.text_content() != before:
                steady += 1
                if steady == 10:
                    return True
        return False

    def close_menu(self, message: Locator) -> None:
        """Send what was chosen from a menu for several: it goes when the menu is closed.

        While the page is busy with what came before, it keeps the menu open and says so.
        """
        still_open = message.locator("button.select-trigger[aria-expanded=true]")
        closed = 0
        for _ in range(100):
            if not still_open.count():
                # It may only be away for the moment in which the message is drawn anew.
                closed += 1
                if closed == 4:
                    return
                self._page.wait_for_timeout(100)
                continue
            closed = 0
            with suppress(NotInTime):  # closed in between
                still_open.first.click(timeout=1000)
            self._page.wait_for_timeout(200)
        raise AssertionError("The menu stays open.")

    def press(self, message: Locator, label: str) -> None:
        """Press a button of a message."""
        message.get_by_role("button", name=label, exact=True).click()


class Tab:
    """A page in a tab of the start page."""

    def __init__(self, page: Page, key: str) -> None:
        self._label = page.locator(f"label[for=tab-{key}]")
        self._link = page.locator(f"#link-{key}")
        self.frame = page.frame_locator(f"#frame-{key}")

    def show(self) -> None:
        """Bring it to the front."""
        self._label.click()

    @property
    def address(self) -> str:
        """Where it is by itself: what "Open in a new tab" leads to."""
        return self._link.get_attribute("href") or ""


class DiscordTab(Tab, Discord):
    """A channel in a tab of the start page."""

    def __init__(self, page: Page, key: str) -> None:
        Tab.__init__(self, page, key)
        Discord.__init__(self, page, self.frame)

    def show(self) -> None:
        """Bring it to the front, up to date."""
        super().show()
        self.ready()


class PlexPage(Tab):
    """The page of the sandbox Plex."""

    def __init__(self, page: Page) -> None:
        super().__init__(page, "plex")
        self.people = self.frame.locator("#people")

    def answer(self, answer: str, account: str) -> None:
        """Accept or Decline, as the person who was invited."""
        self.people.get_by_role("button", name=f"{answer} as {account}").click()


class Stage:
    """The start page, with everybody's page in a tab."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.bob = DiscordTab(page, "bob")
        self.alice = DiscordTab(page, "alice")
        self.rita = DiscordTab(page, "rita")
        self.bobs_messages = DiscordTab(page, "bob-dm")
        self.plex = PlexPage(page)


@contextmanager
def window(browser: Browser, address: str, width: int, height: int) -> Iterator[Page]:
    """A page in a window of its own, of this size in CSS pixels."""
    with browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=2, locale="en-US"
    ) as context:
        page = context.new_page()
        page.goto(address)
        yield page


def message_id(message: Locator) -> str:
    """Which message it is, however often it was edited."""
    return message.get_attribute("data-message-id") or ""


def fits_the_screen(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    script = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    return bool(page.evaluate(script))


def lines(*texts: str) -> re.Pattern[str]:
    """Texts that follow each other, whatever stands between them."""
    return re.compile(".*".join(map(re.escape, texts)), re.DOTALL)
