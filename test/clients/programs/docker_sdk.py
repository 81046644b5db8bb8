"""A program with Docker's library for Python that touches every resource. Ends with 0 when all was as it should be."""

import io
import tarfile

import docker
from docker.errors import APIError, ContainerError, ImageNotFound, NotFound
from docker.types import Healthcheck, IPAMConfig, IPAMPool, Mount, Ulimit

client = docker.from_env()


def expect(condition, what):
    if not condition:
        raise SystemExit(f"not as it should be: {what}")


def refused(error, call):
    try:
        call()
    except error:
        return
    raise SystemExit(f"{error.__name__} was expected")


def printed_by(image, command=None, **options):
    """What a container prints until it ends."""
    container = client.containers.create(image, command, **options)
    container.start()
    container.wait()
    printed = container.logs()
    container.remove()
    return printed


def system():
    expect(client.ping(), "ping")
    expect(client.version()["Os"] == "linux", "version")
    expect(client.info()["OSType"] == "linux", "info")
    expect("Images" in client.df(), "df")


def images():
    dockerfile = io.BytesIO(b"FROM starter\nLABEL made=python\nRUN echo built > /built\nCMD cat /built\n")
    image, log = client.images.build(fileobj=dockerfile, tag="sdk:1", rm=True)
    expect(any("Successfully built" in line.get("stream", "") for line in log), "the build's stream")
    expect(image.labels["made"] == "python", "labels")
    expect(printed_by("sdk:1") == b"built\n", "output of the built image")
    expect(image.tag("sdk", "2"), "tag")
    saved = b"".join(client.images.get("sdk:1").save(named=True))
    client.images.remove("sdk:1")
    expect(client.images.load(saved)[0].tags, "load")
    expect(len(client.images.list(filters={"label": "made=python"})) == 1, "list by label")
    expect(len(image.history()) > 1, "history")
    refused(ImageNotFound, lambda: client.images.get("absent"))
    try:
        client.images.build(fileobj=io.BytesIO(b"FROM starter\nRUN exit 3\n"))
    except docker.errors.BuildError as error:
        expect("returned a non-zero code: 3" in str(error), f"the text of a failed build: {error}")
    else:
        raise SystemExit("a failing build passed")


