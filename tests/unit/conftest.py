"""How hypothesis plays in this tier: the same examples at every run, and no hurry."""

from hypothesis import settings

settings.register_profile("helpr", deadline=None, derandomize=True, database=None)
settings.load_profile("helpr")
