//go:build tools

// Package tools names what `make actionlint` builds.
package tools

import _ "github.com/rhysd/actionlint/cmd/actionlint"
