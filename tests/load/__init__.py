"""A whole installation with many people at once: reads, exports, edits and the close of a month.

`settings` the product with limits for one that does the work of many · `portfolio` what is there ·
`people` what they do · `closing` how they close a month · `figures` how long it took · `marks` what must
not be lost · `memory` what the programs use. Nothing asserts a time: the table at the end states them.
"""
