"""Setting a guild up: how far it is, as the ledger tells. Nothing is remembered beside it."""

from dataclasses import dataclass

from bot.domain.links import Link, LinkedLibrary, Tier
from bot.domain.people import Actor, GuildSettings
from bot.domain.setup import Step
from bot.domain.sign_in import SignInPurpose, SignInState
from bot.services.invites import AnswerToken
from bot.services.sign_ins import SignInService, SignInView
from db.ledger import Ledger

_OVER = {SignInState.USED, SignInState.REPLACED}


@dataclass(frozen=True, slots=True)
class SetupView:
    """A guild as far as it is set up, for one admin.

    `sign_in` is that admin's own, unless it has served its purpose. `tier` is the one whose
    libraries are to be chosen, of the `libraries` of its server; `link` is that server.
    """

    settings: GuildSettings
    links: tuple[Link, ...] = ()
    tiers: tuple[Tier, ...] = ()
    tier: Tier | None = None
    link: Link | None = None
    libraries: tuple[LinkedLibrary, ...] = ()
    sign_in: SignInView | None = None

    @property
    def is_signing_in(self) -> bool:
        """Plex's page is open, or a server is to be chosen."""
        return self.sign_in is not None and self.sign_in.sign_in.state in {
            SignInState.WAITING,
            SignInState.SIGNED_IN,
        }

    @property
    def missing(self) -> tuple[Step, ...]:
        """The steps without which nobody can be invited, or nobody would notice a request."""
        settled = {
            Step.PLEX: any(link.connected_at is not None for link in self.links),
            Step.LIBRARIES: any(tier.libraries for tier in self.tiers),
            Step.CHANNEL: self.settings.request_channel_id is not None,
        }
        return tuple(step for step, is_done in settled.items() if not is_done)

    @property
    def step(self) -> Step:
        """Where to go on."""
        if self.sign_in is not None and self.sign_in.sign_in.state is SignInState.SIGNED_IN:
            return Step.PLEX
        if not self.links and self.missing:
            return Step.PLEX
        if self.tier is not None and not self.tier.libraries and self.libraries:
            return Step.LIBRARIES
        return self.missing[0] if self.missing else Step.DONE

    def after(self, step: Step) -> Step:
        """What comes next for somebody who goes through all steps: what is settled is left out."""
        steps = list(Step)
        is_open = {
            Step.PLEX: Step.PLEX in self.missing,
            Step.LIBRARIES: Step.LIBRARIES in self.missing
            or (self.tier is not None and not self.tier.libraries),
            Step.CHANNEL: Step.CHANNEL in self.missing,
            Step.REVIEWERS: not self.settings.reviewer_role_ids,
        }
        later = steps[steps.index(step) + 1 :]
        return next((one for one in later if is_open.get(one, True)), Step.DONE)


class SetupService:
    """Reads how far a guild is."""

    def __init__(self, ledger: Ledger, sign_ins: SignInService) -> None:
        self._ledger = ledger
        self._sign_ins = sign_ins

    async def view(self, actor: Actor, answer: AnswerToken | None = None) -> SetupView:
        """How far the actor's guild is; nothing is asked of Plex.

        `answer` is the private answer that is going to show it.
        """
        sign_in = await self._sign_ins.current(actor, SignInPurpose.LINK, answer)
        if sign_in is not None and sign_in.sign_in.state in _OVER:
            sign_in = None
        async with self._ledger.begin() as work:
            links = await work.links.all_of(actor.guild_id)
            tiers = await work.tiers.of_guild(actor.guild_id)
            link, tier = _to_choose(links, tiers)
            return SetupView(
                settings=await work.guilds.settings(actor.guild_id),
                links=tuple(links),
                tiers=tuple(tiers),
                tier=tier,
                link=link,
                libraries=tuple(await work.links.libraries(link.id)) if link else (),
                sign_in=sign_in,
            )

    async def view_tier(self, actor: Actor, tier_id: int) -> SetupView:
        """The same, with the libraries of a tier that was chosen; another guild's is not."""
        view = await self.view(actor)
        tier = next((one for one in view.tiers if one.id == tier_id), None)
        link = next((one for one in view.links if tier and one.id == tier.link_id), None)
        if tier is None or link is None or tier == view.tier:
            return view
        async with self._ledger.begin() as work:
            libraries = await work.links.libraries(link.id)
        return SetupView(
            settings=view.settings,
            links=view.links,
            tiers=view.tiers,
            tier=tier,
            link=link,
            libraries=tuple(libraries),
            sign_in=view.sign_in,
        )


def _to_choose(links: list[Link], tiers: list[Tier]) -> tuple[Link | None, Tier | None]:
    """The newest server nobody can be invited to as its tiers share nothing; else the default."""
    for link in reversed(links):
        own = [tier for tier in tiers if tier.link_id == link.id]
        if own and not any(tier.libraries for tier in own):
            return link, own[0]
    default = next((tier for tier in tiers if tier.is_default), None)
    home = next((link for link in links if default and link.id == default.link_id), None)
    return home, default
