"""The only place that turns an error's key into words."""

import re
from collections.abc import Callable

from bot.domain.errors import HelprError
from bot.domain.invites import EndReason
from bot.i18n import Texts, mark
from bot.ui.places import permission_names
from bot.ui.plain import mention, plain
from bot.ui.states import end_reason_name, state_name

TEXTS: dict[str, str] = {
    # What somebody typed
    "login.empty": mark("Please type your Plex e-mail address or username."),
    "login.too_long": mark("That is too long for a Plex account: {limit} characters at most."),
    "login.invisible": mark(
        "That text holds invisible characters. Please type it by hand instead of pasting it."
    ),
    "login.email_wrong": mark(
        "That is not a complete e-mail address. It should look like you@example.org."
    ),
    "login.username_wrong": mark(
        "That cannot be a Plex username: those have letters, digits, dots, dashes or underscores,"
        " and no spaces. Your e-mail address works too."
    ),
    "login.owner": mark("That account owns the Plex server, so it has everything already."),
    "login.has_access": mark(
        "That Plex account already has access here. If it is yours and you"
        " cannot watch, please ask an admin."
    ),
    "login.taken": mark(
        "There is already an open request for that Plex account. If it is yours"
        " and you did not ask, please tell an admin."
    ),
    "login.being_released": mark(
        "An earlier invite of that Plex account is just being taken back. Try again in a minute."
    ),
    "language.unknown": mark("I do not speak that language yet. Please choose another one."),
    "wish.open_already": mark("You have asked for that already. The admins will decide."),
    "wish.not_possible": mark(
        "That cannot be asked for now. /my-plex shows how your access stands, and what is possible."
    ),
    "wish.refused_lately": mark(
        "The admins said no to that a short while ago. You can ask again {when}."
    ),
    "wish.moved_on": mark("That was decided or taken back meanwhile. Nothing was changed."),
    "wish.decided": mark("{user} was faster and has decided that already."),
    "wish.own": mark("You cannot decide about your own access. Somebody else has to."),
    "note.too_long": mark("Your message is too long: {limit} characters at most."),
    "reason.too_long": mark("The reason is too long: {limit} characters at most."),
    # Privacy
    "member.being_forgotten": mark(
        "I am still erasing what I know, as asked. Please try again in a few minutes."
    ),
    "invite.forgotten": mark(
        "Everything about this person has been erased, so nothing can be done here any more."
    ),
    "address.none": mark("There is no e-mail address here: this is a Plex username."),
    # Codes
    "code.wrong": mark(
        "That code does not work here. Please check the spelling. It may also be used up or"
        " expired: ask whoever gave it to you."
    ),
    "code.used_up": mark(
        "That code is used up. Please ask whoever gave it to you for another one."
    ),
    "code.just_used_up": mark(
        "That code has just been used up, or taken back. Please ask whoever gave it to you for"
        " another one."
    ),
    "code.expired": mark(
        "That code has expired. Please ask whoever gave it to you for another one."
    ),
    "code.revoked": mark("The admins have taken that code back. Please ask them for another one."),
    "code.needed": mark(
        "You need a code to ask for access here. Please ask an admin for one, then use /invite"
        " again."
    ),
    "code.too_many": mark(
        "Several codes did not work. Please try again {when}, with the code at hand."
    ),
    "code.exists": mark(
        "This server has that code already, or had it once. Please choose another one."
    ),
    "code.too_short": mark(
        "That code is too easy to guess: it needs at least {least} letters or digits. Spaces and"
        " dashes do not count."
    ),
    "code.too_long": mark("That code is too long: {most} letters and digits at most."),
    "code.letters": mark("A code has letters and digits only, with spaces or dashes between."),
    "code.label_too_long": mark("The label is too long: {limit} characters at most."),
    "code.uses": mark("A code works at most {most} times. Choose 0 for no limit."),
    "code.unknown": mark("I know no such code here. /code list shows all there are."),
    "code.revoked_already": mark("That code has been taken back already."),
    "code.link_rights_missing": mark(
        "I cannot invite people to {channel}. Please give me there: {permissions}. Then try again,"
        " or make the code without a link."
    ),
    "code.link_failed": mark(
        "Discord made no link to {channel}. The code works without one: send it to somebody who is"
        " in this server already, or invite them yourself."
    ),
    "code.link_nowhere": mark(
        "I found no channel that the link could lead to. Name a text channel."
    ),
    # Invites
    "invite.unknown": mark("That request does not exist any more."),
    "invite.open_already": mark(
        "You have asked already. /my-plex shows how it stands, and what you can do."
    ),
    "invite.login_taken": mark("There is already an open request for that Plex account."),
    "invite.own": mark("This is your own request, so somebody else has to decide it."),
    "invite.decided": mark("{user} was faster: this request is {state}."),
    "invite.moved_on_to": mark("Too late: this request is {state}."),
    "invite.moved_on": mark("That has just changed. /my-plex shows how it stands."),
    "invite.not_undoable": mark("Too late to undo: this request is {state}."),
    "invite.not_withdrawable": mark("There is nothing to withdraw. /my-plex shows how it stands."),
    "invite.of_owner": mark(
        "This account owns the Plex server, so it cannot be invited. Please deny the request."
    ),
    # Access
    "access.none": mark("{user} has no access through this bot, and has not asked for it."),
    "access.own": mark("That is your own access, so somebody else has to decide it."),
    "access.ending": mark("This access is already being taken back."),
    "access.ended": mark("This access has ended: {why}. They can ask again with /invite."),
    "access.over": mark("There is no access to change: the request is {state}."),
    "access.not_active": mark("That needs active access, and this request is {state}."),
    "access.being_changed": mark(
        "The libraries of this access are just being changed on Plex. Try again in a minute."
    ),
    "access.endless": mark("This access has no end, so there is nothing to extend."),
    "access.shorter": mark("It would end earlier than now planned. Only an admin may do that."),
    "access.being_sent": mark("The invite is just being sent. Try again in a minute."),
    "access.suspended_already": mark("This access is suspended already."),
    "access.being_suspended": mark(
        "This access is just being suspended. Restore it first, then change it."
    ),
    "access.not_suspended": mark("This access is not suspended, so there is nothing to restore."),
    "access.tier_already": mark("They are in the tier {tier} already."),
    "access.asked_anew": mark("{user} has asked again meanwhile. Decide that request instead."),
    "access.code_used_up": mark(
        "The code that {user} asked with has been used up since. Use /access grant to give access"
        " all the same, or ask them for a new request."
    ),
    "leave.over": mark("Your access has ended already. You can ask again with /invite."),
    "access.of_owner": mark(
        "This account owns the Plex server. Nobody can take the owner's access away."
    ),
    "access.moved_on": mark(
        "This has just changed, so I did nothing. Look how it stands now, then decide."
    ),
    "access.nothing_to_retry": mark("Nothing is stuck here any more."),
    "restore.libraries_gone": mark(
        "Plex no longer has these libraries: {titles}. The access stays suspended until you"
        " restore it without them."
    ),
    "restore.nothing_left": mark(
        "Plex has none of the libraries any more that this access had. Choose another tier first."
    ),
    "duration.unreadable": mark(
        "I cannot read “{typed}” as a time. Try 30d, 2 weeks, 6 months, or a day like 2027-03-31."
    ),
    "duration.not_days": mark(
        "I cannot read “{typed}” as a number of days. Try 30d, 2 weeks or 6 months."
    ),
    "duration.no_such_day": mark("The calendar has no day {typed}. Try one like 2027-03-31."),
    "duration.not_positive": mark("The time must be at least one hour. Try 30d or 2 weeks."),
    "duration.past": mark("That day is over already. Choose one in the future."),
    "duration.too_long": mark("That is more than ten years. Choose something shorter."),
    "zone.unknown": mark("I know no time zone “{zone}”. It should look like Europe/Berlin."),
    "past.unreadable": mark(
        "I cannot read “{typed}” as a time. Try 7d for a week ago, or a day like 2026-10-31."
    ),
    "past.too_far": mark("That is more than ten years ago. Choose something later."),
    "audit.no_time": mark("That time ends before it begins. Choose an earlier start."),
    "audit.no_action": mark(
        "I know no action “{typed}”. Choose one from the list that appears while you type."
    ),
    "access.which": mark("Name either a member or a Plex account, so that I know whose access."),
    "access.plex_unknown": mark(
        "Nobody here is known with that Plex account. It has to be the exact name or address: they"
        " are stored encrypted, so I cannot search for a part of one."
    ),
    "access.plex_unlinked": mark(
        "That account has access on Plex, but I do not know whose it is. /access import matches it"
        " with a member."
    ),
    # Given by an admin, or taken over from Plex
    "newcomer.bot": mark("{user} is a bot. Bots cannot have access to Plex."),
    "newcomer.not_here": mark("{user} is not a member of this server. Invite them here first."),
    "newcomer.has_asked": mark(
        "{user} has asked for access already. Approve that request instead: /requests shows it."
    ),
    "newcomer.has_access": mark(
        "{user} has an invite already, which is {state}. /access show has the details."
    ),
    "grant.login_taken": mark("That Plex account is already {user}'s, or being given to them."),
    "import.gone": mark(
        "Plex does not share with that account any more, or it is known here by now. I look again."
    ),
    "import.known_already": mark("That account is known already: it is {user}'s."),
    "import.name_taken": mark(
        "Somebody here has, or is being given, access with that Plex account. /access show finds"
        " them by its name."
    ),
    # Many at once
    "bulk.nobody": mark("That is about nobody right now, so there is nothing to do."),
    "bulk.unknown": mark("I do not know that bulk action any more. Start again from /access list."),
    "bulk.begun": mark("That has been started already. /access list shows how far it is."),
    "bulk.over": mark("That is over, or being stopped already."),
    "bulk.number_wrong": mark(
        "The number does not match, so nothing was done. To confirm, type {n} exactly."
    ),
    "bulk.overtaken": mark("Something else was done about this access meanwhile."),
    "bulk.not_yet": mark("Plex has not done it yet. I keep trying; the card shows how it stands."),
    # Settings
    "setting.unknown": mark("I do not know that setting any more. /settings shows all there are."),
    "setting.not_here": mark("That belongs to another server, so nothing was changed."),
    "setting.not_a_number": mark("“{typed}” is not a whole number. Please type digits alone."),
    "setting.out_of_bounds": mark("It has to be between {least} and {most}. Nothing was changed."),
    "setting.everybody": mark(
        "That role is everybody's, so it would let everybody decide. Choose another one."
    ),
    "setting.too_many": mark("That is too many roles: {most} at most."),
    "setting.reminder_too_late": mark(
        "That does not fit together: unaccepted invites would be taken back on day {withdraw}, and"
        " the reminder would come on day {nudge}. Let the reminder come earlier, or set one of the"
        " two to 0 for never."
    ),
    "setting.reminders_swapped": mark(
        "That does not fit together: the last reminder, {again} days before the end, would come"
        " before the first one, {first} days before. Make it later, or set one of the two to 0."
    ),
    "channel.gone": mark("I cannot find that channel any more. Choose another one."),
    "channel.locked": mark("{channel} is locked. Unlock it, or choose another channel."),
    "channel.rights_missing": mark(
        "I cannot show cards in {channel}. Please give me there: {permissions}. Then choose it"
        " again."
    ),
    # Panels
    "panel.public": mark(
        "Everybody can see {channel}, and requests are for reviewers only. Choose a channel that"
        " only they can see."
    ),
    "panel.none": mark(
        "There is no such panel in that channel, so there was nothing to take away."
    ),
    "panel.locked": mark("{channel} is locked. Unlock it, or choose another channel."),
    "panel.rights_missing": mark(
        "I cannot post in {channel}. Please give me there: {permissions}. Then try again."
    ),
    # Rights and limits
    "right.reviewer_needed": mark("Only reviewers and admins of this server can do that."),
    "right.admin_needed": mark("Only admins of this server can do that."),
    "right.manage_server_needed": mark(
        "Only people with Discord's Manage Server permission can say who is an admin."
    ),
    "limit.reached": mark("That was a lot at once. Please try again {when}."),
    "place.guild_only": mark("This works in a server, not in direct messages."),
    "place.left": mark("You are no longer a member of that server, so I cannot do this."),
    "choice.unknown": mark("I do not know that choice any more. Please run the command again."),
    "button.unknown": mark("I do not know this button any more. Please run the command again."),
    "place.not_here": mark(
        "I am no longer a member of this server. Ask an admin to add me again, then retry."
    ),
    # Plex and its set-up
    "plex.not_set_up": mark(
        "No Plex server is connected to this Discord server yet. An admin connects one with /setup."
    ),
    "plex.not_connected": mark(
        "Plex is not connected yet. The request is kept; approve it once /plex connect has worked."
    ),
    "plex.server_not_yours": mark(
        "That server is not one of the account's own. Sign in with Plex as its owner."
    ),
    "plex.nowhere": mark(
        "{server} does not answer me at any of its addresses. I tried: {addresses}. Look whether it"
        " runs, and in its settings under Remote Access whether it can be reached from outside."
    ),
    "plex.linked_already": mark("{server} is connected here already. Nothing was changed."),
    "plex.linked_by_operator": mark(
        "{server} comes from the settings of this bot's operator, so only they can change it."
    ),
    "plex.link_unknown": mark("That Plex server is not connected here any more."),
    "plex.link_in_use": mark(
        "People have access through {server}, or are about to: {n}. End their access first, or move"
        " them to a tier of another server; then disconnect it."
    ),
    "sign_in.member_over": mark("That sign-in has expired. Start again with /invite."),
    "sign_in.member_left": mark(
        "You have left this server meanwhile, so nothing was asked for. I have signed out again."
    ),
    "sign_in.not_held": mark(
        "That sign-in has expired, so I cannot accept for you. Once you are approved, /my-plex has"
        " a button to accept the invite."
    ),
    "sign_in.over": mark(
        "That sign-in has expired. Start again with /setup or /plex connect; it takes a minute."
    ),
    "plex.paused": mark(
        "Plex needs an admin first; /plex status says why. I compare by myself once that is fixed."
    ),
    "tier.no_libraries": mark(
        "The tier {tier} has no libraries yet. Choose some with /plex libraries, then approve."
    ),
    "tier.unknown": mark("That tier does not exist any more."),
    "tier.not_open": mark("That tier cannot be asked for any more. Choose another one."),
    "tier.leaving": mark("The tier {tier} is being deleted, so nobody is given it any more."),
    "tier.name_taken": mark("There is a tier of that name already. Choose another name."),
    "tier.name_missing": mark("A tier needs a name with letters, digits or an emoji in it."),
    "tier.name_too_long": mark("That name is too long: {limit} characters at most."),
    "tier.too_many": mark("There are {most} tiers already, which is the most. Delete one first."),
    "tier.too_many_open": mark(
        "Members choose from a menu that holds {most} tiers. Close another tier to them first."
    ),
    "tier.is_default": mark(
        "{tier} is the default tier, so it cannot be deleted. Make another tier the default first."
    ),
    "tier.in_use": mark(
        "The tier {tier} has people in it meanwhile ({n}). Choose where they go, then it is"
        " deleted: /tier delete."
    ),
    "tier.server_in_use": mark(
        "The tier {tier} has people in it ({n}), so it stays on its server. Make a new tier for the"
        " other server, and move them there."
    ),
    "tier.nobody_differs": mark("Everybody in this tier has what it says. There is nothing to do."),
    # Seats
    "seats.tier_full": mark(
        "The tier {tier} is full: all of its {seats} seats are taken. Choose another tier, give it"
        " more seats with /tier edit, or end somebody's access first."
    ),
    "seats.server_full": mark(
        "{server} is full: all of its owner's {seats} seats are taken ({unknown} of them by"
        " accounts that are not known here). End somebody's access, or see /tier list for the"
        " number of seats."
    ),
    "seats.awaited": mark(
        "The free seats are for the people on the waiting list ({n}). They get them within seconds."
    ),
    "seats.not_a_number": mark("“{typed}” is not a number of seats. Type one from 1 to {most}."),
    # Filters
    "filter.unwritable": mark(
        "Plex has no way to filter by “{typed}”, because of a character in it. These cannot be"
        " part of a rating or a label: , | % ="
    ),
    "filter.too_long": mark("“{typed}…” is too long: {most} characters at most."),
    "filter.too_many": mark("That is too many at once: {most} at most in one field."),
    "filter.too_much": mark("That is too much text: {limit} characters at most in one field."),
    "filter.both_ways": mark(
        "“{typed}” stands in both fields, so nothing would be left. Take it out of one of them."
    ),
    "filter.unknown_rating": mark(
        "Plex knows no rating {typed} in this tier's libraries, so nothing was changed. It knows:"
        " {known}. To set it all the same, write it in quotes."
    ),
    "filter.unknown_rating_none": mark(
        "Plex knows no ratings at all in this tier's libraries, so nothing was changed. To set"
        " {typed} all the same, write it in quotes."
    ),
    "filter.unknown_label": mark(
        "Plex knows no label {typed} in this tier's libraries, so nothing was changed. It knows:"
        " {known}. To set it all the same, write it in quotes."
    ),
    "filter.unknown_label_none": mark(
        "Plex knows no labels at all in this tier's libraries, so nothing was changed. To set"
        " {typed} all the same, write it in quotes, or add the label in Plex first."
    ),
    # Roles
    "role.unknown": mark("I cannot find that role any more. Choose another one."),
    "role.everybodys": mark("That role is everybody's, so it would tell nobody apart."),
    "role.managed": mark(
        "{role} belongs to an integration or a bot, so Discord lets nobody give it. Choose another"
        " one."
    ),
    "role.of_staff": mark(
        "{role} is one of the reviewer or admin roles: giving it would hand out rights. Choose"
        " another one."
    ),
    "role.of_a_tier": mark(
        "{role} is given by a tier, so everybody in that tier would get rights. Choose another"
        " role, or take it off the tier with /tier edit first."
    ),
    "role.gives_rights": mark(
        "{role} may manage the server, and everybody in the tier would get that right. Choose"
        " another one."
    ),
    "role.bot_may_not": mark(
        "I may not give roles here. Give me the permission Manage Roles, then choose it again."
    ),
    "role.above_bot": mark(
        "{role} stands above my own role, so I cannot give it. Move my role above it in Server"
        " Settings > Roles, then choose it again."
    ),
    "role.above_you": mark(
        "{role} stands above your own highest role, so you cannot have it given. Ask somebody"
        " whose role is higher."
    ),
    # Failures of Plex, for whoever looks after the server; a member reads `MEMBER_TEXTS`.
    # That it is tried again is said by the card and the panel which show these.
    "plex.unreachable": mark("Plex cannot be reached right now, so nothing was sent."),
    "plex.untrusted": mark(
        "The connection to Plex is not safe: its certificate is not valid, or it does not offer"
        " https. Nothing was sent. Check the server's address, and the clock of the machine that I"
        " run on."
    ),
    "plex.answer_lost": mark(
        "Plex's answer was lost, or cannot be read. Before anything is sent again, I look whether"
        " it worked."
    ),
    "plex.fault": mark(
        "Plex did not answer properly. Before anything is sent again, I look whether it worked."
    ),
    "plex.redirected": mark(
        "The server's address leads on to another one. I do not follow it, so that nobody gets"
        " hold of your sign-in. If the new address is right, set that one."
    ),
    "plex.busy": mark("Plex asks me to slow down, so I wait before I ask again."),
    "plex.token_refused": mark(
        "Plex no longer accepts the owner's sign-in. Sign in again with /plex connect, or let the"
        " operator set a new token; then everything that waits goes on by itself."
    ),
    "plex.not_owner": mark(
        "The connected Plex account does not own that server. Everything that waits goes on by"
        " itself once the owner's account is connected."
    ),
    "plex.server_changed": mark(
        "Another Plex server answers at the address that was set up. Everything waits until the"
        " right one is back there, or its new address is set."
    ),
    "plex.no_libraries": mark(
        "The tier has no libraries, so nothing was shared. Choose some with /plex libraries."
    ),
    "plex.already_shared": mark(
        "Plex says that this account already has an invite or access. I am looking for it on Plex."
    ),
    "plex.libraries_unknown": mark(
        "The Plex server's libraries have changed, so I read them anew."
    ),
    "plex.share_gone": mark("This invite is no longer on Plex. The member can ask again."),
    "plex.endpoint_gone": mark(
        "Plex has switched this function off. So far it has always come back after a while."
    ),
    "plex.not_understood": mark(
        "Plex no longer understands what I ask, or something else answers in its place. If this"
        " lasts, ask the operator to update me."
    ),
    "plex.refused": mark(
        "Plex refused, so I do not ask again. The member can check the account and ask anew."
    ),
    "plex.unverified": mark(
        "Plex wants this account's e-mail address confirmed first. Only its owner can do that."
    ),
    "plex.consent_missing": mark(
        "Plex wants this account to agree to something first. Only its owner can do that."
    ),
    # Discord
    "discord.cut_off": mark(
        "Discord did not take my answer. Please look whether it was done before you try again:"
        " /my-plex shows your own request, /requests those of others."
    ),
    # Helpr itself
    "ledger.unavailable": mark(
        "I cannot reach my database right now, so nothing was changed. Try again in a minute."
    ),
    "unexpected": mark(
        "Something went wrong on my side. If it happens again, tell an admin this reference: {ref}"
    ),
}

