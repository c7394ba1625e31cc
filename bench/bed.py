"""What the rows of the table are measured on: an app with its layers, an S3 server behind a rate limit, the peers."""
import mmap
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

import large_app

TOP = pathlib.Path(__file__).resolve().parent.parent
STATE = pathlib.Path(os.environ.get("BENCH_STATE", TOP / "build" / "bench"))
TREE = pathlib.Path(os.environ.get("HALCYON_BUILD_TREE", TOP / "build" / "release"))
TRASH = STATE / "trash"
HALCYON = TREE / "bin" / "halcyon"
RATE = float(os.environ.get("BENCH_RATE", 80e6))  # bytes/s, for each connection and direction
APP = "scotty-web"  # with 94 packages in its sandbox
os.environ["HALCYON_TEST_PACKAGES"] = "large"
# A bucket for each: the formats that the tiers have when nothing is said, and zstd everywhere.
BUCKETS = {"default": "bench", "zstd": "bench-zstd"}
PEERS = ["awscli", "xz-utils", "zstd", "pigz", "s5cmd"]
AWS_KEY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testsecret", "AWS_DEFAULT_REGION": "us-east-1"}


def tell(*words):
    print("bench:", *words, file=sys.stderr, flush=True)


def output(*command, **more):
    return subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True, **more).stdout.strip()


def install_peers():
    """What Debian has of the peers; the others' columns stay away."""
    wanted = []
    for package in PEERS:
        if not re.search(r"Candidate: [0-9]", output("apt-cache", "policy", package)):
            tell(package, "is not in this release of Debian")
        elif "installed" not in subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
                                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.split():
            wanted.append(package)
    if wanted:
        tell("installing", *wanted)
        sudo = [] if os.geteuid() == 0 else ["sudo"]
        subprocess.run([*sudo, "apt-get", "-qq", "install", "--yes", "--no-install-recommends", *wanted], check=True,
                       stdout=sys.stderr)


