"""What tests start and talk to: real registries as processes, and one of our own that lies on request."""
