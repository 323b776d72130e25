//go:build tools

// Package pulumi pins the Pulumi CLI and its YAML host, to be built from the Go module proxy where their download site
// cannot be reached.
package pulumi

import (
	_ "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
)