class Memory(threading.Thread):
    """The most memory that a process and its children have resident at once."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peak, self.done = pid, 0, False
        self.start()

    def run(self):
        while not self.done:
            self.peak = max(self.peak, sum(self.resident(pid) for pid in self.tree(self.pid)))
            time.sleep(0.05)

    @staticmethod
    def tree(pid):
        found = [pid]
        for parent in found:
            try:
                for task in os.listdir(f"/proc/{parent}/task"):
                    with open(f"/proc/{parent}/task/{task}/children") as children:
                        found += [int(child) for child in children.read().split()]
            except OSError:
                pass
        return found

    @staticmethod
    def resident(pid):
        try:
            with open(f"/proc/{pid}/statm") as statm:
                return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            return 0


class Result:
    def __init__(self, seconds, peak, log):
        self.seconds, self.peak, self.log = seconds, peak, log


def timed(command, env=None, cwd=None):
    """Runs a command, a list or a line for the shell: its time, memory, and what it printed."""
    if isinstance(command, str):
        command = ["bash", "-c", "set -eo pipefail; " + command]
    start = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], env=env, cwd=cwd, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    memory = Memory(process.pid)
    log = process.communicate()[0]
    seconds = time.perf_counter() - start
    memory.done = True
    memory.join()
    if process.returncode != 0:
        sys.exit(f"bench: {command} failed:\n{log[-3000:]}")
    return Result(seconds, memory.peak, log)


def remove(path):
    shutil.rmtree(path, ignore_errors=True)


def warm_memory():
    """Memory that a virtual machine's host has taken back is slow to come, whoever asks first."""
    size = mmap.PAGESIZE * (os.sysconf("SC_PHYS_PAGES") // 3)
    with mmap.mmap(-1, size) as memory:
        memory.madvise(mmap.MADV_NOHUGEPAGE)
        for page in range(0, size, mmap.PAGESIZE):
            memory[page] = 1


class Bed:
    def __init__(self):
        STATE.mkdir(parents=True, exist_ok=True)
        self.app_dir, self.cache, self.out = STATE / "app", STATE / "cache", STATE / "out"
        self.layers = self.app_dir / ".halcyon"
        port = STATE / "port"
        if not port.exists():  # part of the layers' tags
            port.write_text(output("python3", "-c", "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); "
                                   "print(s.getsockname()[1])"))
        self.url = output(TOP / "test/bed/up", STATE / "run-bed", env={**os.environ, "BED_PORT": port.read_text().strip()})
        self.s3_direct = output(TOP / "test/bed/s3", "up", STATE / "run-s3")
        throttle = STATE / "throttle"
        subprocess.run(["g++", "-std=c++20", "-O2", "-pthread", TOP / "bench/throttle.cpp", "-o", throttle], check=True)
        self.throttle = subprocess.Popen([throttle, self.s3_direct.rsplit(":", 1)[1], str(RATE)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        self.s3 = "http://127.0.0.1:" + self.throttle.stdout.readline().strip()
        self.catalog = STATE / "catalog.json"
        output("curl", "--silent", "--fail", "--output", self.catalog, self.url + "/catalog.json")
        self.env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(STATE), "LANG": "C.UTF-8", **AWS_KEY}
        self.prepare()

    def down(self):
        self.throttle.stdin.close()
        self.throttle.wait()
        subprocess.run([TOP / "test/bed/s3", "down", STATE / "run-s3"])
        subprocess.run([TOP / "test/bed/down", STATE / "run-bed"])

    def halcyon(self, *arguments, storage=None, archives="default", **options):
        """The command, and its environment; options as no_app="1". `storage` is a directory; without one it is S3."""
        env = {**self.env, "HALCYON_APP_DIR": str(self.app_dir), "HALCYON_CACHE_DIR": str(self.cache),
               "HALCYON_ROOT": str(self.out), "HALCYON_CATALOG": str(self.catalog),
               "HALCYON_CABAL_REPO": f"bed:{self.url}/hackage/", "HALCYON_NO_PUBLIC_STORAGE": "1",
               "HALCYON_NO_CLEAN_CACHE": "1", "HALCYON_NO_SELFUPDATE": "1"}
        if storage:
            env["HALCYON_STORAGE_DIR"] = str(storage)
        else:
            env.update(HALCYON_S3_BUCKET=BUCKETS[archives], HALCYON_S3_ENDPOINT=self.s3,
                       HALCYON_AWS_ACCESS_KEY_ID="test", HALCYON_AWS_SECRET_ACCESS_KEY="testsecret")
        if archives != "default":
            env["HALCYON_ARCHIVE_FORMAT"] = archives
        env.update({"HALCYON_" + name.upper(): value for name, value in options.items()})
        return {"command": [HALCYON, *arguments], "env": env}

    def checkout(self, app=APP):
        """The app as it was built; its directory."""
        source = STATE / "source" / app
        remove(source)
        output(TOP / "test/apps/checkout", app, source)
        return source

    def checkout_large(self):
        """The same with fifty modules."""
        source = STATE / "source" / "scotty-large"
        remove(source)
        output(TOP / "test/apps/checkout", APP, source)
        large_app.grow(source)
        return source

    def prepare(self):
        """The app's layers in a directory for each choice of formats, made once, and in buckets."""
        self.app, self.more = self.checkout(), self.checkout(APP + "-more")
        self.large = self.checkout_large()
        for archives, bucket in BUCKETS.items():
            storage = STATE / f"storage-{archives}"
            if not (storage / "done").exists():
                tell(f"making the layers, once ({archives})")
                remove(storage)
                storage.mkdir()
                self.forget()
                if archives != "default":  # nothing is compiled again
                    timed(**self.halcyon("restore", self.app, storage=STATE / "storage-default"))
                    remove(self.cache)
                timed(**self.halcyon("build", self.app, storage=storage, archives=archives))
                (storage / "done").touch()
            subprocess.run([TOP / "test/bed/s3-client", self.s3_direct, "make", bucket], check=True)
            timed(f"aws --endpoint-url {self.s3_direct} s3 sync --only-show-errors --exclude done {storage} s3://{bucket}",
                  self.env)

    def forget(self, layers=True, cache=True):
        """Back to a machine that has nothing of the app."""
        for tree in [self.out] + [self.layers] * layers + [self.cache] * cache:
            self.lay_aside(tree)
        os.sync()

    def lay_aside(self, tree):
        """Out of the way, but not removed: for a minute after a removal ext4 makes files slowly, whoever asks."""
        if tree.exists():
            TRASH.mkdir(exist_ok=True)
            tree.rename(TRASH / f"{len(os.listdir(TRASH))}-{tree.name}")

    def settle(self):
        """Between two rows: where the disk is getting full, as if nothing had been removed."""
        if TRASH.exists() and shutil.disk_usage(TRASH).free < 25e9:
            remove(TRASH)
            os.sync()
            time.sleep(65)

    def aws(self, words):
        return f"aws --endpoint-url {self.s3} {words}"

    def requests(self):
        """What the S3 server was asked so far."""
        time.sleep(0.3)
        return output(TOP / "test/bed/s3", "log", STATE / "run-s3").splitlines()


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {"cpus": os.cpu_count(), "model": model[1] if model else "unknown",
            "load": f"{os.getloadavg()[0]:.1f}", "date": time.strftime("%Y-%m-%d"), "rate": f"{RATE / 1e6:.0f} MB/s"}
