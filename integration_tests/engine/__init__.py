"""The program on Pulumi's own engine: what `pulumi preview`, `up`, `refresh` and `destroy` do with it."""
