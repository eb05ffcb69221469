"""All that a person sees in Discord: cards, panels, modals, and errors as words."""
