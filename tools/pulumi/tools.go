//go:build tools

// Package pulumi pins the Pulumi CLI, to be built from the Go module proxy where its download site cannot be reached.
package pulumi

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
