"""Dashboards as code: one source, and a form of it for Grafana over the local stack, Grafana over AWS, and CloudWatch.

`health.py`, `dependencies.py` and `events.py` say which questions there are and where the answers are looked up;
`saved_queries.py` has the queries of Logs Insights. The renderers know nothing of the service.
"""
