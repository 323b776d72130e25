"""Checks requests to AWS against what AWS publishes, because emulators accept more than AWS does.

`install()` checks every request of every botocore session that is created afterwards in this process: against the
service's model, of which botocore itself checks neither patterns nor enums and few bounds, and against DynamoDB's
rules for expressions. A request that breaks a rule raises `WrongRequestError`, and is kept in `problems`, so that code
which swallows the error hides nothing. `site/sitecustomize.py` does the same in processes that tests start.
"""

from .hook import WrongRequestError, allowing, check_request, child_environment, install, install_in_child, problems

__all__ = [
    "WrongRequestError",
    "allowing",
    "check_request",
    "child_environment",
    "install",
    "install_in_child",
    "problems",
]
