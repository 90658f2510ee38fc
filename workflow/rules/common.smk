# Without a common disk, a command finds all files in the folder of the copies, where settings, tables
# and indexes say. What gets photos and votes reads them where the user has them.
IN_COPIES = """
copies={COPIES:q}/
export WESPE_STATES={STATES:q}
wespe() {{
    case $1 in
        acquire) command wespe "$@" --copy-photos ;;
        study) command wespe "$@" ;;
        *) (cd "$copies" && exec wespe "${{@//"$copies"}}") ;;
    esac
}}
"""
STATES = states_in_bucket(workflow) if COPIES else ""

# Who ends a job sends SIGTERM to all its processes. The shell, and `tee`, which shows and keeps what
# a command says, wait for that, so that it saves what it has and says so. What SIGKILL ends can say
# nothing: `killed CODE COMMAND LOG` does.
shell.prefix("""
set -euo pipefail
trap : TERM
killed() {{
    case $1 in
        137) why='SIGKILL, as where memory runs out'; more='mem_mb' ;;
        143) why='SIGTERM, as at the end of its time'; more='runtime' ;;
        *) return $1 ;;
    esac
    tail -n 1 "$3" | grep -q 'stopped by' ||
        echo "wespe $2: ended by $why${{SLURM_JOB_ID:+: \`$more\` of this rule in the profile asks for more}}" >> "$3"
    return $1
}}
""" + (IN_COPIES if COPIES else ""))

SHOWN = {
    ("report", "page"): dict(caption="page", category="Report"),
    ("tables", "tables"): dict(caption="table", category="Tables", each="{table}.html"),
    ("metrics", "metrics"): dict(caption="metrics", category="Tables"),
    ("evaluate", "pictures"): dict(
        caption="picture", category="Pictures", each="{photo}.{method}.jpg"
    ),
    ("evaluate", "crops"): dict(
        caption="crop", category="Crops at 100 %", each="{photo}.{method}.jpg"
    ),
    ("train", "samples"): dict(
        caption="samples", category="Training", each="{step}.jpg"
    ),
}
"""What `snakemake --report` shows: by rule and file, with `each` for the files of a folder."""


def made(rule, name="{name}"):
    """What a rule makes, by the names of `wespe/pipeline/stages.py`; a folder has no suffix."""
    files = outputs(stages.layout, rule, name).items()
    return {key: shown(rule, key, path) for key, path in files}


def shown(rule, key, path):
    """An output as Snakemake knows it, with its place in the report where it has one."""
    file = path if Path(path).suffix else directory(path)
    if (rule, key) not in SHOWN:
        return file
    place = SHOWN[rule, key]
    each = {"patterns": [place["each"]]} if "each" in place else {}
    if "{name}" in path:
        each["subcategory"] = "{name}"
    caption = f"../report/{place['caption']}.rst"
    return report(file, caption=caption, category=place["category"], **each)


def reads(rule):
    """What a rule reads, by the same names."""
    return unpack(lambda w: stages(rule, w.name).inputs)


def depends(rule):
    """What makes a rule run again besides its files, which are its settings and its code."""

    def of(wildcards):
        return stages(rule, getattr(wildcards, "name", ""))

    return {
        "file": PARAMS,
        "settings": lambda w: json.dumps(stages.settings(of(w))),
        "code": lambda w: of(w).code_hash,
    }


def log_of(rule, name="{name}"):
    """The log of a rule."""
    return str(stages.layout.log(rule, name))


def one_of(names):
    """A constraint of a wildcard: names of the settings, none where there are none."""
    return "|".join(names) or "(?!)"


def of_user(paths):
    """Files that a bucket does not have but for the copies that are made of them."""
    return [local(path) for path in paths] if COPIES else paths


ON_CLUSTER = workflow.resource_settings.nodes is not None
"""Whether rules run as jobs of a cluster, which `jobs` in a profile says."""


def all_cores():
    """The threads of what takes all of a machine; on a cluster the profile says how many."""
    return 1 if ON_CLUSTER else workflow.cores


def cores_asked(least=1):
    """What a rule of many threads asks of a cluster, so that its job has a core for each."""
    return {"cpus_per_task": lambda w, threads: max(threads, least)}


def devices(run):
    """What a training asks of a cluster, in the words of Snakemake's plugin for Slurm."""
    asked = {"nodes": run.nodes, **cores_asked(run.devices)}
    if not run.compute.startswith("cpu"):
        # `gpu` is their number in all, and Slurm gives 3 + 1 where 2 + 2 is asked for.
        gpus = (
            {"gpu": run.devices} if run.nodes == 1 else {"gres": f"gpu:{run.devices}"}
        )
        asked |= gpus
    if run.nodes > 1:
        # One start a node, by srun in the shell command; it starts a process for each device.
        asked |= {"mpi": "srun", "tasks": run.nodes, "tasks_per_gpu": 0}
    return asked


def one_gpu(run):
    """What a rule asks of a cluster that has networks run on one photo after the other."""
    return {} if run.compute.startswith("cpu") else {"gpu": 1}


def parts_of(wildcards, input):
    """The options of `wespe train` that name patches, which a given network may not need, and the
    network to begin with."""
    parts = [
        name for name in input.keys() if name.endswith(("_array", "start_network"))
    ]
    return " ".join(f"--{name.rpartition('_')[0]} {input.get(name)}" for name in parts)


def each_node(run):
    """What starts a command on each of several nodes."""
    nodes = run.nodes
    start = f"srun --nodes={nodes} --ntasks={nodes} --kill-on-bad-exit=1 "
    return start if nodes > 1 else ""


CORES_OF_EACH = (
    "SRUN_CPUS_PER_TASK={resources.cpus_per_task} " if settings.run.nodes > 1 else ""
)
"""Gives what srun starts all cores that the job has on a node, and not one of them. It is no
parameter of the rule, which would run again for it."""