# The same failures for the member who waits: no word of tokens and addresses, and what to do now,
# which is nothing most of the time.
MEMBER_TEXTS: dict[str, str] = {
    "plex.unreachable": mark(
        "Plex cannot be reached right now. I keep trying; you do not need to do anything."
    ),
    "plex.untrusted": mark(
        "The way to Plex is not safe right now. Once the admins have fixed it, this goes on by"
        " itself; you do not need to do anything."
    ),
    "plex.answer_lost": mark(
        "Plex did not answer clearly, so I check whether it worked. I keep trying; you do not need"
        " to do anything."
    ),
    "plex.fault": mark(
        "Plex did not answer clearly, so I check whether it worked. I keep trying; you do not need"
        " to do anything."
    ),
    "plex.redirected": mark(
        "I cannot find Plex right now. I keep trying; you do not need to do anything."
    ),
    "plex.busy": mark("Plex is very busy. I ask again in a while; you do not need to do anything."),
    "plex.token_refused": mark(
        "Plex has signed me out. Once the admins have signed me in again, this goes on by itself;"
        " you do not need to do anything."
    ),
    "plex.not_owner": mark(
        "Plex does not let me invite people here yet. Once the admins have fixed that, this goes"
        " on by itself; you do not need to do anything."
    ),
    "plex.server_changed": mark(
        "The Plex server seems to be another one. Once the admins have looked, this goes on by"
        " itself; you do not need to do anything."
    ),
    "plex.no_libraries": mark(
        "There is nothing to share yet. Once the admins have chosen libraries, this goes on by"
        " itself; you do not need to do anything."
    ),
    "plex.already_shared": mark(
        "Plex says that this account already has an invite or access. I am looking for it; please"
        " also look for an e-mail from Plex."
    ),
    "plex.libraries_unknown": mark(
        "The Plex server's libraries have just changed. I keep trying; you do not need to do"
        " anything."
    ),
    "plex.share_gone": mark("Your invite is no longer on Plex."),
    "plex.endpoint_gone": mark(
        "Plex sends no invites at the moment. I keep trying; you do not need to do anything."
    ),
    "plex.not_understood": mark(
        "Plex is not answering as it should. I keep trying; you do not need to do anything."
    ),
    "plex.refused": mark(
        "Plex did not accept this account. Check the spelling; the admins can see Plex's reason."
    ),
    "plex.unverified": mark(
        "Plex wants you to confirm your e-mail address first. Sign in at https://app.plex.tv and"
        " look for Plex's e-mail about it."
    ),
    "plex.consent_missing": mark(
        "Plex wants you to agree to something first. Sign in at https://app.plex.tv: Plex asks"
        " you there."
    ),
}


