"""A stand-in for a Kubernetes cluster: its programming interface, on this machine.

Each job that is created must be one that Kubernetes accepts. Its container is a process in a new,
empty folder, with no more of this process's surroundings than its image and its job say.
"""

import base64
import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Reply = Mapping[str, Any]


@dataclass
class Pod:
    """A job, and its container: a process in `folder`."""

    job: dict[str, Any]
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        return (self.folder.parent / "log").read_text()

    @property
    def rule(self) -> str:
        """The rule whose job it is."""
        found = re.search(r"--target-jobs '?(\w+):", self.command)
        assert found
        return found[1]

    @property
    def command(self) -> str:
        command: str = self.job["spec"]["template"]["spec"]["containers"][0]["args"][1]
        return command


@dataclass
class Cluster:
    """Where jobs run, below `root`; `image` is what the image sets in the environment. An `idle`
    one takes jobs and ends them at once."""

    root: Path
    image: Mapping[str, str]
    address: str = ""
    idle: bool = False
    pods: dict[str, Pod] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    def write_account(self, path: Path) -> None:
        """Write the file with which a user reaches the cluster."""
        cluster = {"name": "here", "cluster": {"server": self.address}}
        context = {"name": "here", "context": {"cluster": "here", "user": "me"}}
        path.write_text(
            json.dumps(
                {
                    **{"apiVersion": "v1", "kind": "Config", "current-context": "here"},
                    **{"clusters": [cluster], "contexts": [context]},
                    "users": [{"name": "me", "user": {"token": "secret"}}],
                }
            )
        )

    def create(self, job: dict[str, Any]) -> Reply:
        name, spec = job["metadata"]["name"], check_job(job)
        folder = self.root / name / "workdir"
        folder.mkdir(parents=True)
        container = spec["containers"][0]
        given = {
            one["name"]: self.secrets[one["valueFrom"]["secretKeyRef"]["name"]][
                one["valueFrom"]["secretKeyRef"]["key"]
            ]
            for one in container["env"]
        }
        with (folder.parent / "log").open("w") as log:
            process = subprocess.Popen(
                ["true"] if self.idle else [*container["command"], *container["args"]],
                cwd=folder,
                env={"HOME": str(folder.parent), **self.image, **given},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pods[name] = Pod(job, folder, process)
        return job

    def status(self, name: str) -> Reply:
        code = self.pods[name].process.poll()
        done = {} if code is None else {"failed" if code else "succeeded": 1}
        return {**self.pods[name].job, "status": done}

    def container(self, name: str) -> Reply:
        code = self.pods[name].process.poll()
        state = {"running": {}} if code is None else {"terminated": {"exitCode": abs(code)}}
        image = {"image": "wespe", "imageID": "", "restartCount": 0, "ready": code is None}
        status = {"name": "snakemake", "state": state, **image}
        metadata = {"name": f"{name}-pod", "labels": {"job-name": name}}
        return {"metadata": metadata, "status": {"containerStatuses": [status]}}

    def delete(self, name: str) -> None:
        """End a job as Kubernetes does after the time of grace, and the loss of a node at once."""
        self.deleted.add(name)
        process = self.pods[name].process
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def check_job(job: Mapping[str, Any]) -> dict[str, Any]:
    """The specification of a job's pod. AssertionError for what Kubernetes would refuse."""
    from kubernetes.client import ApiClient, V1Job

    reply = type("Reply", (), {"data": json.dumps(job)})
    # It refuses what lacks a part or is of a wrong type, and forgets what it does not know.
    read = ApiClient().deserialize(reply, "V1Job")
    assert isinstance(read, V1Job)
    assert ApiClient().sanitize_for_serialization(read) == dict(job)
    spec: dict[str, Any] = job["spec"]["template"]["spec"]
    [container] = spec["containers"]
    resources = container["resources"]
    for name, asked in resources["requests"].items():
        # What cannot be shared needs a limit, and that is what is asked for.
        if "/" in name:
            assert resources["limits"][name] == asked
    volumes = {volume["name"] for volume in spec["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
    return spec


def answer(cluster: Cluster, method: str, path: str, body: Any) -> Reply | str | None:
    """What the interface says; None where there is no such thing."""
    url = urlsplit(path)
    words = url.path.strip("/").split("/")
    kind, names = words[words.index("namespaces") + 2], words[words.index("namespaces") + 3 :]
    match method, kind, *names:
        case "POST", "secrets":
            data = {key: base64.b64decode(text).decode() for key, text in body["data"].items()}
            cluster.secrets[body["metadata"]["name"]] = data
            return {}
        case "DELETE", "secrets", name:
            cluster.secrets.pop(name)
            return {}
        case "POST", "jobs":
            return cluster.create(body)
        case "GET", "jobs", name, "status":
            return cluster.status(name) if name in cluster.pods else None
        case "DELETE", "jobs", name:
            cluster.delete(name)
            return {}
        case "GET", "pods":
            name = parse_qs(url.query)["labelSelector"][0].removeprefix("job-name=")
            return {"items": [cluster.container(name)]}
        case "GET", "pods", name, "log":
            return cluster.pods[name.removesuffix("-pod")].log
        case "DELETE", "pods", name:
            return {}
    return None


@contextmanager
def serving(root: Path, image: Mapping[str, str]) -> Iterator[Cluster]:
    """A cluster while it is up; its processes end with it."""
    cluster = Cluster(root, image)

    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            try:
                said, code = answer(cluster, self.command, self.path, body), 200
            except AssertionError as error:
                said, code = {"message": f"refused: {error}"}, 422
            if said is None:
                said, code = {"message": "not found"}, 404
            data = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(code)
            text = "text/plain" if isinstance(said, str) else "application/json"
            self.send_header("Content-Type", text)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = reply  # noqa: N815

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        cluster.address = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield cluster
        finally:
            server.shutdown()
            for name in cluster.pods:
                cluster.delete(name)