def containers():
    expect(printed_by("starter", "echo hello") == b"hello\n", "run")
    refused(ContainerError, lambda: client.containers.run("starter", "sh -c 'exit 3'", remove=True))
    refused(ImageNotFound, lambda: client.containers.create("absent"))
    container = client.containers.run(
        "starter",
        ["sh", "-c", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done"],
        detach=True,
        name="python",
        labels={"of": "python"},
        environment={"A": "b"},
        ports={"80/tcp": ("127.0.0.1", None)},
        mem_limit="64m",
        nano_cpus=500_000_000,
        ulimits=[Ulimit(name="nofile", soft=100, hard=200)],
        mounts=[Mount("/t", None, type="tmpfs", tmpfs_size=1 << 20)],
        healthcheck=Healthcheck(test=["CMD", "true"], interval=100_000_000),
        restart_policy={"Name": "on-failure", "MaximumRetryCount": 0},
    )
    for line in container.logs(stream=True, follow=True):
        expect(line == b"ready\n", "the log's stream")
        break
    container.reload()
    expect(container.status == "running", "status")
    expect(int(container.ports["80/tcp"][0]["HostPort"]) > 0, "ports")
    expect(client.containers.list(filters={"label": "of=python"}) == [container], "list")
    code, output = container.exec_run("sh -c 'echo $A $(ulimit -n)'")
    expect((code, output) == (0, b"b 100\n"), f"exec {code} {output}")
    code, (out, err) = container.exec_run("sh -c 'echo o; echo e >&2; exit 4'", demux=True)
    expect((code, out, err) == (4, b"o\n", b"e\n"), "exec with two streams")
    expect(container.stats(stream=False)["memory_stats"]["limit"] == 64 << 20, "stats")
    expect(next(container.stats(decode=True))["name"] == "/python", "the stream of stats")
    expect(container.top()["Processes"], "top")
    container.update(mem_limit="128m", memswap_limit="128m")
    files(container)
    container.pause()
    container.reload()
    expect(container.status == "paused", "pause")
    container.unpause()
    container.rename("python2")
    refused(APIError, lambda: container.remove())
    container.stop(timeout=5)
    expect(container.wait()["StatusCode"] == 3, "the status after stop")
    container.restart()
    container.kill()
    container.wait(condition="not-running")
    container.remove(v=True)
    refused(NotFound, lambda: client.containers.get("python2"))


def files(container):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        entry = tarfile.TarInfo("carried")
        entry.size = 7
        archive.addfile(entry, io.BytesIO(b"content"))
    expect(container.put_archive("/tmp", data.getvalue()), "put_archive")
    stream, stat = container.get_archive("/tmp/carried")
    expect(stat["size"] == 7, "stat")
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        expect(archive.extractfile("carried").read() == b"content", "get_archive")
    expect({"Path": "/tmp/carried", "Kind": 1} in container.diff(), "diff")
    client.images.remove(container.commit("kept", "1").id, force=True)
    expect(sum(len(part) for part in container.export()) > 1 << 20, "export")


def attach():
    container = client.containers.create("starter", "cat", stdin_open=True)
    socket = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
    container.start()
    socket._sock.sendall(b"typed\n")
    header = socket.read(8)
    expect(header[0] == 1, "the stream's number")
    expect(socket.read(int.from_bytes(header[4:8], "big")) == b"typed\n", "what came back")
    socket.close()
    container.remove(force=True)


def networks():
    pool = IPAMConfig(pool_configs=[IPAMPool(subnet="10.97.0.0/24", gateway="10.97.0.1")])
    network = client.networks.create("pynet", ipam=pool, labels={"of": "python"}, check_duplicate=True)
    server = client.containers.run("starter", "sleep 1000", detach=True, name="pyserver", network="pynet")
    other = client.containers.run("starter", "sleep 1000", detach=True)
    network.connect(other, aliases=["also"], ipv4_address="10.97.0.9")
    for name in ("pyserver", "also"):
        asked = server if name == "also" else other
        code, output = asked.exec_run(["ping", "-c", "1", "-W", "2", name])
        expect(code == 0, f"ping {name}: {output}")
    network.reload()
    expect({each.name for each in network.containers} == {"pyserver", other.name}, "containers")
    refused(APIError, network.remove)
    network.disconnect(other)
    server.remove(force=True)
    other.remove(force=True)
    expect(client.networks.list(filters={"label": "of=python"}) == [network], "list")
    network.remove()
    client.networks.prune()


def volumes():
    volume = client.volumes.create("pyvol", labels={"of": "python"})
    at = {"pyvol": {"bind": "/v", "mode": "rw"}}
    client.containers.run("starter", "sh -c 'echo kept > /v/f'", volumes=at, remove=True)
    expect(printed_by("starter", "cat /v/f", volumes=at) == b"kept\n", "kept")
    expect(client.volumes.list(filters={"label": "of=python"}) == [volume], "list")
    volume.remove()
    refused(NotFound, lambda: client.volumes.get("pyvol"))
    client.volumes.prune()


def events():
    stream = client.events(decode=True, filters={"container": "heard"})
    client.containers.run("starter", "true", name="heard", remove=True)
    seen = []
    for event in stream:
        seen.append(event["Action"])
        if event["Action"] == "destroy":
            break
    stream.close()
    for action in ("create", "start", "die"):
        expect(action in seen, f"{action} in {seen}")


def prune():
    client.containers.create("starter", name="dust")
    expect(len(client.containers.prune()["ContainersDeleted"]) == 1, "prune")
    for tag in ("sdk:1", "sdk:2"):
        client.images.remove(tag)
    client.images.prune()


for part in (system, images, containers, attach, networks, volumes, events, prune):
    part()
    print(f"{part.__name__}: good", flush=True)
