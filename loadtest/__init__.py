"""Load tests: the published test reproduced, and what can be learnt beside it."""
