"""Names that AWS accepts: the legible part is kept, what does not fit becomes a hash."""

import hashlib
import re

LIMIT = 64  # functions, roles and rules; everything else allows at least as much
BUCKET_LIMIT = 63
RANDOM_LENGTH = 8  # "-" and seven characters, added to the name of a bucket


def default_prefix(project: str, stack: str, component: str) -> str:
    """Project, stack and component, in characters that every service accepts."""
    wanted = f"{project}-{stack}-{component}"
    clean = re.sub(r"[^A-Za-z0-9_-]", "-", wanted)
    return clean if clean == wanted else f"{clean}-{_digest(wanted)}"


def fit(name: str, limit: int) -> str:
    """The name itself, or its beginning and a hash of the whole."""
    return name if len(name) <= limit else f"{name[: limit - 9]}-{_digest(name)}"


def physical(prefix: str, part: str, limit: int = LIMIT) -> str:
    """`prefix-part`, where only the prefix is ever shortened."""
    return f"{fit(prefix, limit - len(part) - 1)}-{part}"


def bucket_stem(component: str) -> str:
    """What the engine makes a bucket's name from: lower-case, with room for its random end."""
    stem = re.sub(r"[^a-z0-9-]", "-", f"{component}-copies".lower()).lstrip("-")
    return fit(stem, BUCKET_LIMIT - RANDOM_LENGTH)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def machine_arn(neighbour: str, name: str) -> str:
    """ARN of a state machine in the region and account of another ARN, for whom it would be too early to ask it."""
    _, partition, _, region, account, *_ = neighbour.split(":")
    return f"arn:{partition}:states:{region}:{account}:stateMachine:{name}"


def account_id(arn: str) -> str:
    """Return the id of the account that an ARN names."""
    return arn.split(":")[4]
