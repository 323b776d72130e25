"""`doctor`: finds what would make downloads fail, before it does."""

from __future__ import annotations

from async_download_admin.commands import Result
from async_download_admin.doctor import Finding, Status, run_checks
from async_download_admin.stack import Stack
from async_download_admin.tables import table

FAILED = 4
"""Exit code: a check failed."""


def doctor(stack: Stack) -> Result:
    """Return the findings of all checks."""
    findings = run_checks(stack)
    counts = {str(status): sum(finding.status is status for finding in findings.values()) for status in Status}
    checks = [
        {"check": name, "status": str(finding.status), "finding": finding.text, "action": finding.action}
        for name, finding in findings.items()
    ]
    rows = [(name, str(finding.status), _line(finding)) for name, finding in findings.items()]
    summary = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    text = f"{table(('CHECK', 'STATUS', 'FINDING'), rows)}\n{summary}."
    return Result({"checks": checks, "counts": counts}, text, FAILED if counts[str(Status.FAILED)] else 0)


def _line(finding: Finding) -> str:
    return f"{finding.text}. To do: {finding.action}" if finding.action else finding.text
