"""The whole stack on this machine: an emulator of AWS, an embedded Pulumi engine and a stand-in AWS provider."""
