"""What is owed stands in the ledger; the sweep wakes up whatever a lost job forgot."""

from bot.clock import Clock
from bot.domain.jobs import (
    ConnectLink,
    Job,
    ReconcileLink,
    ReleaseShare,
    ShareInvite,
    ShowCard,
    TellMember,
)
from db.ledger import Ledger

_OWED_BY_INVITES: dict[str, type[ShareInvite | ReleaseShare | ShowCard | TellMember]] = {
    "share": ShareInvite,
    "release": ReleaseShare,
    "card": ShowCard,
    "tell": TellMember,
}
_OWED_BY_LINKS: dict[str, type[ConnectLink | ReconcileLink]] = {
    "connect": ConnectLink,
    "reconcile": ReconcileLink,
}


class SweepService:
    """Enqueues everything that is due."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def sweep(self) -> int:
        """Enqueue a job for all that is owed; how many were found due."""
        now = self._clock.now()
        async with self._ledger.begin() as work:
            jobs: list[Job] = []
            for what, invite_job in _OWED_BY_INVITES.items():
                jobs += [invite_job(id_) for id_ in await work.owed.due(what, now=now)]
            for what, link_job in _OWED_BY_LINKS.items():
                jobs += [link_job(id_) for id_ in await work.links.due(what, now)]
            await work.jobs.enqueue(*jobs)
            await work.commit()
            return len(jobs)

    async def tidy(self) -> None:
        """Forget answers that are over and limits that no window reaches."""
        async with self._ledger.begin() as work:
            await work.answers.drop_expired(self._clock.now())
            await work.rates.forget_old()
            await work.commit()
