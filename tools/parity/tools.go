//go:build tools

// Package parity pins the Go programs of `make test-parity`, to be built from the Go module proxy.
package parity

import (
	_ "github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie"
	_ "github.com/versity/versitygw/cmd/versitygw"
)
