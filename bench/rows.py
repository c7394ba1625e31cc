"""The rows of the table: each measures Halcyon beside what people would use instead, in turns."""
import json
import re
import statistics
import subprocess

import large_app
from bed import BUCKETS, HALCYON, RATE, STATE, TOP, TREE, remove, tell, timed, warm_memory


# By the end of an archive's name.
FLAGS = {"xz": "J", "gz": "z", "st": "-zstd"}
DECODERS = {"xz": "xz -T0 -dc", "gz": "gzip -dc", "st": "zstd -dc"}


class Row:
    """What a row has measured: the seconds of every contender, and its verdicts."""

    def __init__(self, name, title):
        self.name, self.title, self.seconds, self.peaks, self.goals, self.notes, self.spent = name, title, {}, {}, [], [], []

    def add(self, contender, seconds, peak=0):
        self.seconds.setdefault(contender, []).append(seconds)
        self.peaks[contender] = max(peak, self.peaks.get(contender, 0))

    def median(self, contender):
        return statistics.median(self.seconds[contender])

    def goal(self, text, value, limit, at_least=False):
        """A goal, what was measured, and whether it is met."""
        self.goals.append({"text": text, "value": value, "limit": limit, "at_least": at_least,
                           "met": value >= limit if at_least else value <= limit})

    def data(self):
        return {"name": self.name, "title": self.title, "goals": self.goals, "notes": self.notes, "spent": self.spent, "peaks": self.peaks,
                "seconds": {name: {"median": self.median(name), "all": all_} for name, all_ in self.seconds.items()}}


def take_turns(row, runs, contenders, is_large=True):
    """contenders: name -> (what comes before, not timed; the action, which returns a Result). Memory is prepared for what
    is large only: for a second it disturbs what is short."""
    for turn in range(runs):
        for name, (before, action) in contenders.items():
            before()
            if is_large:
                warm_memory()
            result = action()
            row.add(name, result.seconds, result.peak)
            if name == "halcyon":
                row.spent = where_time_went(result.log)
            tell(f"{row.name} {turn + 1}/{runs}: {name}: {result.seconds:.2f} s")


def where_time_went(log):
    """What a run says of itself at its end, and of its steps that took a second or more."""
    steps = re.findall(r"^ {7}(\S[^\n]*?)\.\.\. done, (?:[\d.]+ \w?B, )?([\d.]+) s", log, re.M)
    slow = [re.sub(r"(s3|http)://\S*/", "", step) + f" {took} s" for step, took in steps if float(took) >= 1]
    table = re.findall(r"^ {7}(\S.*?): {2,}(\S.*)$", log.partition("Where the time went")[2], re.M)
    return [f"{name} {value}" for name, value in table] + slow


def downloaded(log):
    """The keys that a run has fetched, by its log: a line that another one interrupts is printed again."""
    return list(dict.fromkeys(re.findall(r"Downloading s3://[^/]+/(\S+?)\.\.\.", log)))


def restore(bed, runs, row, archives):
    """GHC and Cabal from the bucket; the peers get the same objects."""
    deploy = bed.halcyon("deploy", no_app="1", archives=archives)
    bed.forget()
    keys = downloaded(timed(**deploy).log)
    row.notes.append("objects: " + ", ".join(key.split("/")[-1] for key in keys))
    target = bed.out / "peer"

    def clean():
        bed.forget()
        target.mkdir(parents=True)

    trees = bed.out.parent / "peer-trees"
    remove(trees)
    trees.mkdir()
    timed(["cp", "-a", bed.layers / "ghc", bed.layers / "cabal", trees])
    files = [bed.out.parent / "peer-archives" / key.split("/")[-1] for key in keys]
    files[0].parent.mkdir(exist_ok=True)
    objects = [f"s3://{BUCKETS[archives]}/{key}" for key in keys]
    for object_, file in zip(objects, files):
        timed(f"aws --endpoint-url {bed.s3_direct} s3 cp --only-show-errors {object_} {file}", bed.env)
    copy = "; ".join(f"{bed.aws(f's3 cp {object_} -')} | tar -x -{FLAGS[object_[-2:]]} -f - -C {target}" for object_ in objects)
    decode = "; ".join(f"{DECODERS[file.name[-2:]]} {file} >/dev/null" for file in files)
    contenders = {
        "halcyon": (bed.forget, lambda: timed(**deploy)),
        "aws, tar": (clean, lambda: timed(copy, bed.env)),
        "decode alone": (clean, lambda: timed(decode, bed.env)),
    }
    if archives == "zstd":
        contenders["cp -a"] = (clean, lambda: timed(["cp", "-a", trees, target]))
    take_turns(row, runs, contenders)
    remove(trees)
    return sum(file.stat().st_size for file in files)


