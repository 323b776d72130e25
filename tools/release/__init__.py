"""Tools of a release: version checks, builds, bills of materials, licences and release notes (docs/releasing.md)."""
