"""The words of the OCI image and distribution specs, as values. No I/O."""
