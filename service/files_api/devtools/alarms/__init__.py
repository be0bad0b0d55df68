"""The service levels and the alarms: what they are, how they are written down for those who watch, and what they do.

`catalogue` has all of them, `evaluation` runs them over series of counts, `cloudwatch` and `prometheus` render them.
"""
