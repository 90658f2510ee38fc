"""The training methods: a folder each with settings and a step, and an entry in `registry`."""
