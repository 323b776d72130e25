// A TypeScript program that uses the component as a remote one, run through the Automation API: prints its outputs.
import * as pulumi from "@pulumi/pulumi";
import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";

const given = JSON.parse(process.argv[2]);

class AsyncDownload extends pulumi.ComponentResource {
  declare readonly apiUrl: pulumi.Output<string>;
  declare readonly webSocketUrl: pulumi.Output<string>;
  declare readonly downloadsTableName: pulumi.Output<string>;
  declare readonly connectionsTableName: pulumi.Output<string>;

  constructor(name: string, args: pulumi.Inputs, opts: pulumi.ComponentResourceOptions) {
    const outputs = { apiUrl: undefined, webSocketUrl: undefined, downloadsTableName: undefined, connectionsTableName: undefined };
    super("async-download:index:AsyncDownload", name, { ...args, ...outputs }, opts, true);
  }
}

const program = async () => {
  const files = new AsyncDownload("files", given.component, { version: given.version });
  const { apiUrl, webSocketUrl, downloadsTableName, connectionsTableName } = files;
  return { apiUrl, webSocketUrl, downloadsTableName, connectionsTableName };
};

const stack = await LocalWorkspace.selectStack(
  { stackName: given.stack, projectName: given.project, program },
  { workDir: given.folder },
);
const { outputs } = await stack.up();
console.log("\n" + JSON.stringify(Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]))));
process.exit(0);
