"""The use cases, in folders whose imports run one way: requests, ending, slices, copying, sockets, origin."""
