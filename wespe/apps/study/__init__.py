"""A blinded user study: which photo do people prefer, or how do they rate it."""
