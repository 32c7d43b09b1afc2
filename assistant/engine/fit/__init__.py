"""What of a model goes where: known before it is loaded, from the heads of its files alone."""

from assistant.engine.fit.plan import KvType, Plan, Where, Wishes, plan_for
from assistant.engine.fit.wording import describe_context, describe_placement

__all__ = ["KvType", "Plan", "Where", "Wishes", "describe_context", "describe_placement", "plan_for"]