def restore_xz(bed, runs):
    row = Row("restore-xz", "Restore GHC from S3, default format")
    restore(bed, runs, row, "default")
    row.goal("times as fast as aws s3 cp into tar", row.median("aws, tar") / row.median("halcyon"), 2, True)
    row.goal("of the decoder alone", row.median("halcyon") / row.median("decode alone"), 1.2)
    return row


def restore_zstd(bed, runs):
    row = Row("restore-zstd", "Restore GHC from S3, zstd")
    link = restore(bed, runs, row, "zstd") / RATE
    row.notes.append(f"the link takes {link:.2f} s for one connection")
    row.goal("times as fast as aws s3 cp of xz into tar", bed.results["restore-xz"]["seconds"]["aws, tar"]["median"] / row.median("halcyon"), 4, True)
    row.goal("of the larger of link and cp -a", row.median("halcyon") / max(link, row.median("cp -a")), 1.3)
    return row


def restore_cache(bed, runs):
    row = Row("restore-cache", "Restore all layers from a full compile cache, zstd")
    restored = bed.halcyon("restore", bed.app, archives="zstd")
    bed.forget()
    timed(**restored)
    copy = bed.out / "copy"
    trees = " ".join(str(bed.layers / name) for name in ("ghc", "cabal", "sandbox", "app"))

    def prepared():
        bed.lay_aside(copy)
        if not (bed.layers / "ghc").exists():
            timed(**restored)
        copy.mkdir(parents=True)

    take_turns(row, runs, {
        "halcyon": (lambda: bed.forget(cache=False), lambda: timed(**restored)),
        "cp -a": (prepared, lambda: timed(f"cp -a {trees} {copy}")),
    })
    row.goal("of cp -a", row.median("halcyon") / row.median("cp -a"), 1.2)
    return row


def restore_all(bed, runs, archives="default"):
    """Nothing but the bucket. Layers that do not need each other come at the same time."""
    row = Row("restore-all", "Restore all layers from S3")
    restored = bed.halcyon("restore", bed.app, archives=archives)
    bed.forget()
    size = sum(size_of(bed, archives, key) for key in downloaded(timed(**restored).log))
    take_turns(row, runs, {"halcyon": (bed.forget, lambda: timed(**restored))})
    row.notes.append(f"{size / 1e6:.0f} MB, for which the link takes {size / RATE:.2f} s with one connection")
    return row


def size_of(bed, archives, key):
    return (STATE / f"storage-{archives}" / key).stat().st_size


def archive(bed, runs, row, archives):
    """What a build spends on archiving and uploading GHC, by its own log; the peer does only that."""
    bucket = "bench-upload"
    client = [TOP / "test/bed/s3-client", bed.s3_direct]
    subprocess.run([*client, "make", bucket], check=True)
    # Layers that are there go into a bucket that has not got them.
    build = bed.halcyon("build", bed.app, s3_bucket=bucket, archives=archives)
    sizes = {}

    def prepared():
        subprocess.run([*client, "empty", bucket], check=True)
        if not (bed.layers / "app").exists():
            timed(**bed.halcyon("restore", bed.app))
        bed.lay_aside(bed.cache)

    def ours():
        result = timed(**build)
        # The upload begins with the first byte of the archive.
        line = re.search(r"Uploading \S*halcyon-ghc[^\n]* done, ([\d.]+) MB, ([^,\n]+)", result.log)
        sizes["halcyon"] = float(line[1]) * 1e6
        result.seconds = seconds(line[2])
        return result

    peer = f"tar cJf - -C {bed.layers} ghc | tee >(wc -c >{bed.out}.size) | {bed.aws(f's3 cp - s3://{bucket}/peer')}"
    contenders = {"halcyon": (prepared, ours)}
    if archives == "default":
        contenders["tar cJ, aws"] = (prepared, lambda: timed(peer, bed.env))
    take_turns(row, runs, contenders)
    row.notes.append(f"{sizes['halcyon'] / 1e6:.1f} MB")
    return sizes["halcyon"]


