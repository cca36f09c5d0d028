"""The one HTTP door. Everything that leaves the process by HTTP leaves here; nothing here knows a kind of portal."""

from harvester.fetch.allowance import Limits
from harvester.fetch.door import Door, user_agent
from harvester.fetch.question import Credentials, Validator
from harvester.fetch.session import JobFetch

__all__ = ["Credentials", "Door", "JobFetch", "Limits", "Validator", "user_agent"]
