"""How programs and commands come by a network: by its name, its file, or none at all."""
