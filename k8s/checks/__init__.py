"""What schemas cannot see: that the manifests fit the code, and each other. `make check-manifests` runs it."""
