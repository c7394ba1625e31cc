"""Dynos: builds run in one, and what `heroku run` and `heroku web` start."""
import ctypes
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from app import Failure, read, write

HERE = os.path.dirname(os.path.abspath(__file__))
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LANG = "C.UTF-8"

# What a dyno's shell does before the command that it gets as $0.
START = """for file in .profile.d/*.sh .profile; do
  if [ -f "$file" ]; then . "./$file"; fi
done
exec bash -c "$0"
"""


def random_uid():
    return random.randrange(10000, 60000)


def chown(uid, *paths):
    subprocess.run(["chown", "-R", f"{uid}:{uid}", *paths], check=True)


def image(stack, kind):
    environment = {**os.environ, "HALCYON_TEST_SUITE": stack}
    return subprocess.check_output([f"{HERE}/rootfs", kind], env=environment, text=True).strip()


class Dyno:
    """A directory that becomes /app and /tmp of one or several processes, and a user."""

    def __init__(self, app, name, kind):
        self.app, self.name, self.uid = app, name, random_uid()
        self.image = image(app.stack, kind)
        self.path = f"{app.path}/dynos/{name}"
        self.remove_remains()
        for part in ("app", "tmp"):
            os.makedirs(f"{self.path}/{part}")
            os.chmod(f"{self.path}/{part}", 0o1777)
        write(f"{self.path}/owner", str(os.getpid()))

    def remove_remains(self):
        """Of dynos whose simulator was killed."""
        for name in os.listdir(f"{self.app.path}/dynos"):
            path = f"{self.app.path}/dynos/{name}"
            if name == self.name or (name != "web.1" and os.path.exists(f"{path}/owner")
                                     and not os.path.exists(f"/proc/{read(path + '/owner')}")):
                shutil.rmtree(path)

    def start(self, environment, command, **popen):
        binds = os.environ.get("HEROKU_BIND", "").split()
        for bind in binds:
            outside, _, mode = bind.split(":")
            if mode == "rw":
                chown(self.uid, outside)
                subprocess.run(["chmod", "-R", "a+rwX", outside], check=True)
        arguments = [b"%s=%s" % (os.fsencode(name), os.fsencode(value)) for name, value in environment.items()]
        return subprocess.Popen([f"{HERE}/dyno", self.image, self.path, str(self.uid), *binds, "--",
                                 *arguments, *command], **popen)

    def unpack_slug(self, release):
        os.rmdir(f"{self.path}/app")
        subprocess.run(["tar", "-C", self.path, "--no-same-owner", "-xzf", f"{release}/slug.tar.gz"], check=True)
        chown(self.uid, f"{self.path}/app")

    def run_environment(self, **more):
        return {"HOME": "/app", "LANG": LANG, "PATH": PATH, "DYNO": self.name, **self.app.config(), **more}

    def remove(self):
        shutil.rmtree(self.path)


def die_with_parent():
    """A killed simulator leaves no dyno running."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def send(unshare_pid, number):
    """Signals the first process in the namespaces, which tells all others."""
    try:
        for child in read(f"/proc/{unshare_pid}/task/{unshare_pid}/children").split():
            os.kill(int(child), number)
    except (FileNotFoundError, ProcessLookupError):
        pass


def run(app, words):
    release, processes = app.release()
    dyno = Dyno(app, f"run.{random.randrange(1000, 10000)}", "run")
    dyno.unpack_slug(release)
    # One word is a shell's line, as `heroku run 'a | b'`; a process type stands for its command.
    command = words[0] if len(words) == 1 else shlex.join(words)
    if words[0] in processes:
        command = " ".join([processes[words[0]], *map(shlex.quote, words[1:])])
    process = dyno.start(dyno.run_environment(), ["bash", "-c", START, command], preexec_fn=die_with_parent)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: send(process.pid, number))
    status = process.wait()
    dyno.remove()
    return status if status >= 0 else 128 - status


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def web(app, port):
    web_stop(app)
    release, processes = app.release()
    if "web" not in processes:
        raise Failure(f"{app.name} has no web process")
    dyno = Dyno(app, "web.1", "run")
    dyno.unpack_slug(release)
    with open(f"{app.path}/log/web.log", "wb") as log:
        process = dyno.start(dyno.run_environment(PORT=str(port)), ["bash", "-c", START, processes["web"]],
                             stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    write(f"{app.path}/web.pid", str(process.pid))
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        if answers(port):
            print(process.pid)
            return
        time.sleep(0.1)
    web_stop(app)
    sys.stderr.write(read(f"{app.path}/log/web.log"))
    raise Failure("Web process failed to bind to $PORT within 60 seconds of launch" if process.returncode is None
                  else f"Process exited with status {process.returncode}")


def web_stop(app):
    try:
        pid = int(read(f"{app.path}/web.pid"))
    except FileNotFoundError:
        return
    dyno = f"{app.path}/dynos/web.1"

    def alive():
        try:
            return dyno in read(f"/proc/{pid}/cmdline") and " Z " not in read(f"/proc/{pid}/stat")
        except FileNotFoundError:
            return False

    end = time.monotonic() + 30
    if alive():
        send(pid, signal.SIGTERM)
    while alive() and time.monotonic() < end:
        time.sleep(0.05)
    if alive():
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(dyno, ignore_errors=True)
    os.remove(f"{app.path}/web.pid")
