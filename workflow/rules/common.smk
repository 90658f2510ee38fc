def patch_set(domain, suffix=".npy"):
    """The patch set of a domain (`source` or `target`) of the pair that a rule is about."""
    return lambda w: f"{DATA}/patches/{getattr(settings.pairs[w.name], domain)}{suffix}"


def extractor_weights(wildcards):
    """The file of the content loss's weights, where the pair's recipe names one."""
    weights = settings.recipes[settings.pairs[wildcards.name].recipe].content.weights
    return [weights] if weights else []


def evaluated(pattern):
    """`pattern`, filled in for an evaluation: its photos, its pair, the pair's source and target."""

    def fill(wildcards):
        evaluation = settings.evaluations[wildcards.name]
        pair = settings.pairs[evaluation.pair]
        return pattern.format(
            photos=evaluation.photos,
            pair=evaluation.pair,
            source=pair.source,
            target=pair.target,
        )

    return fill
