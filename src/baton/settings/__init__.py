"""What an installation says: the environment over one TOML file, every problem at once."""

from baton.settings.loading import load
from baton.settings.problems import Misconfigured
from baton.settings.values import Settings

__all__ = ["Misconfigured", "Settings", "load"]
