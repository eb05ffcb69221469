"""Slash commands by family: acknowledge, call one service, render, reply."""
