"""How fast Helpr is, always against a baseline of the same run: `python -m bench`.

Everything is measured from outside, over the wire: the bot is a process of its own between the
sandbox's Discord and Plex, as in the demo. It writes nothing but its table.
"""
