"""The jobs, as values. Arguments are ids only: what a job works on stands in the ledger."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Job:
    """A wake-up. `name` is the task's; `queue` keeps rescue work apart from the rest."""

    name: ClassVar[str]
    queue: ClassVar[str] = "helpr"

    @property
    def args(self) -> dict[str, int]:
        """What is stored with the job: ids only."""
        return asdict(self)

    @property
    def key(self) -> str:
        """Two waiting jobs with one key would do the same work, so the second is not stored."""
        return ":".join([self.name, *map(str, self.args.values())])


@dataclass(frozen=True, slots=True)
class ConnectLink(Job):
    """Connect a link to its Plex server and read its libraries."""

    name: ClassVar[str] = "connect_link"
    link_id: int


@dataclass(frozen=True, slots=True)
class ShareInvite(Job):
    """Share on Plex what was approved."""

    name: ClassVar[str] = "share_invite"
    invite_id: int


@dataclass(frozen=True, slots=True)
class ChangeShare(Job):
    """Do on Plex what is wanted of an invite that it holds: suspend, end, update, look after."""

    name: ClassVar[str] = "change_share"
    invite_id: int


@dataclass(frozen=True, slots=True)
class ShowCard(Job):
    """Post or edit the review card."""

    name: ClassVar[str] = "show_card"
    invite_id: int


@dataclass(frozen=True, slots=True)
class TellMember(Job):
    """Bring the member's private answers, or the one direct message, up to date."""

    name: ClassVar[str] = "tell_member"
    invite_id: int


@dataclass(frozen=True, slots=True)
class ReconcileLink(Job):
    """Compare what is pending in the ledger with what Plex holds."""

    name: ClassVar[str] = "reconcile_link"
    link_id: int


@dataclass(frozen=True, slots=True)
class ShowNotice(Job):
    """Tell the admins of a problem, or that it is mended."""

    name: ClassVar[str] = "show_notice"
    notice_id: int


@dataclass(frozen=True, slots=True)
class FollowSignIn(Job):
    """Ask Plex whether somebody has signed in, or sign out what is not needed any more."""

    name: ClassVar[str] = "follow_sign_in"
    sign_in_id: int


@dataclass(frozen=True, slots=True)
class GiveRole(Job):
    """Give or take the role of a tier."""

    name: ClassVar[str] = "give_role"
    invite_id: int


@dataclass(frozen=True, slots=True)
class RunBulk(Job):
    """Carry on with what an admin wants done to many."""

    name: ClassVar[str] = "run_bulk"
    bulk_id: int


@dataclass(frozen=True, slots=True)
class ShowPanel(Job):
    """Post, edit, look for or take away a standing message."""

    name: ClassVar[str] = "show_panel"
    panel_id: int


@dataclass(frozen=True, slots=True)
class ShowWish(Job):
    """Post or edit the card of what a member with access asks for."""

    name: ClassVar[str] = "show_wish"
    wish_id: int


@dataclass(frozen=True, slots=True)
class FillSeats(Job):
    """Give the free seats of a link's owner account to those who wait for one."""

    name: ClassVar[str] = "fill_seats"
    link_id: int


@dataclass(frozen=True, slots=True)
class ForgetMember(Job):
    """Go on with forgetting somebody who has asked for it."""

    name: ClassVar[str] = "forget_member"
    forgetting_id: int


@dataclass(frozen=True, slots=True)
class SendMessage(Job):
    """Tell a member about a matter, wherever they can be reached."""

    name: ClassVar[str] = "send_message"
    message_id: int


@dataclass(frozen=True, slots=True)
class LookForMember(Job):
    """Ask Discord whether whoever has access is still there."""

    name: ClassVar[str] = "look_for_member"
    invite_id: int


ALL_JOBS: tuple[type[Job], ...] = (
    ConnectLink,
    ShareInvite,
    ChangeShare,
    ShowCard,
    TellMember,
    ReconcileLink,
    ShowNotice,
    FollowSignIn,
    GiveRole,
    RunBulk,
    ShowPanel,
    ShowWish,
    FillSeats,
    ForgetMember,
    SendMessage,
    LookForMember,
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A job by its name and its subject's id, and the reference under which the log has more."""

    job: str
    subject_id: int
    tries: int
    reference: str
    since: datetime
