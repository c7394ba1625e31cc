"""A push: one build, its slug and its release."""
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
import uuid

from app import Failure, read, write
from dynos import LANG, PATH, START, Dyno, chown, die_with_parent

SLUG_LIMIT, SLUG_WARNING = 1 << 30, 300 << 20


def step(text):
    print(f"-----> {text}", flush=True)


def detail(text):
    print(f"       {text}", flush=True)


def warning(text):
    print(f" !     {text}", flush=True)


def check_out(source, target):
    """A copy of what is committed, or of the directory: no .git, today's times. The commit's name."""
    os.mkdir(target)
    if os.path.exists(f"{source}/.git"):
        git = ["git", "-c", "safe.directory=*", "-C", source]
        archive = subprocess.Popen([*git, "archive", "HEAD"], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-C", target, "--touch", "-xf", "-"], stdin=archive.stdout, check=True)
        if archive.wait():
            raise Failure(f"git archive failed in {source}")
        return subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()
    subprocess.run(["cp", "-R", f"{source}/.", target], check=True)
    return secrets.token_hex(20)


def parse_release(text):
    """bin/release's output: the YAML of a map of lists and maps of strings, and nothing else."""
    result, section = {}, None
    for number, line in enumerate(text.rstrip("\n").split("\n"), 1):
        if number == 1 and line == "--- {}":
            return {}
        if (number == 1 and line == "---") or not line.strip():
            continue
        if match := re.fullmatch(r"(\w+):(?: (\[\]|\{\}))?", line):
            section = match[1]
            result[section] = {"[]": [], "{}": {}}.get(match[2])
        elif section and result[section] in (None, []) and (match := re.fullmatch(r"  - (\S.*)", line)):
            result[section] = (result[section] or []) + [match[1]]
        elif section and isinstance(result[section] or {}, dict) and (
                match := re.fullmatch(r"  ([A-Za-z0-9_-]+): ([^\s#&*!|>%@`\[\]{}].*)", line)):
            result[section] = {**(result[section] or {}), match[1]: match[2].strip("'\"")}
        else:
            raise Failure(f"bin/release is not valid YAML, line {number}: {line}")
    if unknown := set(result) - {"addons", "default_process_types", "config_vars"}:
        raise Failure(f"bin/release has unknown keys: {' '.join(sorted(unknown))}")
    return result


def parse_procfile(path):
    if not os.path.exists(path):
        return {}
    lines = read(path).splitlines()
    return dict(match.groups() for line in lines if (match := re.fullmatch(r"([A-Za-z0-9_-]+):\s*(.+)", line)))


def check_report(text):
    """bin/report's output: flat YAML of scalars, as JSON writes them."""
    for line in text.splitlines():
        name, colon, value = line.partition(": ")
        try:
            flat = not isinstance(json.loads(value), (list, dict))
        except ValueError:
            flat = False
        if not (colon and flat and re.fullmatch(r"[a-z][a-z0-9_]*", name)):
            raise Failure(f"bin/report is not a flat map: {line}")


# Runs a buildpack's hook, after what the buildpacks before it export.
HOOK = """buildpack=$1 hook=$2
shift 2
while [ "$1" != -- ]; do
  if [ -e "$1/export" ]; then . "$1/export"; fi
  shift
done
shift
cd "$buildpack" && unset OLDPWD && exec "./bin/$hook" "$@"
"""

# Runs bin/test as a dyno's command, with the config vars of ENV_DIR in its environment.
TEST = """cd /app
for file in "$2"/*; do
  export "$(basename "$file")=$(cat "$file")"
done
exec bash -c "$0" "$1/bin/test /app $2"
"""


class Build:
    """One build: a dyno with the checkout, the buildpacks, the config vars and the cache in it."""

    def __init__(self, app, source, in_app_dir, cache=None):
        self.app = app
        self.cache = cache or app.cache
        self.dyno = dyno = Dyno(app, "build." + secrets.token_hex(4), "build")
        self.inside = {"build": "/app" if in_app_dir else "/tmp/build_" + secrets.token_hex(4),
                       "env": "/tmp/d" + secrets.token_hex(6), "cache": "/tmp/codon/tmp/cache"}
        self.outside = {name: dyno.path + path for name, path in self.inside.items()}
        if in_app_dir:
            os.rmdir(self.outside["build"])
        version = check_out(source, self.outside["build"])
        shutil.rmtree(self.outside["build"] + "/.git", ignore_errors=True)
        self.buildpacks = []
        for archive in os.environ["HALCYON_BUILDPACK"].split():
            self.buildpacks.append("/tmp/buildpack" + secrets.token_hex(4))
            os.mkdir(dyno.path + self.buildpacks[-1])
            subprocess.run(["tar", "-C", dyno.path + self.buildpacks[-1], "--no-same-owner", "-xzf", archive], check=True)
        os.mkdir(self.outside["env"], 0o700)
        for name, value in app.config().items():
            with open(os.open(f"{self.outside['env']}/{name}", os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
                file.write(value)
        if os.path.isdir(f"{app.path}/env_dir"):
            subprocess.run(["cp", "-a", f"{app.path}/env_dir/.", self.outside["env"]], check=True)
            os.chmod(self.outside["env"], 0o700)
        os.makedirs(os.path.dirname(self.outside["cache"]))
        if os.path.exists(self.cache):
            subprocess.run(["cp", "-a", self.cache, self.outside["cache"]], check=True)
        chown(dyno.uid, self.outside["build"], self.outside["env"], f"{dyno.path}/tmp/codon",
              *(dyno.path + buildpack for buildpack in self.buildpacks))
        self.environment = {"HOME": "/app", "LANG": LANG, "PATH": PATH, "STACK": app.stack,
                            "SOURCE_VERSION": version, "REQUEST_ID": str(uuid.uuid4())}
        self.deadline = time.monotonic() + float(os.environ.get("HEROKU_BUILD_TIMEOUT", "1800"))

    def hook(self, buildpack, name, *arguments, shown):
        """Runs one of a buildpack's programs; its status and output. What is shown goes by a pipe, as it comes."""
        before = self.buildpacks[:self.buildpacks.index(buildpack)] if name == "compile" else []
        command = ["bash", "-c", HOOK, "bash", buildpack, name, *before, "--",
                   *(self.inside[argument] for argument in arguments)]
        return self.process(self.environment, command, shown)

    def process(self, environment, command, shown):
        process = self.dyno.start(environment, command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT if shown else None, preexec_fn=die_with_parent)
        timer = threading.Timer(self.deadline - time.monotonic(), process.kill)
        timer.start()
        output = b""
        while data := process.stdout.read1(65536):
            output += data
            if shown:
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
        status = process.wait()
        timer.cancel()
        if time.monotonic() > self.deadline:
            raise Failure("Timed out compiling app")
        return status, output.decode(errors="replace")

    def pack_slug(self):
        """Heroku's form: directories, files and symbolic links under ./app/."""
        parent = f"{self.dyno.path}/slug"
        os.mkdir(parent)
        os.rename(self.outside["build"], f"{parent}/app")
        slug = f"{self.dyno.path}/slug.tar.gz"
        subprocess.run(["tar", "-C", parent, "--owner=0", "--group=0", "--numeric-owner", "--hard-dereference",
                        "-czf", slug, "./app"], check=True)
        size = os.path.getsize(slug)
        if size > SLUG_LIMIT:
            raise Failure(f"Compiled slug size: {size / (1 << 20):.1f}M is too large (max is 1G).")
        if size > SLUG_WARNING:
            warning(f"Your slug size ({size >> 20} MB) exceeds our soft limit (300 MB)")
        return slug, size

    def keep_cache(self):
        """Into other inodes, and only after a success."""
        if os.path.isdir(self.outside["cache"]):
            new = self.cache + ".new"
            shutil.rmtree(new, ignore_errors=True)
            subprocess.run(["cp", "-a", self.outside["cache"], new], check=True)
            shutil.rmtree(self.cache, ignore_errors=True)
            os.rename(new, self.cache)

    def has_hook(self, buildpack, name):
        return os.path.exists(f"{self.dyno.path}{buildpack}/bin/{name}")

    def compile(self, hook):
        """Detects and compiles with every buildpack; a report is made in any case, and fails nothing."""
        for buildpack in self.buildpacks:
            status, name = self.hook(buildpack, "detect", "build", shown=False)
            if status or not name.strip():
                raise Failure("App not compatible with buildpack")
            step(f"{name.strip()} app detected")
            done = hook if self.has_hook(buildpack, hook) else "compile"
            failed = self.hook(buildpack, done, "build", "cache", "env", shown=True)[0]
            if self.has_hook(buildpack, "report"):
                status, text = self.hook(buildpack, "report", "build", "cache", "env", shown=False)
                if status == 0:
                    check_report(text)
                    write(f"{self.app.path}/report", text)
            if failed:
                raise Failure("Failed to compile app")

    def test(self):
        """A CI run: the status of bin/test. No slug, no release."""
        step("Running test setup on " + self.app.stack)
        self.compile("test-compile")
        self.keep_cache()
        step("Running bin/test")
        environment = {**self.environment, "CI": "true"}
        command = ["bash", "-c", TEST, START, self.buildpacks[-1], self.inside["env"]]
        return self.process(environment, command, shown=True)[0]

    def run(self):
        step("Building on " + self.app.stack)
        self.compile("compile")
        processes = {}
        if self.has_hook(self.buildpacks[-1], "release"):
            status, text = self.hook(self.buildpacks[-1], "release", "build", shown=False)
            if status:
                raise Failure("bin/release failed")
            processes = parse_release(text).get("default_process_types") or {}
        step("Discovering process types")
        processes = {**processes, **parse_procfile(self.outside["build"] + "/Procfile")}
        detail("Types -> " + (", ".join(sorted(processes)) or "(none)"))
        step("Compressing...")
        slug, size = self.pack_slug()
        detail(f"Done: {size / (1 << 20):.1f}M")
        self.keep_cache()
        step("Launching...")
        detail(f"Released v{self.app.add_release(slug, processes)}")


def check(source):
    archives = os.environ.get("HALCYON_BUILDPACK", "").split()
    if not archives or not all(map(os.path.isfile, archives)):
        raise Failure("HALCYON_BUILDPACK is not a file")
    if not os.path.isdir(source):
        raise Failure(f"no such directory: {source}")


def push(app, source, in_app_dir):
    check(source)
    build = Build(app, os.path.abspath(source), in_app_dir)
    try:
        build.run()
    except Failure as failure:
        warning(str(failure))
        raise Failure("Push rejected") from None
    finally:
        build.dyno.remove()


def ci_run(app, source):
    """Heroku CI builds in /app, with a cache of its own."""
    check(source)
    build = Build(app, os.path.abspath(source), True, f"{app.path}/ci-cache")
    try:
        return build.test()
    except Failure as failure:
        warning(str(failure))
        raise Failure("Test setup failed") from None
    finally:
        build.dyno.remove()
