"""Compute what a vendor achieved and owes: values in, values out.

Standard library only: no Django, no clock, no database, no time-zone database once inputs are
expanded. Read the modules in this order: money, intervals, trace, periods, terms, facts, codec,
ledger, measurement, credits, claims, evaluation.
"""
