"""How patches are made smaller for networks that learn to enlarge; `training.methods` has those."""
