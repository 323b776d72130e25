"""Checks the requests of a Python process that a test starts: see `child_environment`.

Python imports this module by itself when its folder is on PYTHONPATH. Only this folder is, and not the project's: a
module that is missing from a function's archive must stay missing.
"""

import importlib.util
import os
import sys
from pathlib import Path

if "REQUEST_PROBLEMS_FILE" in os.environ and importlib.util.find_spec("botocore") is not None:
    package = Path(__file__).parents[1] / "__init__.py"
    spec = importlib.util.spec_from_file_location("aws_request_checks", package)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["aws_request_checks"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.install_in_child()
