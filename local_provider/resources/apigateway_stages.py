"""REST APIs: deployments, stages and their settings, the account's role."""

from collections.abc import Mapping
from typing import Any, ClassVar

from local_provider.aws import Aws
from local_provider.resources.base import Gone, Inputs, Made, Resource, Setting, State, given
from local_provider.resources.patches import changes, retag_api, tags_of
from local_provider.values import Plain

__all__ = ["RESOURCES"]

_METHOD_SETTINGS = {
    "cachingEnabled": "caching/enabled",
    "dataTraceEnabled": "logging/dataTrace",
    "loggingLevel": "logging/loglevel",
    "metricsEnabled": "metrics/enabled",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
}


class Deployment(Resource):
    """A snapshot of an API."""

    type = "aws:apigateway/deployment:Deployment"
    implements = frozenset({"restApi", "description"})
    inert: ClassVar[Mapping[str, str]] = {
        "triggers": "the service does not see them: a change of theirs makes a new deployment"
    }
    replaces = frozenset({"restApi", "triggers"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Take it."""
        made = aws.client("apigateway").create_deployment(
            restApiId=inputs["restApi"], **given(description=inputs.get("description"))
        )
        return Made(made["id"], {"createdDate": made["createdDate"].isoformat()})

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:
        """Describe it anew."""
        aws.client("apigateway").update_deployment(
            restApiId=new["restApi"],
            deploymentId=resource_id,
            patchOperations=changes(old, new, {"description": "/description"}),
        )
        return {"createdDate": old["createdDate"]}

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """See whether it is there."""
        aws.client("apigateway").get_deployment(restApiId=state["restApi"], deploymentId=resource_id)
        return {}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:
        """Remove it."""
        aws.client("apigateway").delete_deployment(restApiId=state["restApi"], deploymentId=resource_id)


class Stage(Resource):
    """A deployment under a name."""

    type = "aws:apigateway/stage:Stage"
    implements = frozenset({"restApi", "deployment", "stageName", "description", "variables", "tags"})
    inert: ClassVar[Mapping[str, str]] = {
        "accessLogSettings.destinationArn": "the emulator writes no access logs",
        "accessLogSettings.format": "the emulator writes no access logs",
        "xrayTracingEnabled": "the emulator has no X-Ray",
    }
    replaces = frozenset({"restApi", "stageName"})

    def create(self, aws: Aws, inputs: Inputs) -> Made:
        """Make it."""
        client = aws.client("apigateway")
        client.create_stage(
            restApiId=inputs["restApi"],
            stageName=inputs["stageName"],
            deploymentId=inputs["deployment"],
            **given(
                description=inputs.get("description"),
                tracingEnabled=inputs.get("xrayTracingEnabled"),
                variables=inputs.get("variables"),
                tags=inputs.get("tags"),
            ),
        )
        self._log(client, {}, inputs)
        outputs = self._outputs(aws, inputs)
        retag_api(client, outputs["arn"], {}, inputs)
        return Made(f"ags-{inputs['restApi']}-{inputs['stageName']}", outputs)

    def update(self, aws: Aws, resource_id: str, old: State, new: Inputs) -> dict[str, Plain]:  # noqa: ARG002
        """Point it to another deployment, or change its settings."""
        client, outputs = aws.client("apigateway"), self._outputs(aws, new)
        paths = {
            "deployment": "/deploymentId",
            "description": "/description",
            "xrayTracingEnabled": "/tracingEnabled",
        }
        client.update_stage(
            restApiId=new["restApi"], stageName=new["stageName"], patchOperations=changes(old, new, paths)
        )
        self._log(client, old, new)
        retag_api(client, outputs["arn"], old, new)
        return outputs

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """Its deployment, description and tags."""
        client = aws.client("apigateway")
        found = client.get_stage(restApiId=state["restApi"], stageName=state["stageName"])
        members = {"deployment": "deploymentId", "description": "description"}
        seen = {key: found.get(member) for key, member in members.items() if key in state}
        return {**seen, "tags": tags_of(client, state["arn"])}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Remove it."""
        aws.client("apigateway").delete_stage(restApiId=state["restApi"], stageName=state["stageName"])

    def _log(self, client: Any, old: State, new: Inputs) -> None:
        before, after = old.get("accessLogSettings"), new.get("accessLogSettings")
        if before == after:
            return
        paths = {"destinationArn": "/accessLogSettings/destinationArn", "format": "/accessLogSettings/format"}
        patch: list[dict[str, str]] = [{"op": "remove", "path": "/accessLogSettings"}]
        patch = changes(before or {}, after, paths) if after else patch
        client.update_stage(restApiId=new["restApi"], stageName=new["stageName"], patchOperations=patch)

    def _outputs(self, aws: Aws, inputs: Inputs) -> dict[str, Plain]:
        api, stage = inputs["restApi"], inputs["stageName"]
        return {
            "arn": f"arn:aws:apigateway:{aws.region}::/restapis/{api}/stages/{stage}",
            "executionArn": aws.arn("execute-api", f"{api}/{stage}"),
            "invokeUrl": f"{aws.endpoint}/_aws/execute-api/{api}/{stage}",
        }


class MethodSettings(Setting):
    """Throttling, logging and metrics of the methods of a stage."""

    type = "aws:apigateway/methodSettings:MethodSettings"
    implements = frozenset(
        {"restApi", "stageName", "methodPath", "settings.throttlingBurstLimit", "settings.throttlingRateLimit"}
    )
    inert: ClassVar[Mapping[str, str]] = {
        "settings.cachingEnabled": "the emulator caches nothing",
        "settings.dataTraceEnabled": "the emulator writes no execution logs",
        "settings.loggingLevel": "the emulator writes no execution logs",
        "settings.metricsEnabled": "the emulator keeps no metrics",
    }
    replaces = frozenset({"restApi", "stageName", "methodPath"})

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Set them."""
        where = f"/{inputs['methodPath']}/"
        paths = {name: where + path for name, path in _METHOD_SETTINGS.items()}
        aws.client("apigateway").update_stage(
            restApiId=inputs["restApi"],
            stageName=inputs["stageName"],
            patchOperations=changes({}, inputs["settings"], paths),
        )
        return Made(f"{inputs['restApi']}-{inputs['stageName']}-{inputs['methodPath']}", {})

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:
        """The settings that the program made."""
        stage = aws.client("apigateway").get_stage(restApiId=state["restApi"], stageName=state["stageName"])
        found = stage.get("methodSettings", {}).get(state["methodPath"])
        if found is None:
            raise Gone(resource_id)
        return {"settings": {key: found.get(key, value) for key, value in state["settings"].items()}}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Take them away."""
        escaped = state["methodPath"].replace("/", "~1", state["methodPath"].count("/") - 1)
        aws.client("apigateway").update_stage(
            restApiId=state["restApi"],
            stageName=state["stageName"],
            patchOperations=[{"op": "remove", "path": f"/{escaped}"}],
        )


class Account(Setting):
    """The role that API Gateway logs with; one per account and region."""

    type = "aws:apigateway/account:Account"
    implements = frozenset()
    inert: ClassVar[Mapping[str, str]] = {"cloudwatchRoleArn": "the emulator writes no access logs"}

    def put(self, aws: Aws, inputs: Inputs) -> Made:
        """Set it."""
        patch = changes({}, inputs, {"cloudwatchRoleArn": "/cloudwatchRoleArn"})
        aws.client("apigateway").update_account(patchOperations=patch)
        return Made("api-gateway-account", {})

    def read(self, aws: Aws, resource_id: str, state: State) -> dict[str, Plain]:  # noqa: ARG002
        """The role."""
        role = aws.client("apigateway").get_account().get("cloudwatchRoleArn")
        if not role:
            raise Gone(resource_id)
        return {"cloudwatchRoleArn": role}

    def delete(self, aws: Aws, resource_id: str, state: State) -> None:  # noqa: ARG002
        """Forget it."""
        patch = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}]
        aws.client("apigateway").update_account(patchOperations=patch)


RESOURCES = (Deployment(), Stage(), MethodSettings(), Account())
