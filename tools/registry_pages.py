"""The pages of Pulumi's registry, docs/_index.md and docs/installation-configuration.md: `make docs`.

The registry reads them at the tag of a release. Its shortcodes `chooser` and `choosable` show one language at a time,
and `examples` in a description of the schema does so on the page of the resource. Links are absolute, since the
registry shows the pages under another address.
"""

from __future__ import annotations

from tools.release.packages import COMPONENT, TOP, repository_url

FOLDER = TOP / "docs"
EXAMPLES = {
    "typescript": "examples/typescript/index.ts",
    "python": "examples/python/__main__.py",
    "go": "examples/go/main.go",
    "yaml": "examples/yaml/Pulumi.yaml",
}
"""The programs that `make test-languages` deploys, by the registry's name of the language."""
AWS = "https://www.pulumi.com/registry/packages/aws/"
UNKNOWN_REPOSITORY = "https://…/async-download"


def example(language: str) -> str:
    """Return the program in a language as a block of code."""
    return f"```{language}\n{(TOP / EXAMPLES[language]).read_text(encoding='utf-8').strip()}\n```"


def schema_examples() -> str:
    """Return the section of the schema's description that holds the programs."""
    programs = "\n\n".join(example(language) for language in EXAMPLES)
    title = "### Downloads of reports from one origin"
    return (
        "{{% examples %}}\n## Example Usage\n\n{{% example %}}\n"
        f"{title}\n\n{programs}\n\n"
        "{{% /example %}}\n{{% /examples %}}"
    )


def index(repository: str | None, version: str) -> str:
    """Return docs/_index.md; `repository` is the URL of the repository, if it is known."""
    choices = "\n".join(
        f"{{{{% choosable language {language} %}}}}\n\n{example(language)}\n\n{{{{% /choosable %}}}}"
        for language in EXAMPLES
    )
    chooser = f'{{{{< chooser language "{",".join(EXAMPLES)}" >}}}}\n{choices}\n{{{{< /chooser >}}}}'
    return f"""{_front_matter("Async Download", "Serve files that are too large or too slow for a REST API on AWS.")}
Async Download is a component for AWS that serves files which are too large or too slow for a REST API. API Gateway is
limited to 10 MB and 29 s, Lambda to 6 MB.

A client requests a file from a REST API. Step Functions copies it from an HTTP origin to S3, for hours if necessary,
and verifies it. The client gets a pre-signed URL over a WebSocket, at once if it connects later. The component creates
both APIs, the state machine, the Lambda functions, two DynamoDB tables and the bucket.

## Example

{chooser}

The program exports the URL of the simplest call, `GET {{downloadUrl}}?path=...`, which is answered with the address of
the WebSocket. By default, calls are signed with IAM credentials (SigV4). In TypeScript and Go the first import depends
on how the component was added; `pulumi package add` prints it.

C# and Java programs use the component in the same way; `pulumi package add` generates their SDKs. The programs above
are deployed by the tests of each release.
{_more(repository, version)}"""


def installation(repository: str | None, version: str) -> str:
    """Return docs/installation-configuration.md."""
    address = f"{repository or UNKNOWN_REPOSITORY}.git/components@v{version}"
    title, summary = "Async Download Installation & Configuration", "How to install and configure Async Download."
    return f"""{_front_matter(title, summary)}
## Installation

`pulumi package add` generates an SDK in the language of your program, for TypeScript, JavaScript, Python, Go, C#, Java
and YAML. No SDK is published to npm, NuGet or Maven.

```bash
pulumi package add {address}
```

The command prints the import statement that your program needs. The component runs on the machine that runs Pulumi,
and needs Python 3.11 or newer and [uv](https://docs.astral.sh/uv/) there.

* TypeScript, JavaScript: the generated SDK in `sdks/`
* Python: [`async-download`](https://pypi.org/project/async-download/) on PyPI, without a generated SDK:

  ```bash
  pip install async-download=={version}
  ```

* Go: the generated SDK in `sdks/`
* .NET: the generated SDK in `sdks/`
* Java: the generated SDK in `sdks/`
* YAML: `pulumi package add` alone

## Configuration

The component creates resources with the [AWS provider]({AWS}), whose configuration it uses:

```bash
pulumi config set aws:region eu-central-1
```

or environment variables:

```bash
export AWS_REGION=eu-central-1
export AWS_ACCESS_KEY_ID=...
export AWS_SECRET_ACCESS_KEY=...
```

The AWS provider's [Installation & Configuration]({AWS}installation-configuration/) has all ways to give it
credentials. To deploy to a second region or account, pass a provider in the option `providers`.

Everything else is an argument of the component. `origins` is required: the HTTP origins that files are copied from, by
name. The page of the resource lists all arguments with their defaults and allowed values; a preview refuses others.
{_more(repository, version)}"""


def _front_matter(title: str, summary: str) -> str:
    return f"---\ntitle: {title}\nmeta_desc: {summary}\nlayout: package\n---\n"


def _more(repository: str | None, version: str) -> str:
    if not repository:
        return ""
    tree = f"{repository}/blob/v{version}"
    documents = {"Settings": "docs/settings.md", "Deploying": "docs/deploying.md", "Calling it": "docs/downloading.md"}
    links = "\n".join(f"* [{name}]({tree}/{page})" for name, page in documents.items())
    return f"\n## More\n\n{links}\n"


RENDERERS = {"_index.md": index, "installation-configuration.md": installation}


if __name__ == "__main__":
    for name, content in RENDERERS.items():
        (FOLDER / name).write_text(content(repository_url(), COMPONENT.version()), encoding="utf-8")
