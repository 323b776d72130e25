"""What is the same whatever deploys the stacks, and where to: the local cloud, the wheel, the suite's own tools."""
