"""An app as it is kept between commands: config vars, releases, the compile cache."""
import json
import os
import re
import shutil


class Failure(Exception):
    pass


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class App:
    def __init__(self, name):
        if not re.fullmatch(r"[a-z][a-z0-9-]{1,29}", name):
            raise Failure(f"not an app's name: {name}")
        self.name = name
        self.path = os.path.join(os.environ["HEROKU_STATE"], name)

    def opened(self):
        if not os.path.isdir(self.path):
            raise Failure(f"no such app: {self.name}")
        return self

    def create(self, stack):
        if os.path.exists(self.path):
            raise Failure(f"{self.name} is taken")
        for part in ("config", "dynos", "releases", "log"):
            os.makedirs(f"{self.path}/{part}")
        write(f"{self.path}/stack", stack)

    @property
    def stack(self):
        return read(f"{self.path}/stack")

    @property
    def cache(self):
        return f"{self.path}/cache"

    def config(self):
        """{name: value}, bytes as they were set."""
        vars = {}
        for name in sorted(os.listdir(f"{self.path}/config")):
            with open(f"{self.path}/config/{name}", "rb") as file:
                vars[name] = file.read()
        return vars

    def last_version(self):
        return max(map(int, os.listdir(f"{self.path}/releases")), default=0)

    def release(self):
        """The current release's directory and its process types."""
        version = self.last_version()
        if not version:
            raise Failure(f"{self.name} has no release yet")
        path = f"{self.path}/releases/{version}"
        return path, json.loads(read(f"{path}/processes.json"))

    def add_release(self, slug, processes):
        version = self.last_version() + 1
        new = f"{self.path}/new-release"
        shutil.rmtree(new, ignore_errors=True)
        os.mkdir(new)
        os.rename(slug, f"{new}/slug.tar.gz")
        write(f"{new}/processes.json", json.dumps(processes))
        os.rename(new, f"{self.path}/releases/{version}")
        return version
