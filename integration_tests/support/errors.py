"""Why a suite cannot run here.

SuiteError
├── MissingError   the machine lacks something: the tests are skipped, the message says what to do
└── RefusedTargetError   the target is not the one that was allowed: nothing is deployed
"""

from __future__ import annotations


class SuiteError(Exception):
    """Base of what stops the suite before its first test."""


class MissingError(SuiteError):
    """This machine lacks something; the message is one sentence with the remedy."""


class RefusedTargetError(SuiteError):
    """The target is not the one that the user allowed."""
