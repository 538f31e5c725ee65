"""Registers as other people keep them: one module a format, bytes to plain values, without a database.

`sheets`, `portfolio` and `workbook` are our own form; `contract_table` and `ocds` are registers of contracts,
`bill_table` is what was really charged. `vendors.services.registers` stores what they say.
"""
