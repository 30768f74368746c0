"""Several processes of one Baton at one port: what each of them knows of the others."""
