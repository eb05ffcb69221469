"""Editing a private answer by its interaction's token, which Discord allows for 15 minutes."""

import discord
from discord.http import Route, handle_message_parameters
from discord.ui import LayoutView

from bot.log import logger

log = logger(__name__)

# 401 (50027) once the token is over, 404 when the answer was dismissed.
TOKEN_OVER = {401, 403, 404}


async def edit_answer(
    client: discord.Client, application_id: int, token: str, view: LayoutView
) -> bool:
    """Show `view` in a private answer; False when Discord no longer lets it be edited.

    Raises what discord.py raises for everything else that may go wrong.
    """
    # "@original" is Discord's name for the answer itself; discord.py only edits it where it still
    # holds the interaction.
    route = Route(
        "PATCH",
        "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
        webhook_id=application_id,
        webhook_token=token,
    )
    try:
        with handle_message_parameters(view=view) as params:
            await client.http.request(route, json=params.payload)
    except discord.HTTPException as error:
        if error.status not in TOKEN_OVER:
            raise
        log.info("answer.over", error=f"{error.status}/{error.code}")
        return False
    return True