def archive_xz(bed, runs):
    row = Row("archive-xz", "Archive and upload GHC, default format")
    size = archive(bed, runs, row, "default")
    peer_size = float(open(f"{bed.out}.size").read())
    row.notes.append(f"the peer's: {peer_size / 1e6:.1f} MB")
    row.goal("times as fast as tar cJ into aws s3 cp", row.median("tar cJ, aws") / row.median("halcyon"), 1.8, True)
    row.goal("of the peer's size", size / peer_size, 1.05)
    return row


def archive_zstd(bed, runs):
    row = Row("archive-zstd", "Archive and upload GHC, zstd")
    size = archive(bed, runs, row, "zstd")
    xz = bed.results["archive-xz"]
    row.goal("times as fast as tar cJ into aws s3 cp", xz["seconds"]["tar cJ, aws"]["median"] / row.median("halcyon"), 10, True)
    row.goal("of the size in xz", size / 1e6 / float(xz["notes"][0].split()[0]), 1.2)
    return row


def extend(bed, runs):
    """The sandbox of the same app with one dependency more: all of the run but the app, whose time the log tells to a tenth
    of a second. Cabal's own time beside it, for the same packages into a store that has all others."""
    row = Row("extend", "Extend a sandbox of 94 packages by one")
    build = bed.halcyon("build", bed.more, archives="zstd", s3_bucket="bench-extend")
    bed.forget()
    client = [TOP / "test/bed/s3-client", bed.s3_direct]
    subprocess.run([*client, "make", "bench-extend"], check=True)
    storage = STATE / "storage-zstd"

    def before():
        subprocess.run([*client, "empty", "bench-extend"], check=True)
        timed(f"aws --endpoint-url {bed.s3_direct} s3 sync --only-show-errors --exclude done {storage} s3://bench-extend", bed.env)
        bed.forget()
        timed(**bed.halcyon("restore", bed.app, archives="zstd"))

    def ours():
        result = timed(**build)
        row.notes[:] = ["the step's own log: " + "; ".join(re.findall(r"^ {7}(sandbox \S+: .*|(?:Archiving|Uploading|Downloading) .*sandbox.*)$", result.log, re.M))]
        result.seconds -= seconds(re.search(r"app \S+: +built, ([^,\n]+)$", result.log, re.M)[1])
        return result

    cabal = (f'eval "$({HALCYON} paths)"; cd {bed.layers}/app/source && cp {bed.more}/*.cabal {bed.more}/cabal.project.freeze . && '
             f"rm -f {bed.app.name}.cabal && cabal build --offline --only-dependencies all")
    env = {**bed.env, "HALCYON_APP_DIR": str(bed.app_dir)}
    take_turns(row, runs, {
        "halcyon": (before, ours),
        "cabal build": (before, lambda: timed(cabal, env)),
    })
    row.goal("of cabal's own time", row.median("halcyon") / row.median("cabal build"), 1.1)
    return row


def seconds(text):
    """Of what format_duration writes."""
    found = re.fullmatch(r"(?:(\d+) min )?([\d.]+) s", text.strip())
    return int(found[1] or 0) * 60 + float(found[2])


def in_zstd(measure):
    """The same row with another format of the archives."""
    def measured(bed, runs):
        row = measure(bed, runs, "zstd")
        row.name, row.title = row.name + "-zstd", row.title + ", zstd"
        return row
    return measured


def push_unchanged(bed, runs, archives="default"):
    row = Row("push-unchanged", "Push, nothing changed")
    deploy = bed.halcyon("deploy", bed.app, archives=archives)
    bed.forget()
    timed(**deploy)
    timed(**deploy)
    keep = bed.out.parent / "installed"
    remove(keep)
    bed.out.rename(keep)
    before = len(bed.requests())
    bed.forget(cache=False)
    timed(**deploy)
    asked = bed.requests()[before:]
    row.notes.append("requests: " + (", ".join(request.split("?")[0] for request in asked) or "none"))

    take_turns(row, runs, {
        "halcyon": (lambda: bed.forget(cache=False), lambda: timed(**deploy)),
        "cp -a": (lambda: bed.forget(cache=False), lambda: timed(["cp", "-a", keep, bed.out])),
    }, is_large=False)
    row.goal("requests", len(asked), 1)
    row.goal("of cp -a of the installed app", row.median("halcyon") / row.median("cp -a"), 2)
    return row


