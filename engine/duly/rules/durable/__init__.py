"""The rule engine of record: durable-rules decides every layer, behind a guard, in a process that may die."""

from duly.rules.durable.worker import DurableUnavailable, Trust, Undecided, decide_all, processes_kept, started

__all__ = ["DurableUnavailable", "Trust", "Undecided", "decide_all", "processes_kept", "started"]
