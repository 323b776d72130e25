"""The program: this stack's configuration -> one component -> its outputs.

Settings are described in Pulumi.yaml; their values for a stage are in Pulumi.<stage>.yaml.
"""

import pulumi
from async_download import AsyncDownload
from async_download.stack_config import read_args

files = AsyncDownload("files", read_args(pulumi.Config()))

pulumi.export("apiUrl", files.api_url)
pulumi.export("downloadUrl", files.download_url)
pulumi.export("webSocketUrl", files.web_socket_url)
pulumi.export("webPageUrl", files.web_page_url)
pulumi.export("executeApiUrl", files.execute_api_url)
pulumi.export("webSocketExecuteApiUrl", files.web_socket_execute_api_url)
pulumi.export("logGroupPrefix", files.log_group_prefix)
pulumi.export("restDeploymentTriggers", files.rest_deployment_triggers)
pulumi.export("apiDomainTarget", files.api_domain_target)
pulumi.export("apiDomainZoneId", files.api_domain_zone_id)
pulumi.export("webSocketDomainTarget", files.web_socket_domain_target)
pulumi.export("webSocketDomainZoneId", files.web_socket_domain_zone_id)
pulumi.export("bucketName", files.bucket_name)
pulumi.export("bucketRules", files.bucket_rules)
pulumi.export("downloadsTableName", files.downloads_table_name)
pulumi.export("connectionsTableName", files.connections_table_name)
pulumi.export("stateMachineArn", files.state_machine_arn)
pulumi.export("idleCloserMachineArn", files.idle_closer_machine_arn)
pulumi.export("deadLetterQueueUrl", files.dead_letter_queue_url)
pulumi.export("keyPolicyStatements", files.key_policy_statements)
pulumi.export("functionNames", files.function_names)
pulumi.export("apiKeyId", files.api_key_id)
pulumi.export("apiKeyIds", files.api_key_ids)