def push_changed(bed, runs, archives="default"):
    count = iter(range(10**6))

    def change(source):
        module = next(path for path in sorted((source / "src").rglob("*.hs")))
        text = module.read_text().split("\n-- bench")[0]
        module.write_text(f"{text}\n-- bench\nbenchmarked :: Int\nbenchmarked = {next(count)}\n")

    row = Row("push-changed", "Push, one module changed, layers in the cache")
    push_change(bed, runs, row, bed.app, archives, change)
    bed.checkout()
    return row


def push_changed_large(bed, runs, archives="default"):
    count = iter(range(10**6))

    def change(source):
        large_app.write_shared(source, 0, f", more{next(count)} :: Maybe Int")

    row = Row("push-changed-large", "The same, an app of 50 modules, of which 5 import the one that changed")
    push_change(bed, runs, row, bed.large, archives, change)
    bed.checkout_large()
    return row


def push_change(bed, runs, row, app, archives, change):
    """`change` makes the next version of the source that it is given."""
    deploy = bed.halcyon("deploy", app, archives=archives, no_upload="1")
    restored = bed.halcyon("restore", app, archives=archives)
    bed.forget()
    timed(**deploy)
    bed.forget(cache=False)
    timed(**restored)

    def before_ours():
        bed.forget(cache=False)
        change(app)

    def before_cabal():
        bed.forget(cache=False)
        timed(**restored)
        timed(cabal, env)  # configures
        change(bed.layers / "app" / "source")

    cabal = f'eval "$({HALCYON} paths)"; cd {bed.layers}/app/source && cabal build --offline'
    env = {**bed.env, "HALCYON_APP_DIR": str(bed.app_dir)}
    take_turns(row, runs, {
        "halcyon": (before_ours, lambda: timed(**deploy)),
        "cabal build": (before_cabal, lambda: timed(cabal, env)),
    })
    row.goal("of cabal build alone", row.median("halcyon") / row.median("cabal build"), 1.15)


def match(bed, runs):
    """Ten thousand sandboxes; the micro-benchmark program puts them there and asks as a run does."""
    row = Row("match", "Match among 10,000 sandboxes in the bucket")
    bench = TREE / "bin" / "halcyon_bench"
    bucket = "bench-sandboxes"
    subprocess.run([TOP / "test/bed/s3-client", bed.s3_direct, "make", bucket], check=True)
    files = bed.out.parent / "sandboxes"
    remove(files)
    timed([bench, "sandboxes", files, "10000"])
    tell("uploading 10,000 sandboxes")
    timed([bench, "upload", files, bed.s3_direct, bucket])
    remove(files)
    for _ in range(runs):
        result = timed([bench, "match", bed.s3_direct, bucket])
        told = json.loads(result.log.splitlines()[-1])
        row.add("halcyon", told["seconds"], result.peak)
    row.goal("object requests", told["objects"], 8)
    row.goal("seconds on loopback", row.median("halcyon"), 1)
    row.notes.append(f"{told['pages']} listing pages; {told['reason']}")
    return row


def label(bed, runs):
    row = Row("label", "halcyon label")
    many = 100
    for _ in range(runs):
        result = timed(f"for i in $(seq {many}); do {HALCYON} label {bed.app} >/dev/null; done", bed.env)
        row.add("halcyon", result.seconds / many, 0)
        row.add("true", timed(f"for i in $(seq {many}); do /bin/true; done", bed.env).seconds / many)
    row.goal("ms, start to end", row.median("halcyon") * 1000, 5)
    return row


ROWS = {"restore-xz": restore_xz, "restore-zstd": restore_zstd, "restore-cache": restore_cache,
        "restore-all": restore_all, "restore-all-zstd": in_zstd(restore_all), "archive-xz": archive_xz,
        "archive-zstd": archive_zstd, "push-unchanged": push_unchanged, "push-unchanged-zstd": in_zstd(push_unchanged),
        "push-changed": push_changed, "push-changed-zstd": in_zstd(push_changed),
        "push-changed-large": push_changed_large, "push-changed-large-zstd": in_zstd(push_changed_large), "extend": extend,
        "match": match, "label": label}
