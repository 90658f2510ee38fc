def patch_set(domain, suffix=".npy"):
    """The patch set of a domain (`source` or `target`) of the pair that a rule is about."""
    return lambda w: f"{DATA}/patches/{getattr(settings.pairs[w.name], domain)}{suffix}"


def extractor_weights(wildcards):
    """The file of the content loss's weights, where the pair's recipe names one."""
    weights = settings.recipes[settings.pairs[wildcards.name].recipe].extractor_weights
    return [weights] if weights else []


def trained(file):
    """A file of the trained pair that an evaluation is about."""
    return lambda w: f"{RESULTS}/pairs/{settings.evaluations[w.name].pair}/{file}"
