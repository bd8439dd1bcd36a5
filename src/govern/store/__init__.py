"""Where artifacts are: an OCI image layout on disk, or a repository of a registry."""