def member_text(key: str, t: Texts) -> str:
    """What a member reads about the failure `key` of Plex, while it is tried again or in the end.

    How to ask again is said by the panel that shows it.
    """
    return t(MEMBER_TEXTS[key])


def error_text(error: HelprError, t: Texts) -> str:
    """What the reader is told about `error`."""
    given: dict[str, object] = dict(error.params)
    params = {
        name: _AS_READ[name](value, t) if name in _AS_READ else value
        for name, value in given.items()
    }
    if "seconds" in given:
        params["when"] = _when(int(str(given["seconds"])), t)
    return t(TEXTS[error.key], **params)


def _as_plain(value: object, _t: Texts) -> str:
    return plain(str(value))


# How a parameter is shown; any other one as it is.
_AS_READ: dict[str, Callable[[object, Texts], str]] = {
    "state": lambda value, t: state_name(str(value), t),
    "user": lambda value, _t: mention(int(str(value))),
    "channel": lambda value, _t: f"<#{value}>",
    "role": lambda value, _t: f"<@&{value}>",
    "permissions": lambda value, t: permission_names(str(value).split(), t),
    "why": lambda value, t: end_reason_name(EndReason(str(value)), t),
    **dict.fromkeys(("tier", "typed", "zone", "titles", "known", "server", "addresses"), _as_plain),
}


def _when(seconds: int, t: Texts) -> str:
    """Spoken time: a Discord timestamp would count on, and past, the instant."""
    if seconds < 60:
        return t.n("in {n} second", "in {n} seconds", seconds)
    if seconds < 3600:
        return t.n("in {n} minute", "in {n} minutes", -(-seconds // 60))
    return t.n("in {n} hour", "in {n} hours", -(-seconds // 3600))


# Failures in which Plex cannot have said anything: their reason is what happened on the way.
_UNSAID = {"plex.unreachable", "plex.untrusted", "plex.answer_lost", "plex.fault"}
# What Helpr noticed itself: a status, or one word. Plex speaks in sentences.
_OWN_DETAIL = re.compile(r"HTTP \d{3}|\S+|no token")


def plex_reason(key: str, reason: str, t: Texts) -> str:
    """Plex's own words, for admins, or what happened on the way; empty where there is nothing."""
    if not reason:
        return ""
    if key in _UNSAID or _OWN_DETAIL.fullmatch(reason):
        return t("(Detail: {reason})", reason=plain(reason))
    return t("Plex says: {reason}", reason=plain(reason))
