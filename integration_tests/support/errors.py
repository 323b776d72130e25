"""Errors that stop the suite.

SuiteError
├── MissingError   the machine lacks something: the tests are skipped, the message names the remedy
└── RefusedTargetError   the target is not the one that was allowed: nothing is deployed
"""

from __future__ import annotations


class SuiteError(Exception):
    """Base of errors that stop the suite before its first test."""


class MissingError(SuiteError):
    """This machine lacks something; the message names the remedy."""


class RefusedTargetError(SuiteError):
    """The target is not the one that the user allowed."""
