"""Kinds of numbers, by whose names in annotations experiments are told what they may give: see `benchmark.settings`."""

Count = int  # from 1
NotNegative = float
Positive = float
Share = float  # from 0 to 1
