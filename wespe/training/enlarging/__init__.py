"""Super-resolution: photos are made smaller, and networks learn to make them large again."""
