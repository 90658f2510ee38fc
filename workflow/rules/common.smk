def patch_set(domain, suffix=".npy"):
    """The patch set of a domain (`source` or `target`) of the pair that a rule is about."""
    return lambda w: f"{DATA}/patches/{getattr(settings.pairs[w.name], domain)}{suffix}"


def given_files(wildcards):
    """The files of weights that the pair's recipe names."""
    return settings.recipes[settings.pairs[wildcards.name].recipe].given_files


def devices(run):
    """What a training asks of a cluster, in the words of Snakemake's plugin for Slurm."""
    asked = {"nodes": run.nodes}
    if not run.compute.startswith("cpu"):
        asked["gpu"] = run.devices * run.nodes
    if run.nodes > 1:
        # One start a node, by srun in the shell command; it starts a process for each device.
        asked |= {"mpi": "srun", "tasks": run.nodes, "tasks_per_gpu": 0}
    return asked


def one_gpu(run):
    """What a rule asks of a cluster that has networks run on one photo after the other."""
    return {} if run.compute.startswith("cpu") else {"gpu": 1}


def each_node(run):
    """What starts a command on each of several nodes."""
    nodes = run.nodes
    return f"srun --nodes={nodes} --ntasks={nodes} " if nodes > 1 else ""


def trained(file):
    """A file of the trained pair that an evaluation is about."""
    return lambda w: f"{RESULTS}/pairs/{settings.evaluations[w.name].pair}/{file}"


def evaluated():
    """All files of all evaluations."""
    return expand(
        f"{RESULTS}/evaluations/{{name}}/{{file}}",
        name=settings.evaluations,
        file=["images.csv", "summary.json", "metrics", "pictures", "crops"],
    )


def all_ratings():
    """All files of all ratings, and the list of them: where there are none, that is all there is."""
    files = expand(
        f"{RESULTS}/ratings/{{name}}/{{file}}",
        name=settings.ratings,
        file=["scores.csv", "summary.json", "metrics"],
    )
    return [f"{RESULTS}/ratings/index.json", *files]


def all_studies():
    """All files of all studies, and the list of them."""
    files = expand(
        f"{RESULTS}/studies/{{name}}.{{suffix}}",
        name=settings.studies,
        suffix=["json", "md", "csv"],
    )
    return [f"{RESULTS}/studies/index.json", *files]


def rater_weights(wildcards):
    """The file that a rater starts from, where its settings name one."""
    weights = settings.raters[wildcards.name].weights_file
    return [weights] if weights else []


def rated(table, file):
    """A file of what a rating is about: a rater or a pair."""
    kind = table.removesuffix("s")
    return (
        lambda w: f"{RESULTS}/{table}/{getattr(settings.ratings[w.name], kind)}/{file}"
    )
