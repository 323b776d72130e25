"""Lambda function `web_page`: serves the web page, which is in its archive."""

from async_download.functions import environment
from async_download.functions.definition import Environment, FunctionDefinition
from async_download.resources import Resources


def _environment(resources: Resources) -> Environment:
    return {"REST_AUTH": resources.settings.auth.type.value, **environment.cors_origins(resources)}


WEB_PAGE = FunctionDefinition(description="Serves the web page.", environment=_environment, statements=lambda _: [])
